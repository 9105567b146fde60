import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { noNames, type Reading } from '../../../src/statements/reading';
import { SnapshotStore } from '../../../src/workbench/snapshot-store';

let folder: string;
let store: SnapshotStore;

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'cutover-snapshots-')), 'snapshots');
  store = new SnapshotStore(folder);
});
afterEach(() => rm(join(folder, '..'), { recursive: true, force: true }));

const reading = (at: string): Reading => ({
  ...{ version: 1, at, label: 'Old', address: 'old:5432/app', postgresVersion: '15.4', database: 'app', user: 'me' },
  ...{ nodes: [{ node: 'old:5432', role: 'standalone' }], names: noNames, notes: [] },
});

it('gives back what was kept, newest first, of one migration', async () => {
  await store.save('first', 'eu', { source: reading('2026-11-01T00:00:00Z'), target: reading('2026-11-01T00:00:01Z') });
  await store.save('second', 'eu', { target: reading('2026-11-02T00:00:00Z') });
  await store.save('other', 'us', { source: reading('2026-11-03T00:00:00Z') });
  const [second, first, ...others] = await store.list('eu');
  expect(others).toEqual([]);
  expect(second).toMatchObject({ name: 'second', sides: ['target'], at: '2026-11-02T00:00:00Z' });
  expect(await store.read(first!, 'source')).toEqual(reading('2026-11-01T00:00:00Z'));
  await expect(store.read(second!, 'source')).rejects.toThrow('“second”'.replace(/[“”]/g, '"'));
});

it('keeps files to their owner, and forgets what was deleted', async () => {
  const info = await store.save('first', 'eu', { source: reading('2026-11-01T00:00:00Z') });
  const files = await readdir(folder);
  for (const file of files) expect((await stat(join(folder, file))).mode & 0o077).toBe(0);
  await store.remove(info);
  expect(await store.list('eu')).toEqual([]);
  expect(await readdir(folder)).toEqual(['index.json']);
});

it('does not list a snapshot whose file is gone, nor read one that is damaged', async () => {
  const gone = await store.save('gone', 'eu', { source: reading('2026-11-01T00:00:00Z') });
  const damaged = await store.save('damaged', 'eu', { source: reading('2026-11-02T00:00:00Z') });
  await rm(join(folder, `${gone.id}.source.json.gz`));
  await writeFile(join(folder, `${damaged.id}.source.json.gz`), 'no gzip');
  expect((await store.list('eu')).map(({ name }) => name)).toEqual(['damaged']);
  await expect(store.read(damaged, 'source')).rejects.toThrow('cannot be read any more');
});
