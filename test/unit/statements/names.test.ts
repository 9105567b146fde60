import { describe, expect, it } from 'vitest';
import { SideNames } from '../../../src/statements/names';
import { noNames } from '../../../src/statements/reading';

const long = 'a_table_whose_name_is_so_long_that_its_shards_lose_part_of_it_x';

const names = new SideNames({
  searchPaths: { '': '"$user", public', app: 'analytics, "Odd ""one""", public' },
  ambiguous: { twice: ['public', 'analytics'], elsewhere: ['public', 'other'] },
  volatileFunctions: ['f'],
  shards: { events: '102008,102009', [long]: '102010' },
});

describe('a name alone', () => {
  it.each([
    ['app', 'analytics', 'events', true],
    ['app', 'Odd "one"', 'x', true],
    ['app', 'other', 'events', false],
    ['app', 'analytics', 'twice', true],
    ['app', 'public', 'twice', false],
    ['app', 'public', 'elsewhere', true],
    ['somebody', 'analytics', 'events', false],
    ['somebody', 'somebody', 'events', true],
    ['constructor', 'public', 'events', true],
    ['__proto__', '__proto__', 'events', true],
  ])('to %s means %s.%s: %s', (role, schema, name, visible) => {
    expect(names.of(role, true).isVisible(schema, name)).toBe(visible);
  });

  it('in another database means nothing that is known', () => {
    const other = names.of('app', false);
    expect([other.isVisible('analytics', 'events'), other.tableOfShard('events_102008')]).toEqual([false, undefined]);
  });
});

it.each([
  ['events_102009', 'events'],
  ['events_102011', undefined],
  ['other_102009', undefined],
  ['events', undefined],
  ['_102009', undefined],
  [`${long.slice(0, 47)}_9f2c1a4b_102010`, long],
  ['a_table_102010', undefined],
])('%s is a shard of %s', (name, table) => {
  expect(names.of('app', true).tableOfShard(name)).toBe(table);
});

it('knows nothing where nothing was read', () => {
  expect(new SideNames(noNames).of('app', true).isVisible('public', 'x')).toBe(true);
});
