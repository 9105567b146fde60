/**
 * The whole work on two readings, from what the servers sent to the table: for a worker thread of the editor, for the command
 * line, for tests. Texts are parsed once; what is known of them outlives the readings.
 */
import type { ViewError } from '../shared/plan-diff';
import { type Side, sides } from '../shared/side';
import type { StatementDetails, StatementsView } from '../shared/statements';
import type { SqlParser } from '../sql/parser';
import { analyzeText, type TextAnalysis } from './analysis';
import { type Compared, compareStatements } from './compare';
import { detailsOf } from './details';
import { noUserMatches, type UserMatches } from './match';
import type { Reading } from './reading';
import type { Entry } from './row';
import { FoldedSide, type SideReading } from './side';
import { TextMemory } from './text-memory';

export interface SideInput {
  label: string;
  /** A VS Code theme colour id. */
  color: string;
  read?: SideReading | undefined;
  error?: ViewError | undefined;
}

/** More texts than any two servers keep by default, twenty workers' shards folded. */
const rememberedTexts = 100_000;

export class StatementsEngine {
  #migration = '';
  #inputs: Record<Side, SideInput> | undefined;
  #folded: Record<Side, FoldedSide | undefined> = { source: undefined, target: undefined };
  #user: UserMatches = noUserMatches;
  #compared: Compared | undefined;
  readonly #memory = new TextMemory();

  constructor(
    private readonly parser: SqlParser,
    /** By canonical text; grows. */
    private readonly analyses: Map<string, TextAnalysis> = new Map(),
  ) {}

  load(migration: string, inputs: Record<Side, SideInput>, user: UserMatches = noUserMatches): StatementsView {
    this.#migration = migration;
    this.#inputs = inputs;
    this.#user = user;
    for (const side of sides) {
      const { read } = inputs[side];
      this.#folded[side] = read && new FoldedSide(read, this.#memory);
    }
    this.#analyze();
    return this.#compare();
  }

  /** The same readings, with what the user decided meanwhile. */
  rematch(user: UserMatches): StatementsView {
    this.#user = user;
    return this.#compare();
  }

  get view(): StatementsView | undefined {
    return this.#compared?.view;
  }

  /** @throws Error when the row is not there (any more). */
  details(id: string): StatementDetails {
    const row = this.view?.rows.find(each => each.id === id);
    return detailsOf(this.entry(id), row!, this.#folded);
  }

  entry(id: string): Entry {
    const entry = this.#compared?.entries.get(id);
    if (!entry) throw new Error('This statement is not among those shown any more.');
    return entry;
  }

  /** Ids of the rows whose text holds all the words, in any case. */
  search(text: string): string[] {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const holds = (sql: string | undefined) => {
      if (sql === undefined) return false;
      const lower = sql.toLowerCase();
      return words.every(word => lower.includes(word));
    };
    return [...(this.#compared?.entries.values() ?? [])]
      .filter(({ source, target }) => holds(source?.statement.sql) || holds(target?.statement.sql))
      .map(({ id }) => id);
  }

  #analyze(): void {
    const wanted = new Set(sides.flatMap(side => [...(this.#folded[side]?.canonicalTexts() ?? [])]));
    // Of what is needed now nothing is forgotten.
    if (this.analyses.size + wanted.size > rememberedTexts)
      for (const text of this.analyses.keys()) if (!wanted.has(text)) this.analyses.delete(text);
    for (const text of wanted) if (!this.analyses.has(text)) this.analyses.set(text, analyzeText(this.parser, text));
  }

  #compare(): StatementsView {
    const compared = (side: Side) => {
      const { label, color, read, error = read && errorOfSilent(read.reading) } = this.#inputs![side];
      const folded = this.#folded[side];
      return { about: { label, color }, ...(folded ? { side: folded } : {}), ...(error ? { error } : {}) };
    };
    const both = { source: compared('source'), target: compared('target') };
    this.#compared = compareStatements(this.#migration, both, this.analyses, this.parser, this.#user, this.#memory);
    return this.#compared.view;
  }
}

/** Where no node told anything, nothing was compared: and that must be seen. */
function errorOfSilent({ nodes }: Reading): ViewError | undefined {
  if (nodes.some(({ answer }) => answer !== undefined)) return undefined;
  const { text = 'pg_stat_statements could not be read.', remedy } = nodes[0]?.problem ?? {};
  return { reason: 'statistics', message: text, ...(remedy === undefined ? {} : { next: remedy }) };
}
