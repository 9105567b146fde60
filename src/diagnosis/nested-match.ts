/** Lines the statements of both sides up: those in the same place of the call that say the same. */
import type { SqlParser } from '../sql/parser';
import { baseName, type FoundStatement, spaceless } from './nested-side';

export interface MatchedStatement {
  source?: FoundStatement;
  target?: FoundStatement;
  /** Index of the one around it; -1 directly below the call. */
  parent: number;
}

/**
 * In the order of the side that is given first; what only the other has follows those it stands beside. `keepSecond` false
 * leaves out what only the second has: on a side where nothing ran the source also has branches that were not taken.
 */
export function matchNested(
  parser: SqlParser,
  first: readonly FoundStatement[],
  second: readonly FoundStatement[],
  keepSecond: boolean,
): { first?: FoundStatement; second?: FoundStatement; parent: number }[] {
  const children = [childrenOf(first), childrenOf(second)] as const;
  const matched: { first?: FoundStatement; second?: FoundStatement; parent: number }[] = [];
  const open: { a: number | undefined; b: number | undefined; parent: number }[] = [{ a: -1, b: -1, parent: -1 }];
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    const { a, b, parent } = item;
    let at = parent;
    if (a !== -1 || b !== -1) {
      const entry: (typeof matched)[number] = { parent };
      if (a !== undefined) entry.first = first[a]!;
      if (b !== undefined) entry.second = second[b]!;
      at = matched.push(entry) - 1;
    }
    const ofFirst = a === undefined ? [] : (children[0].get(a) ?? []);
    const ofSecond = b === undefined ? [] : (children[1].get(b) ?? []);
    const partners = pairUp(
      parser,
      ofFirst.map(index => first[index]!),
      ofSecond.map(index => second[index]!),
    );
    const taken = new Set(partners.filter(partner => partner >= 0));
    const next = ofFirst.map((index, n) => ({
      a: index as number | undefined,
      b: partners[n]! < 0 ? undefined : ofSecond[partners[n]!],
      parent: at,
    }));
    if (keepSecond)
      for (const [n, index] of ofSecond.entries()) if (!taken.has(n)) next.push({ a: undefined, b: index, parent: at });
    open.push(...next.reverse());
  }
  return matched;
}

function childrenOf(statements: readonly FoundStatement[]): Map<number, number[]> {
  const children = new Map<number, number[]>();
  statements.forEach(({ parent }, index) => {
    const list = children.get(parent) ?? [];
    list.push(index);
    children.set(parent, list);
  });
  return children;
}

/** For each of `a` its partner in `b`, or -1: the same text, then the same but for constants, then the same line of EXECUTE. */
function pairUp(parser: SqlParser, a: readonly FoundStatement[], b: readonly FoundStatement[]): number[] {
  const partners = a.map(() => -1);
  const free = new Set(b.keys());
  const passes: ((statement: FoundStatement) => string | undefined)[] = [
    ({ sql, routine, line }) => `${baseName(routine)}:${line}:${spaceless(sql)}`,
    ({ sql }) => spaceless(sql),
    ({ sql }) => parser.fingerprint(sql),
    ({ source }) => (source?.kind === 'dynamic' ? `${baseName(source.routine)}:${source.line}` : undefined),
  ];
  for (const keyOf of passes) {
    a.forEach((statement, n) => {
      const key = partners[n] === -1 ? keyOf(statement) : undefined;
      if (key === undefined) return;
      const partner = [...free].find(index => keyOf(b[index]!) === key);
      if (partner === undefined) return;
      partners[n] = partner;
      free.delete(partner);
    });
  }
  return partners;
}
