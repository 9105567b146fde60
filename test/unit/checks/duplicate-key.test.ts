import { describe, expect, test } from 'vitest';
import type { CheckJudgement } from '../../../src/checks/check';
import { parseDuplicateKeyError } from '../../../src/checks/duplicate-key/error-text';
import { type DuplicateKeyEvidence, rankHypotheses } from '../../../src/checks/duplicate-key/hypotheses';
import type { OrderedIndex } from '../../../src/checks/duplicate-key/indexes-sql';
import { isCorruption } from '../../../src/checks/duplicate-key/proof-sql';
import { groupOfValue, rangesBehind } from '../../../src/checks/duplicate-key/ranges-sql';
import { repairScript } from '../../../src/checks/duplicate-key/script';
import { findIndexes } from '../../../src/checks/duplicate-key/suspects';
import type { Locale } from '../../../src/checks/locale/locale';

describe('the text of the error', () => {
  test.each([
    [
      'ERROR:  duplicate key value violates unique constraint "events_pkey_102010"\nDETAIL:  Key (tenant_id, id)=(1, 281474976710657) already exists.\nCONTEXT:  while executing command on w:5432',
      {
        index: 'events_pkey_102010',
        key: [
          { column: 'tenant_id', value: '1' },
          { column: 'id', value: '281474976710657' },
        ],
        building: false,
      },
    ],
    [
      'could not create unique index "t_a"\nDETAIL: Key (a)=(x, (y)) is duplicated.',
      { index: 't_a', key: [{ column: 'a', value: 'x, (y)' }], building: true },
    ],
    [
      'FEHLER: doppelter Schlüsselwert verletzt Unique-Constraint »t_pkey«\nDETAIL: Schlüssel »(id)=(5)« existiert bereits.',
      { index: 't_pkey', key: [], building: false },
    ],
    [
      'la valeur d’une clé dupliquée rompt la contrainte unique « t_pkey »',
      { index: 't_pkey', key: [], building: false },
    ],
    ['duplicate key', undefined],
  ])('%s', (text, parsed) => {
    expect(parseDuplicateKeyError(text)).toEqual(parsed);
  });

  test('an endless text is read in bounded time', () => {
    expect(parseDuplicateKeyError(`${'"'.repeat(50_000)}${' ('.repeat(1e6)}`)).toBeUndefined();
  });
});

const index = (changes: Partial<OrderedIndex> = {}): OrderedIndex => ({
  schema: 'public',
  table: 't',
  index: 't_pkey',
  shard: null,
  logicalTable: 't',
  method: 'btree',
  unique: true,
  valid: true,
  named: false,
  bytes: 8192,
  keys: ['a'],
  predicate: null,
  plain: true,
  nullsDistinct: true,
  exclusion: false,
  collations: [
    { schema: 'pg_catalog', name: 'default', provider: 'c', recorded: '2.36', actual: '2.36', stale: false },
  ],
  ...changes,
});
const foundOf = (...indexes: OrderedIndex[]) =>
  findIndexes(
    [],
    [
      {
        node: 'n:1',
        role: 'coordinator',
        versionNum: 150_000,
        answer: { indexes, more: 0, amcheck: null, partitioned: [] },
      },
    ],
  );
const locale = (changes: Partial<Locale>): Locale => ({
  database: 'app',
  encoding: 'UTF8',
  collate: 'en_US.UTF-8',
  ctype: 'en_US.UTF-8',
  provider: 'c',
  locale: null,
  rules: null,
  recorded: '2.36',
  actual: '2.36',
  libc: '2.36',
  system: '1',
  stale: [],
  ...changes,
});
const passing: CheckJudgement = {
  verdict: 'pass',
  summary: 'all past',
  details: [],
  differences: [],
  unknown: [],
  remedies: [],
};
const ranked = (changes: Partial<DuplicateKeyEvidence>) =>
  rankHypotheses({
    error: undefined,
    found: foundOf(index()),
    locales: [{ node: 'n:1', answer: locale({}) }],
    otherLocale: locale({ system: '2' }),
    sequences: passing,
    ranges: undefined,
    partitioned: [],
    isWhole: true,
    ...changes,
  });
const order = (changes: Partial<DuplicateKeyEvidence>) => ranked(changes).find(({ cause }) => cause === 'order')!;

