/** One side of a comparison: a reading, or the window between two, as statements. */
import type { StatementsNote, StatementsWindow } from '../shared/statements';
import type { Analyses } from './analysis';
import { recordsOf, rowsBetween } from './delta';
import { Folder, type SideStatement, statementsOf } from './fold';
import { SideNames } from './names';
import { readingNotes } from './notes';
import { type Reading, readHeader } from './reading';
import type { StatementRecord } from './rows';
import type { TextMemory } from './text-memory';
import { windowOf } from './window';

export interface SideReading {
  reading: Reading;
  /** Where the window begins; absent: at the last reset. */
  base?: Reading | undefined;
  /** `live`, or the snapshot's name. */
  origin: string;
}

type Note = Omit<StatementsNote, 'side'>;

/** A side whose rows are folded, and whose statements wait for their analyses. */
export class FoldedSide {
  readonly reading: Reading;
  readonly window: StatementsWindow;
  readonly notes: Note[];
  readonly names: SideNames;
  readonly #folder: Folder;
  #statements: SideStatement[] | undefined;

  constructor({ reading, base, origin }: SideReading, memory?: TextMemory) {
    this.reading = reading;
    this.names = new SideNames(reading.names);
    this.#folder = new Folder(this.names, reading.database, memory);
    this.notes = readingNotes(reading);
    if (base && base.address !== reading.address)
      this.notes.push({
        tone: 'warning',
        text: `The earlier reading is of ${base.address}, this one of ${reading.address}: unless the two are one cluster, the figures between them mean nothing.`,
      });
    let resetAt: string | undefined;
    for (const node of reading.nodes) {
      if (node.answer === undefined) continue;
      let rows: StatementRecord[];
      if (base) {
        const delta = rowsBetween(
          base.nodes.find(each => each.node === node.node),
          node,
        );
        rows = delta.rows;
        this.notes.push(...delta.notes.map(note => ({ ...note, node: node.node })));
        if (delta.resetAt !== undefined && (resetAt === undefined || delta.resetAt > resetAt)) resetAt = delta.resetAt;
      } else rows = recordsOf(node);
      for (const row of rows) this.#folder.add(row, node);
    }
    this.window = windowOfReading(origin, reading, base, resetAt);
  }

  /** Every text that has to be analysed before {@link statements}. */
  canonicalTexts(): Set<string> {
    const texts = new Set<string>();
    for (const { canonical } of this.#folder.groups.values()) texts.add(canonical);
    return texts;
  }

  /** Put together once: it needs every text's analysis. */
  statements(analyses: Analyses): readonly SideStatement[] {
    if (!this.#statements) {
      this.#statements = statementsOf(this.#folder, analyses, this.names);
      addCitus(this.#statements, this.reading);
    }
    return this.#statements;
  }
}

function windowOfReading(
  origin: string,
  reading: Reading,
  base: Reading | undefined,
  resetAt: string | undefined,
): StatementsWindow {
  if (base)
    return resetAt === undefined
      ? windowOf(origin, reading.at, base.at, 'between two readings')
      : windowOf(origin, reading.at, resetAt, 'since a reset between the two readings');
  const [first] = reading.nodes;
  const since = first?.answer === undefined ? null : readHeader(first.answer).header.resetAt;
  return windowOf(origin, reading.at, since ?? undefined, 'since reset');
}

/** citus_query_stats() names statements by query id, role and database. */
function addCitus(statements: readonly SideStatement[], { citusStatements, database }: Reading): void {
  if (!citusStatements) return;
  const found = new Map<string, { executors: Set<string>; partitionKeys: Set<string> }>();
  for (const line of citusStatements.split('\n')) {
    const [queryId, user, inDatabase, executor, partitionKey] = line.split('\t');
    if (executor === undefined || JSON.parse(inDatabase!) !== database) continue;
    const key = `${queryId}\0${JSON.parse(user!)}`;
    const entry = found.get(key) ?? { executors: new Set(), partitionKeys: new Set() };
    entry.executors.add(executor);
    if (partitionKey) entry.partitionKeys.add(partitionKey);
    found.set(key, entry);
  }
  for (const statement of statements) {
    for (const queryId of statement.queryIds) {
      const entry = statement.database === '' ? found.get(`${queryId}\0${statement.user}`) : undefined;
      if (!entry) continue;
      statement.citus ??= { executors: [], partitionKeys: 0 };
      statement.citus.executors = [...new Set([...statement.citus.executors, ...entry.executors])];
      statement.citus.partitionKeys += entry.partitionKeys.size;
    }
  }
}
