/**
 * Pairs of texts that real servers kept, labelled by which statement was run: equal ones in other spellings and from other
 * versions, look-alikes of the same family, and different ones. What is paired without asking must be right, always.
 */
import { expect, it } from 'vitest';
import { isProposed, type MatchMethod } from '../../../src/shared/statements';
import { matchStatements } from '../../../src/statements/match';
import { analyses, parser, type RecordedServer, type RecordedText, servers, statementsOfTexts } from './recorded-texts';

interface LabelledPair {
  kind: 'equal' | 'look-alike' | 'different';
  source: RecordedText;
  target: RecordedText;
  servers: readonly [RecordedServer, RecordedServer];
}

const clientTexts = ({ texts }: RecordedServer) => texts.filter(([, , worker]) => worker === 0);
const familyOf = (label: string) => label.split('.')[0]!;

/** Statements of which a server keeps one text are one to everybody: a constant against NULL, on 18 also SET x = on and off. */
const merged = new Map<string, string>();
for (const server of servers) {
  const first = new Map<string, string>();
  for (const [label, , , sql] of clientTexts(server)) {
    const known = first.get(sql);
    if (known === undefined) first.set(sql, label);
    else if (known !== label) merged.set(label, merged.get(known) ?? known);
  }
}
const same = (a: string, b: string) => (merged.get(a) ?? a) === (merged.get(b) ?? b);

function labelledPairs(): LabelledPair[] {
  const pairs: LabelledPair[] = [];
  const byName = (name: string) => servers.find(each => each.name.startsWith(name))!;
  for (const [from, to] of [
    ['postgres 15', 'postgres 18'],
    ['postgres 15', 'postgres 17'],
    ['citus 11', 'citus 13'],
    ['postgres 15', 'citus 13'],
  ] as const) {
    const both = [byName(from), byName(to)] as const;
    const base = clientTexts(both[0]).filter(([, variant]) => variant === 'base');
    const target = clientTexts(both[1]);
    const bases = target.filter(([, variant]) => variant === 'base');
    for (const source of base) {
      const add = (kind: LabelledPair['kind'], other: RecordedText) =>
        pairs.push({ kind, source, target: other, servers: both });
      for (const other of target) if (other[0] === source[0]) add('equal', other);
      for (const [i, other] of bases.entries()) {
        if (same(other[0], source[0])) continue;
        if (familyOf(other[0]) === familyOf(source[0])) add('look-alike', other);
        else if (i % 7 === 0) add('different', other);
      }
    }
  }
  return pairs;
}

/** The two alone: where the true partner is absent, a wrong one is most tempting. */
function matchOf({ source, target, servers: [from, to] }: LabelledPair): MatchMethod | 'none' {
  const [one] = statementsOfTexts(from, [source]);
  const [other] = statementsOfTexts(to, [target]);
  return matchStatements([one!], [other!], analyses, parser).pairs[0]?.match ?? 'none';
}

const judged = labelledPairs().map(pair => ({ ...pair, match: matchOf(pair) }));
const of = (kind: LabelledPair['kind']) => judged.filter(pair => pair.kind === kind);
const isAutomatic = ({ match }: { match: MatchMethod | 'none' }) => match !== 'none' && !isProposed(match);

it('is a set of every kind, of more than 300 pairs', () => {
  expect(judged.length).toBeGreaterThan(300);
  for (const kind of ['equal', 'look-alike', 'different'] as const) expect(of(kind).length).toBeGreaterThan(100);
});

it('pairs without asking what is equal, and nothing else: precision 1', () => {
  const wrong = judged.filter(pair => pair.kind !== 'equal' && isAutomatic(pair));
  expect(wrong.map(({ source, target, match }) => [match, source[3], target[3]])).toEqual([]);
});

it('finds nearly all that is equal', () => {
  const equal = of('equal');
  const found = equal.filter(isAutomatic);
  const count = (match: string) => judged.filter(pair => pair.match === match);
  const proposals = judged.filter(({ match }) => match !== 'none' && isProposed(match));
  const right = proposals.filter(({ kind }) => kind === 'equal');
  console.log(
    `${judged.length} pairs: ${equal.length} equal, ${of('look-alike').length} look-alike, ${of('different').length} different; ` +
      `precision 1, recall ${(found.length / equal.length).toFixed(4)} (exact ${count('exact').length}, tree ${count('tree').length}); ` +
      `proposed ${proposals.length}, of which equal ${right.length}`,
  );
  expect(found.length / equal.length).toBeGreaterThan(0.95);
});

it('keeps look-alikes apart also when all are there at once', () => {
  for (const [from, to] of [
    [servers[0]!, servers[2]!],
    [servers[3]!, servers[4]!],
  ] as const) {
    const base = (server: RecordedServer) => clientTexts(server).filter(([, variant]) => variant === 'base');
    const { pairs } = matchStatements(
      statementsOfTexts(from, base(from)),
      statementsOfTexts(to, base(to)),
      analyses,
      parser,
    );
    const wrong = pairs.filter(
      ({ source, target, match }) =>
        !isProposed(match) && !source.queryIds.some(one => target.queryIds.some(other => same(one, other))),
    );
    expect(wrong.map(({ source, target }) => [source.sql, target.sql])).toEqual([]);
    expect(pairs.length).toBeGreaterThan(150);
  }
});

it.each(servers.filter(({ name }) => name.startsWith('citus')))(
  'gives tasks to the statement they belong to: $name',
  server => {
    const base = server.texts.filter(([, variant]) => variant === 'base');
    const statements = statementsOfTexts(server, base);
    const adopted = statements.filter(({ tasks }) => tasks);
    const left = statements.filter(({ scope }) => scope === 'tasks');
    // Workers are named by the label of the statement that was run: whose task it is.
    const strangers = adopted.flatMap(({ queryIds, nodes }) =>
      nodes
        .filter(({ as, node }) => as === 'tasks' && !queryIds.some(label => same(label, node)))
        .map(({ node }) => `${queryIds}←${node}`),
    );
    console.log(
      `${server.name}: ${adopted.length} statements have tasks, ${left.length} tasks belong to none; strangers: ${strangers}`,
    );
    expect(adopted.length).toBeGreaterThan(90);
    // Citus sends the same text for these: LIMIT with and without OFFSET, columns in another order. No text tells them apart.
    expect(strangers.length).toBeLessThanOrEqual(8);
  },
);
