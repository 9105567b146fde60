/**
 * Which entries of the two sides are the same statement. The query id is no key: it hashes object ids, which differ between
 * clusters. A pair that is made without asking is certain: the same canonical text, or the same parse tree. What merely looks
 * alike is proposed, and counts for nothing until the user confirms it.
 */
import type { MatchMethod } from '../shared/statements';
import type { SqlParser } from '../sql/parser';
import type { Analyses } from './analysis';
import type { SideStatement } from './fold';
import { tokenSimilarity } from './similarity';

export interface StatementPair {
  source: SideStatement;
  target: SideStatement;
  match: MatchMethod;
}

export interface Matching {
  pairs: StatementPair[];
  onlySource: SideStatement[];
  onlyTarget: SideStatement[];
}

/** What the user decided, by statement ids; kept in the workspace. */
export interface UserMatches {
  pinned: readonly (readonly [source: string, target: string])[];
  split: readonly (readonly [source: string, target: string])[];
}

export const noUserMatches: UserMatches = { pinned: [], split: [] };

/** Cut texts that are alike to this degree (shared pairs of neighbouring tokens over all) are proposed. */
const similarEnough = 0.85;

type Key = (statement: SideStatement) => string | undefined;

export function matchStatements(
  source: readonly SideStatement[],
  target: readonly SideStatement[],
  analyses: Analyses,
  parser: Pick<SqlParser, 'fingerprint'>,
  { pinned, split }: UserMatches = noUserMatches,
): Matching {
  const matcher = new Matcher(source, target, split);
  matcher.pin(pinned);
  const place = ({ database, scope }: SideStatement) => `${database}\0${scope}`;
  const certain = (statement: SideStatement) => !statement.truncated;
  matcher.pair('exact', each => certain(each) && `${place(each)}\0${each.user}\0${each.textKey}`);
  matcher.pair('exactOtherRole', each => certain(each) && `${place(each)}\0${each.textKey}`);
  matcher.pair('tree', each => {
    const tree = analyses.get(each.canonical)?.tree;
    return certain(each) && tree !== undefined && `${place(each)}\0${each.user}\0${tree}`;
  });
  // Both sides by the same parser: fingerprints of different versions do not compare.
  matcher.pair('fingerprint', each => {
    const fingerprint = certain(each) ? parser.fingerprint(each.canonical) : undefined;
    return fingerprint !== undefined && `${place(each)}\0${each.user}\0${fingerprint}`;
  });
  matcher.pairSimilar();
  return matcher.result();
}

class Matcher {
  readonly #pairs: StatementPair[] = [];
  readonly #source: Map<string, SideStatement>;
  readonly #target: Map<string, SideStatement>;
  readonly #split: Set<string>;

  constructor(source: readonly SideStatement[], target: readonly SideStatement[], split: UserMatches['split']) {
    this.#source = new Map(source.map(statement => [statement.id, statement]));
    this.#target = new Map(target.map(statement => [statement.id, statement]));
    this.#split = new Set(split.map(ids => ids.join()));
  }

  pin(pinned: UserMatches['pinned']): void {
    for (const [sourceId, targetId] of pinned) {
      const [source, target] = [this.#source.get(sourceId), this.#target.get(targetId)];
      if (source && target) this.#take(source, target, 'pinned');
    }
  }

  /** Pairs what has the same key, where nothing else on its side has it: of several nobody knows which is which. */
  pair(match: MatchMethod, keyOf: (statement: SideStatement) => string | false): void {
    const key: Key = statement => keyOf(statement) || undefined;
    const targets = unique(this.#target.values(), key);
    for (const [found, source] of unique(this.#source.values(), key)) {
      const target = targets.get(found);
      if (target && !this.#split.has(`${source.id},${target.id}`)) this.#take(source, target, match);
    }
  }

  /** A text that was cut off, with what begins like it: the likest of each other. */
  pairSimilar(): void {
    const [sources, targets] = [[...this.#source.values()], [...this.#target.values()]];
    const candidates: { source: SideStatement; target: SideStatement; likeness: number }[] = [];
    for (const source of sources) {
      for (const target of targets) {
        if (!source.truncated && !target.truncated) continue;
        if (source.database !== target.database || source.scope !== target.scope) continue;
        if (this.#split.has(`${source.id},${target.id}`)) continue;
        const likeness = tokenSimilarity(source.canonical, target.canonical);
        if (likeness >= similarEnough) candidates.push({ source, target, likeness });
      }
    }
    candidates.sort((a, b) => b.likeness - a.likeness);
    for (const { source, target } of candidates) {
      if (this.#source.has(source.id) && this.#target.has(target.id)) this.#take(source, target, 'similar');
    }
  }

  result(): Matching {
    return {
      pairs: this.#pairs,
      onlySource: [...this.#source.values()],
      onlyTarget: [...this.#target.values()],
    };
  }

  #take(source: SideStatement, target: SideStatement, match: MatchMethod): void {
    this.#pairs.push({ source, target, match });
    this.#source.delete(source.id);
    this.#target.delete(target.id);
  }
}

function unique(statements: Iterable<SideStatement>, keyOf: Key): Map<string, SideStatement> {
  const found = new Map<string, SideStatement>();
  const shared = new Set<string>();
  for (const statement of statements) {
    const key = keyOf(statement);
    if (key === undefined) continue;
    if (found.has(key)) shared.add(key);
    found.set(key, statement);
  }
  for (const key of shared) found.delete(key);
  return found;
}