describe('the rivals', () => {
  test('a physical copy under another libc, though somebody refreshed the versions', () => {
    const copied = order({ otherLocale: locale({ actual: '2.26' }) });
    expect(copied).toMatchObject({ standing: 'likely', confidence: 'derived' });
    expect(copied.evidence.join(' ')).toContain('somebody refreshed them');
    expect(order({})).toMatchObject({ standing: 'unlikely', confidence: 'derived' });
  });

  test('a database that musl made has no version to compare: suspected only', () => {
    const [made] = index().collations;
    const found = foundOf(index({ collations: [{ ...made!, recorded: null, stale: true }] }));
    expect(order({ found })).toMatchObject({ standing: 'likely', confidence: 'suspected' });
  });

  test('the named index does not sort by a collation, or a node is silent', () => {
    const found = foundOf(index({ named: true, collations: [] }), index());
    expect(order({ found })).toMatchObject({ standing: 'unlikely', confidence: 'observed' });
    expect(order({ isWhole: false })).toMatchObject({ standing: 'unknown' });
  });

  test("a value in a worker's range without its sequence is suspected", () => {
    const error = { index: 'x', key: [{ column: 'id', value: '281474976710657' }], building: false };
    expect(ranked({ error, ranges: { behind: [], unread: 0 } })[0]).toMatchObject({
      cause: 'range',
      confidence: 'suspected',
    });
    expect(groupOfValue('281474976710657')).toBe(1);
    expect([groupOfValue('281474976710655'), groupOfValue('x'), groupOfValue('1'.repeat(400))]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('a sequence is compared with the furthest value over all nodes', () => {
    const furthest = [{ table: 's.t', column: 'id', group: 3, value: '844424930131999' }];
    const sequences = [{ sequence: 's.q', table: 's.t', column: 'id', last: '844424930131970' }];
    const nodes = [
      { node: 'a', answer: { group: 2, sequences, furthest, unread: 0 } },
      { node: 'b', answer: { group: 3, sequences, furthest: [], unread: 0 } },
    ];
    expect(rangesBehind(nodes).map(({ node }) => node)).toEqual(['b']);
  });
});

describe('the script', () => {
  const broken = (changes: Partial<OrderedIndex>) => {
    const [found] = foundOf(index(changes));
    found!.suspect.state = 'corrupt';
    return found!;
  };

  test('removes duplicates, rebuilds, and refreshes at last; nothing where nothing is broken', () => {
    const script = repairScript('n:1', [broken({})], ['ALTER DATABASE "app" REFRESH COLLATION VERSION;'], 0)!;
    const places = ['DELETE FROM', 'REINDEX INDEX CONCURRENTLY', 'REFRESH COLLATION'].map(word => script.indexOf(word));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(0);
    expect(repairScript('n:1', foundOf(index()), [], 0)).toBeUndefined();
  });

  test('records no version while indexes are left that it does not list', () => {
    expect(repairScript('n:1', [broken({})], ['ALTER DATABASE "app" REFRESH COLLATION VERSION;'], 9)).not.toContain(
      'ALTER',
    );
  });

  test('no name leaves its quotes or its comment', () => {
    const script = repairScript('n:1', [broken({ index: 'a"\nDROP TABLE x; --', table: 't"; DROP' })], [], 0)!;
    expect(script.split('\n').filter(line => /^DROP/.test(line))).toEqual([
      'DROP TABLE x; --_removed" AS SELECT * FROM "public"."t""; DROP" WHERE ctid IN (',
      'DROP TABLE x; --";',
    ]);
    expect(script).toContain('"a""\nDROP TABLE x; --"');
  });

  test('a partial index keeps to its predicate; NULLS NOT DISTINCT counts nulls', () => {
    expect(repairScript('n:1', [broken({ predicate: '(n > 0)' })], [], 0)).toContain(
      'WHERE (a) IS NOT NULL AND ((n > 0))',
    );
    expect(repairScript('n:1', [broken({ nullsDistinct: false })], [], 0)).not.toContain('IS NOT NULL');
    expect(repairScript('n:1', [broken({ exclusion: true })], [], 0)).toContain('REINDEX INDEX "');
  });
});

test('what amcheck says of a broken index is told from why it could not look', () => {
  const says = (message: string, sqlstate?: string) =>
    isCorruption({ kind: 'failed', message, ...(sqlstate && { sqlstate }) }, 'i_1');
  expect(says('item order invariant violated for index "i_1"', 'XX002')).toBe(true);
  expect(says('ERROR:  high key invariant violated for index "i_1"')).toBe(true);
  expect(says('ERROR:  heap tuple (0,1) from table "t" lacks matching index tuple within index "i_1"')).toBe(true);
  expect(says('ERROR:  invalid page in block 3 of relation base/5/16000')).toBe(true);
  expect(says('There was no answer within 60 s.', '57014')).toBe(false);
  expect(says('ERROR:  permission denied for function bt_index_check')).toBe(false);
  expect(says('ERROR:  canceling statement due to lock timeout')).toBe(false);
});
