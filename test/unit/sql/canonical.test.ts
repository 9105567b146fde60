import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { canonicalText, type NameContext } from '../../../src/sql/canonical';
import { loadSqlParser, type SqlParser } from '../../../src/sql/parser';
import { corpus } from './corpus';

const shards = new Map([
  ['events_102009', 'events'],
  ['Odd_7', 'Odd'],
]);
const names: NameContext = {
  tableOfShard: name => shards.get(name),
  isVisible: (schema, name) => schema === 'analytics' && name !== 'hidden',
};
const canonical = (sql: string) => canonicalText(sql, names).text;

let parser: SqlParser;
beforeAll(async () => {
  parser = await loadSqlParser();
});

describe('one spelling', () => {
  it.each([
    ['SELECT  A,\n b -- x\nFROM /* y */ T;', 'select a , b from t'],
    ['select "a", "B", "user", "sélect" from t', 'select a , "B" , "user" , sélect from t'],
    ['select $7 + $3 + $7', 'select $1 + $2 + $1'],
    ['select a from t where b in ($1,$2,$3) and c = $4', 'select a from t where b in ( $1 , $2 ) and c = $3'],
    ['select a from t where b in ($1 /*, ... */) and c = $2', 'select a from t where b in ( $1 , $2 ) and c = $3'],
    ['select a from t where b in ($1)', 'select a from t where b in ( $1 )'],
    ['select a from t where b in ($1, lower($2))', 'select a from t where b in ( $1 , lower ( $2 ) )'],
    ['select array[$1, $2, $3]', 'select array [ $1 , $2 ]'],
    [
      'select a from analytics.events e where (e.x OPERATOR(pg_catalog.>=) $1)',
      'select a from events e where ( e . x >= $1 )',
    ],
    ['select pg_catalog.count(*) from analytics.hidden', 'select count ( * ) from analytics . hidden'],
    ['select a collate pg_catalog."default" from t', 'select a collate "default" from t'],
    ['select a collate pg_catalog.default from t', 'select a collate pg_catalog . default from t'],
    ['select 1 from analytics.events_102009 events, "Odd_7"', 'select 1 from events events , "Odd"'],
    ['select a<>b, a!=b, a=-1, j->>k, x@>y', 'select a <> b , a <> b , a = - 1 , j ->> k , x @> y'],
    ["CALL analytics.f('x', 3, NULL)", 'call f ( $1 , $2 , $3 )'],
    ["COMMIT PREPARED 'citus_0_1'", 'commit prepared $1'],
    ["SET application_name TO 'citus_run_command gpid=1'", 'set application_name to $1'],
  ])('%s', (sql, wanted) => {
    expect(canonical(sql)).toBe(wanted);
  });

  it('says whether a shard was in it', () => {
    expect(canonicalText('select 1 from events_102009', names).hasShards).toBe(true);
    expect(canonicalText('select 1 from events_102010', names).hasShards).toBe(false);
  });
});

it.each([
  ['select a from t limit $1', 'select a from t offset $1'],
  ['select a from t where b = $1', 'select a from t where b in ($1)'],
  ['select a from log_2023', 'select a from log_2024'],
  ['select "user" from t', 'select user from t'],
  ['insert into t (a, b) values ($1, $2)', 'insert into t (b, a) values ($1, $2)'],
  ['select a from t where b = $1 and c = $1', 'select a from t where b = $1 and c = $2'],
  ['select a from analytics.t', 'select a from other.t'],
  ['set enable_nestloop = on', 'set enable_nestloop = off'],
  ["select 'a' from t", "select 'A' from t"],
  ['select a - - b from t', 'select a -- b from t'],
])('keeps apart %s and %s', (one, other) => {
  expect(canonical(one)).not.toBe(canonical(other));
});

it('is what it is of itself, and still SQL', () => {
  const parses = (sql: string) => parser.parse(sql).ok;
  for (const sql of corpus) {
    const once = canonical(sql);
    expect(canonical(once)).toBe(once);
    if (parses(sql)) expect([sql, parses(once)]).toEqual([sql, true]);
  }
});

it('never fails, whatever the text', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 60 }), sql => typeof canonical(sql) === 'string'));
});
