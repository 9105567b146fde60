import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { playbookNames, recordInFile, recordResultsInFile } from '../../../src/cli/playbook';
import { readPlaybookFile, writePlaybookFile } from '../../../src/cli/playbook-file';
import type { CheckResult } from '../../../src/shared/check';
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
    await expect(readPlaybookFile(join(folder, 'no/such/folder.md'), 'read')).rejects.toMatchObject({
      reason: 'unreadable',
      message: expect.stringContaining('cannot be read: the folder does not exist'),
    });
  });
});

describe('recordResultsInFile', () => {
  const result: CheckResult = {
    ...{ id: 'a', verdict: 'pass', summary: 'one', details: [], at: '2026-11-22T18:00:00Z', elapsedMs: 1 },
  };
  const results = [result, { ...result, id: 'gone' }, { ...result, id: 'b' }].map(each => ({
    result: each,
    definition: '12345678',
  }));

  it('records what finds its place, names what does not, and writes once', async () => {
    const path = join(folder, 'eu.playbook.md');
    const check = (id: string) => `\r\n\`\`\`sql check id=${id} expect=empty\r\nSELECT\r\n\`\`\`\r\n`;
    await writeFile(path, `# Move${check('b')}between${check('a')}`);
    const file = await readPlaybookFile(path);
    const { recorded, problems } = await recordResultsInFile(file, results);
    expect([recorded, problems.map(({ reason }) => reason)]).toEqual([2, ['noCheck']]);
    const written = await readFile(path, 'utf8');
    expect(written.match(/cutover:result \w+ pass/g)).toEqual(['cutover:result b pass', 'cutover:result a pass']);
    expect(written.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    // It was read before: now it is another.
    await expect(recordResultsInFile(file, results)).rejects.toMatchObject({ reason: 'changed' });
    const { mtimeMs } = await stat(path);
    await recordResultsInFile(await readPlaybookFile(path), results);
    expect((await stat(path)).mtimeMs).toBe(mtimeMs);
  });
});
