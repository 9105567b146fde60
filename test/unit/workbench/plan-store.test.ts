import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { planDiffView } from '../../../src/plan/view';
import { PlanStore, type StoredResult } from '../../../src/workbench/plan-store';

let folder: string;
let store: PlanStore;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'cutover-store-')), 'plans');
  store = new PlanStore(folder);
});
afterEach(() => rm(join(folder, '..'), { recursive: true, force: true }));

function resultOf(id: string): StoredResult {
  const side = (name: 'source' | 'target') => ({ side: name, label: name, color: 'c', sent: [], notices: [] });
  const view = planDiffView({
    id,
    at: '2026-11-22T20:00:00.000Z',
    migration: 'eu',
    analyzed: false,
    statement: { sql: 'SELECT 1', title: 'SELECT 1', class: 'read', parameters: [] },
    source: side('source'),
    target: side('target'),
  });
  return { version: 1, view, raw: { source: '[{}]' }, request: { migration: 'eu', sql: 'SELECT 1' } };
}

test('what was saved is loaded, and nobody else may read it', async () => {
  const result = resultOf('one');
  await store.save(result);
  expect(await store.load('one')).toEqual(result);
  expect(await readdir(folder)).toEqual(['one.json']);
  if (process.platform !== 'win32') expect((await stat(join(folder, 'one.json'))).mode & 0o077).toBe(0);
});

test('a former id leads to the newest result', async () => {
  await store.save(resultOf('one'));
  await store.replace('one', resultOf('two'));
  await store.replace('two', resultOf('three'));
  expect((await store.load('one'))?.view.id).toBe('three');
});

test('ids that lead in a circle end', async () => {
  await store.replace('one', resultOf('two'));
  await writeFile(join(folder, 'two.json'), JSON.stringify({ version: 1, successor: 'one' }));
  expect(await store.load('one')).toBeUndefined();
});

test('what is not there, or of another version, is not shown', async () => {
  await store.save(resultOf('one'));
  await writeFile(join(folder, 'later.json'), JSON.stringify({ version: 2, anything: true }));
  expect(await store.load('gone')).toBeUndefined();
  expect(await store.load('later')).toBeUndefined();
});

test('an id from a page cannot name a file elsewhere', async () => {
  for (const id of ['../one', 'a/b', '', 'x'.repeat(65), 'one.json'])
    await expect(store.load(id)).rejects.toThrow('not the id of a result');
});

test('the oldest go when there are many', async () => {
  for (let i = 0; i < 65; i++) await store.save(resultOf(`r${i}`));
  expect((await readdir(folder)).length).toBe(60);
  expect(await store.load('r64')).toBeDefined();
});
