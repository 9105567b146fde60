import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findSettingsFile, readSettingsFile } from '../../../src/cli/settings-file';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutover-settings-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(path: string, text: string): Promise<string> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

const eu = '{ "name": "eu", "source": { "host": "a" }, "target": { "service": "b" } }';

it('reads migrations and levels, and what is wrong with single migrations', async () => {
  const file = await write(
    'settings.json',
    `{ "editor.tabSize": 2, // mine
       "cutover.migrations": [${eu}, { "name": "us", "source": { "password": "x" }, "target": {} }],
       "cutover.playbook.diagnostics": { "ownerMissing": "off" }, }`,
  );
  expect(await readSettingsFile(file)).toEqual({
    path: file,
    migrations: [{ name: 'eu', source: { host: 'a' }, target: { service: 'b' } }],
    problems: [expect.stringContaining(`(${file}), us: source.password is unknown`)],
    levels: { ownerMissing: 'off' },
  });
});

it('finds the nearest with a setting of ours, in the folder or above', async () => {
  const top = await write('.vscode/settings.json', `{"cutover.migrations": [${eu}]}`);
  await write('a/.vscode/settings.json', '{"editor.tabSize": 2, broken');
  await mkdir(join(folder, 'a/b/c'), { recursive: true });
  expect((await findSettingsFile(join(folder, 'a/b/c')))?.path).toBe(top);
  const near = await write('a/b/.vscode/settings.json', '{"cutover.migrations": []}');
  expect((await findSettingsFile(join(folder, 'a/b/c')))?.path).toBe(near);
  expect((await findSettingsFile(join(folder, 'a')))?.path).toBe(top);
});

it('says where a file cannot be read', async () => {
  await write('.vscode/settings.json', '{\n  "cutover.migrations": [1 2]\n}');
  await expect(findSettingsFile(folder)).rejects.toThrow(
    `${folder}/.vscode/settings.json:2:28: a comma or ] is missing.`,
  );
  await expect(readSettingsFile(join(folder, 'no.json'))).rejects.toThrow('there is no such file');
  await expect(readSettingsFile(folder)).rejects.toThrow('it is a folder');
  const list = await write('list.json', '{"cutover.migrations": {}}');
  expect((await readSettingsFile(list)).problems).toEqual([`cutover.migrations (${list}) must be a list.`]);
});

it.skipIf(process.getuid?.() !== 0)('takes no file that another user put there, unless it is named', async () => {
  const file = await write('.vscode/settings.json', `{"cutover.migrations": [${eu}]}`);
  const theirs = 4242;
  await chown(file, theirs, theirs);
  await expect(findSettingsFile(folder)).rejects.toThrow('belongs to another user');
  expect((await readSettingsFile(file)).migrations).toHaveLength(1);
});
