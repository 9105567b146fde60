import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inspect } from '../../lab/installation';

/** Layouts of packagers whose systems are not this one: which file lies where is all that is looked at. */
const layouts = [
  {
    of: 'Debian',
    bin: 'usr/lib/postgresql/15/bin',
    jit: 'usr/lib/postgresql/15/lib/llvmjit.so',
    share: 'usr/share/postgresql/15',
  },
  { of: 'PGDG on Fedora', bin: 'usr/pgsql-15/bin', jit: 'usr/pgsql-15/lib/llvmjit.so', share: 'usr/pgsql-15/share' },
  {
    of: 'Homebrew',
    bin: 'opt/postgresql@15/bin',
    jit: 'opt/postgresql@15/lib/postgresql/llvmjit.dylib',
    share: 'opt/postgresql@15/share/postgresql@15',
  },
  { of: 'npm', bin: 'native/bin', jit: undefined, share: 'native/share/postgresql' },
];

describe('inspect', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'cutover-unit-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const put = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
    await chmod(join(root, path), 0o755);
  };

  it.each(layouts)('reads version, JIT and Citus in the layout of $of', async ({ bin, jit, share }) => {
    await put(`${bin}/postgres`, '#!/bin/sh\necho "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)"\n');
    await put(`${bin}/initdb`, '');
    if (jit) await put(jit, '');
    await put(
      `${share}/extension/citus.control`,
      "# Citus extension\ndefault_version = '13.2-1'\nrelocatable = false\n",
    );
    expect(await inspect(join(root, bin), false)).toEqual({
      binDir: join(root, bin),
      version: '15.20',
      majorVersion: 15,
      jit: jit !== undefined,
      embedded: false,
      citus: '13.2-1',
    });
  });

  it('reads a beta version, and no Citus where there is none', async () => {
    await put('bin/postgres', '#!/bin/sh\necho "postgres (PostgreSQL) 18beta2"\n');
    await put('bin/initdb', '');
    const found = await inspect(join(root, 'bin'), true);
    expect(found).toMatchObject({ version: '18beta2', majorVersion: 18, jit: false, embedded: true });
    expect(found).not.toHaveProperty('citus');
  });

  it.each([
    ['no folder', {}],
    ['a client only', { 'bin/psql': '' }],
    ['no initdb', { 'bin/postgres': '#!/bin/sh\necho "postgres (PostgreSQL) 15.20"\n' }],
    ['a server that does not run', { 'bin/postgres': '#!/bin/sh\nexit 127\n', 'bin/initdb': '' }],
  ])('finds nothing in %s', async (_, files) => {
    for (const [path, text] of Object.entries(files)) await put(path, text);
    expect(await inspect(join(root, 'bin'), false)).toBeUndefined();
  });
});
