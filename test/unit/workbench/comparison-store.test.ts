import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ComparedCheck, Comparison } from '../../../src/shared/comparison';
import { ComparisonStore, maxComparisons } from '../../../src/workbench/comparison/store';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutover-comparisons-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function comparison(id: string, minute: number, migration = 'eu'): Comparison {
  const failed: ComparedCheck = {
    ...{ id: 'settings.jit', group: 'settings', title: 'JIT', question: '?', why: '.', reference: '.' },
    ...{ verdict: 'fail', severity: 'high', summary: 'jit', details: [], unknown: [], remedies: [] },
    evidence: [{ what: 'jit', source: 'off', target: 'on' }],
  };
  const at = `2026-11-29T08:${String(minute).padStart(2, '0')}:00Z`;
  const sides = { source: { label: 'Old', address: 'a:1/x' }, target: { label: 'New' } };
  return { version: 1, id, at, elapsedMs: 5, migration, ...sides, checks: [failed] };
}

it('keeps a comparison over a restart, newest first, each migration by itself', async () => {
  const store = new ComparisonStore(folder);
  await store.save(comparison('a', 1));
  await store.save(comparison('b', 2));
  await store.save(comparison('us', 3, 'us'));
  const list = await new ComparisonStore(folder).list('eu');
  expect(list.map(({ id, checks, failed }) => [id, checks, failed])).toEqual([
    ['b', 1, 1],
    ['a', 1, 1],
  ]);
  expect(await new ComparisonStore(folder).read(list[1]!)).toEqual(comparison('a', 1));
});

it('replaces one with the same id', async () => {
  const store = new ComparisonStore(folder);
  await store.save(comparison('a', 1));
  await store.save({ ...comparison('a', 1), checks: [] });
  const list = await store.list('eu');
  expect(list).toHaveLength(1);
  expect((await store.read(list[0]!)).checks).toEqual([]);
});

it('keeps the newest of a migration, also of those saved at once, and removes the files of the others', async () => {
  const store = new ComparisonStore(folder);
  await store.save(comparison('us', 0, 'us'));
  const all = Array.from({ length: maxComparisons + 3 }, (_, i) => comparison(`c${i}`, i));
  await Promise.all(all.map(each => store.save(each)));
  const ids = (await store.list('eu')).map(({ id }) => id);
  expect(ids).toHaveLength(maxComparisons);
  expect(ids[0]).toBe(`c${maxComparisons + 2}`);
  expect(ids.at(-1)).toBe('c3');
  expect(await store.list('us')).toHaveLength(1);
  expect((await readdir(folder)).filter(name => name.endsWith('.gz'))).toHaveLength(maxComparisons + 1);
});

it('says of a damaged file that it cannot be read, and takes a damaged index for an empty one', async () => {
  const store = new ComparisonStore(folder);
  await store.save(comparison('a', 1));
  const [info] = await store.list('eu');
  await writeFile(join(folder, 'a.json.gz'), 'no gzip');
  await expect(store.read(info!)).rejects.toThrow('cannot be read any more. Compare the clusters anew.');
  await writeFile(join(folder, 'index.json'), '{');
  expect(await store.list('eu')).toEqual([]);
  await expect(store.read({ ...info!, id: '../../etc/passwd' })).rejects.toThrow('not the id of a comparison');
});
