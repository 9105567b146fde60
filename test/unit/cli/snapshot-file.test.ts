import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { snapshotFile } from '../../../src/cli/snapshot-file';
import { checkStorable, readStored, writeStored } from '../../../src/cli/stored-file';
import { UsageError } from '../../../src/cli/usage';
import { readingFromCsv } from '../../../src/statements/csv-reading';

const csv = 'rolname,datname,queryid,query,calls,total_time\napp,shop,1,SELECT 1,10,100';
const reading = readingFromCsv(csv, { label: 'old', at: new Date(0) });

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutover-snapshot-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('writes what it reads, for its owner alone, and leaves nothing else', async () => {
  const file = join(folder, 'a.json');
  for (const each of [reading, { ...reading, label: 'newer' }]) {
    await writeStored(snapshotFile, file, each, 'save-source');
    expect(await readStored(snapshotFile, file, 'source-snapshot')).toEqual(each);
  }
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['a.json']);
});

const [node] = reading.nodes;
it.each([
  ['no JSON', 'SELECT 1', 'it is not JSON'],
  ['a list', '[]', 'it holds something else'],
  ['a newer version', JSON.stringify({ ...reading, version: 2 }), '"version" is missing or not what it should be'],
  [
    'no role of a node',
    JSON.stringify({ ...reading, nodes: [{ ...node, role: 'x' }] }),
    '"nodes.0.role" is missing or not what it should be',
  ],
  [
    'a cut row',
    JSON.stringify({ ...reading, nodes: [{ ...node, answer: node!.answer!.slice(0, -5) }] }),
    'its rows are damaged',
  ],
  ['no header', JSON.stringify({ ...reading, nodes: [{ ...node, answer: '{}' }] }), 'its rows are damaged'],
])('says what is wrong with a file that has %s, and writes over none', async (_, text, wrong) => {
  const file = join(folder, 'b.json');
  await writeFile(file, text);
  const read = readStored(snapshotFile, file, 'source-since');
  await expect(read).rejects.toThrow(UsageError);
  await expect(read).rejects.toThrow(`b.json is no snapshot of Cutover: ${wrong}.`);
  await expect(writeStored(snapshotFile, file, reading, 'save-source')).rejects.toThrow('is left alone');
  expect(await readFile(file, 'utf8')).toBe(text);
});

it('says why a file cannot be had', async () => {
  await expect(readStored(snapshotFile, join(folder, 'none.json'), 'x')).rejects.toThrow('there is no such file');
  await expect(readStored(snapshotFile, folder, 'x')).rejects.toThrow('it is a folder');
  await expect(checkStorable(snapshotFile, join(folder, 'no/such.json'), 'x')).rejects.toThrow(
    'its folder does not exist',
  );
  await expect(checkStorable(snapshotFile, folder, 'x')).rejects.toThrow('it is a folder');
  await expect(checkStorable(snapshotFile, join(folder, 'new.json'), 'x')).resolves.toBeUndefined();
});
