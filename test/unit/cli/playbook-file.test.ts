import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { playbookNames, recordInFile } from '../../../src/cli/playbook';
import { readPlaybookFile, writePlaybookFile } from '../../../src/cli/playbook-file';
import { exampleView } from '../playbook/example-view';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutover-playbook-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('recordInFile', () => {
  it('creates the playbook from the template, then leaves it as it is', async () => {
    const file = join(folder, 'eu.playbook.md');
    const first = await recordInFile(file, exampleView());
    expect(first).toMatchObject({ created: true });
    const text = await readFile(file, 'utf8');
    expect(text.split('\n')[first.line - 1]).toContain('### Plans of `INSERT INTO analytics.rollups');
    expect(text).toContain('## Go live');
    expect(await playbookNames(file)).toMatchObject({ migration: 'eu-analytics', source: 'Citus Cloud on AWS' });
    const { mtimeMs } = await stat(file);
    expect(await recordInFile(file, exampleView())).toMatchObject({ created: false });
    expect(await readFile(file, 'utf8')).toBe(text);
    expect((await stat(file)).mtimeMs).toBe(mtimeMs);
    expect(await readdir(folder)).toEqual(['eu.playbook.md']);
  });
});

describe('writePlaybookFile', () => {
  it('keeps permissions, symbolic links and a byte order mark', async () => {
    const real = join(folder, 'real.md');
    const link = join(folder, 'link.md');
    await writeFile(real, '\ufeffold');
    await chmod(real, 0o640);
    await symlink('real.md', link);
    const file = await readPlaybookFile(link);
    expect(file).toEqual({ path: real, text: '\ufeffold' });
    await writePlaybookFile(file, '\ufeffnew');
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect((await stat(real)).mode & 0o777).toBe(0o640);
    expect(await readFile(real, 'utf8')).toBe('\ufeffnew');
  });

  it('refuses when somebody changed, created or removed the file meanwhile', async () => {
    const path = join(folder, 'a.md');
    const missing = await readPlaybookFile(path);
    await writeFile(path, 'theirs');
    await expect(writePlaybookFile(missing, 'ours')).rejects.toMatchObject({ reason: 'changed' });
    const read = await readPlaybookFile(path);
    await writeFile(path, 'theirs again');
    await expect(writePlaybookFile(read, 'ours')).rejects.toMatchObject({ reason: 'changed' });
    expect(await readFile(path, 'utf8')).toBe('theirs again');
    const again = await readPlaybookFile(path);
    await rm(path);
    await expect(writePlaybookFile(again, 'ours')).rejects.toMatchObject({ reason: 'changed' });
    expect(await readdir(folder)).toEqual([]);
  });

  it('says what is wrong with a file it cannot use', async () => {
    await mkdir(join(folder, 'folder.md'));
    await writeFile(join(folder, 'latin1.md'), Buffer.from([0x66, 0xfc, 0x72]));
    await symlink('nowhere.md', join(folder, 'dangling.md'));
    const reason = async (name: string) => {
      await expect(readPlaybookFile(join(folder, name))).rejects.toMatchObject({ name: 'PlaybookFileError' });
      return readPlaybookFile(join(folder, name)).catch((error: { reason: string }) => error.reason);
    };
    expect(await reason('folder.md')).toBe('notAFile');
    expect(await reason('latin1.md')).toBe('encoding');
    expect(await reason('dangling.md')).toBe('unreadable');
    expect(await reason('no/such/folder.md')).toBe('unwritable');
  });
});
