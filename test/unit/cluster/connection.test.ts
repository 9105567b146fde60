import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ConnectionProfile, formatAddress, resolveProfile, secretKey } from '../../../src/cluster/connection';
import { findPassword, matchPasswordFile } from '../../../src/cluster/password';
import { listServices } from '../../../src/cluster/service-file';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cutover-unit-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, text: string, mode = 0o600): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  await chmod(path, mode);
  return path;
}

/** Nothing of this machine: no service files, no password file, no PG variables. */
const bare = () => ({ HOME: join(folder, 'nobody-home'), PGSYSCONFDIR: join(folder, 'nowhere') });

describe('resolveProfile', () => {
  test("has libpq's defaults where nothing is said", async () => {
    const profile = await resolveProfile({ host: 'db' }, bare());
    const me = userInfo().username;
    expect(profile).toEqual({
      host: 'db',
      port: 5432,
      user: me,
      database: me,
      sslmode: 'prefer',
      connectTimeoutMs: 10_000,
    });
  });

  test('takes the setting before the service, the service before the variable', async () => {
    const PGSERVICEFILE = await file(
      'pg_service.conf',
      '# clusters\n[eu]\nhost=service-host\nport=7000\ndbname=service-db\n\n[us]\nhost=us-host\n',
    );
    const env = {
      ...bare(),
      PGSERVICEFILE,
      PGHOST: 'env-host',
      PGDATABASE: 'env-db',
      PGUSER: 'env-user',
      PGCONNECT_TIMEOUT: '3',
    };
    expect(await resolveProfile({ service: 'eu', host: 'setting-host' }, env)).toMatchObject({
      host: 'setting-host',
      port: 7000,
      database: 'service-db',
      user: 'env-user',
      connectTimeoutMs: 3000,
    });
    expect(await resolveProfile({}, { ...env, PGSERVICE: 'us' })).toMatchObject({
      host: 'us-host',
      database: 'env-db',
    });
    expect(await listServices(env)).toEqual(['eu', 'us']);
  });

  test('reads the service from the home folder, then from the system', async () => {
    await file('.pg_service.conf', '[mine]\nhost=mine\n');
    const systemFolder = await mkdtemp(join(folder, 'sys-'));
    await writeFile(join(systemFolder, 'pg_service.conf'), '[mine]\nhost=shadowed\n[ours]\nhost=ours\n');
    const env = { HOME: folder, PGSYSCONFDIR: systemFolder };
    expect(await resolveProfile({ service: 'mine' }, env)).toMatchObject({ host: 'mine' });
    expect(await resolveProfile({ service: 'ours' }, env)).toMatchObject({ host: 'ours' });
    await expect(resolveProfile({ service: 'theirs' }, env)).rejects.toMatchObject({
      reason: 'settings',
      message: expect.stringContaining('theirs'),
    });
  });

  test('says the line of a service file that cannot be read', async () => {
    const PGSERVICEFILE = await file('broken.conf', '[eu]\nhost=db\nnonsense\n');
    await expect(resolveProfile({ service: 'eu' }, { PGSERVICEFILE })).rejects.toMatchObject({
      reason: 'settings',
      message: expect.stringContaining('line 3'),
    });
  });

  test.each([
    [{ sslrootcert: 'system' }, { sslmode: 'verify-full' }],
    [{ sslmode: 'allow' as const }, { sslmode: 'allow' }],
  ])('%j gives %j', async (settings, expected) => {
    expect(await resolveProfile({ host: 'db', ...settings }, bare())).toMatchObject(expected);
  });

  test.each([
    [{ host: 'a,b' }, {}, 'Several hosts'],
    [{ host: 'db', port: 0 }, {}, 'port'],
    [{ host: 'db' }, { PGPORT: 'five' }, 'five'],
    [{ host: 'db' }, { PGSSLMODE: 'maybe' }, 'maybe'],
    [{ host: 'db', sslrootcert: 'system', sslmode: 'require' as const }, {}, 'too weak'],
  ])('refuses %j with %j', async (settings, env, part) => {
    await expect(resolveProfile(settings, { ...bare(), ...env })).rejects.toMatchObject({
      reason: 'settings',
      message: expect.stringContaining(part),
    });
  });
});

const profile: ConnectionProfile = {
  host: 'db',
  port: 5432,
  database: 'app',
  user: 'ada',
  sslmode: 'prefer',
  connectTimeoutMs: 1000,
};

test('the key of a secret changes with host, port, user and database', () => {
  const changed = [{ host: 'evil' }, { port: 5433 }, { user: 'eve' }, { database: 'other' }].map(change =>
    secretKey({ ...profile, ...change }),
  );
  expect(new Set([secretKey(profile), ...changed]).size).toBe(5);
  expect(secretKey({ ...profile, host: 'a","b' })).not.toBe(secretKey({ ...profile, host: 'a' }));
});

test('an address reads as people write it', () => {
  expect(formatAddress(profile)).toBe('db:5432/app');
  expect(formatAddress({ ...profile, host: '::1' })).toBe('[::1]:5432/app');
});

describe('findPassword', () => {
  test.each([
    ['db:5432:app:ada:first\n*:*:*:*:second', 'first'],
    ['# comment\n\nother:5432:app:ada:no\n*:*:*:ada:wild', 'wild'],
    ['db:5432:app:ada:with\\:colon\\\\and slash', 'with:colon\\and slash'],
    ['db:5432:app:eve:no', undefined],
    ['db:5432:app:ada', undefined],
    ['db:5432:app:ada:crlf\r\n', 'crlf'],
  ])('matches %j', (text, password) => {
    expect(matchPasswordFile(text, profile)).toBe(password);
  });

  test('matches escaped names and the default socket folder as localhost', () => {
    expect(matchPasswordFile('db:5432:a\\:b:ada:x', { ...profile, database: 'a:b' })).toBe('x');
    expect(matchPasswordFile('localhost:*:*:*:x', { ...profile, host: '/var/run/postgresql' })).toBe('x');
    expect(matchPasswordFile('/srv/pg:*:*:*:x', { ...profile, host: '/srv/pg' })).toBe('x');
  });

  test('takes the stored one, then the service, then PGPASSWORD, then the file', async () => {
    const PGPASSFILE = await file('pgpass', 'db:*:*:*:from-file\n');
    const PGSERVICEFILE = await file('with-password.conf', '[eu]\nhost=db\npassword=from-service\n');
    const all = { ...bare(), PGPASSFILE, PGSERVICEFILE, PGPASSWORD: 'from-env' };
    const ask = async (settings: { service?: string }, stored: string | undefined, env: NodeJS.ProcessEnv) =>
      (await findPassword(profile, settings, stored, env)).password;
    expect(await ask({ service: 'eu' }, 'stored', all)).toBe('stored');
    expect(await ask({ service: 'eu' }, undefined, all)).toBe('from-service');
    expect(await ask({}, undefined, all)).toBe('from-env');
    expect(await findPassword(profile, {}, undefined, { ...bare(), PGPASSFILE })).toEqual({
      password: 'from-file',
      origin: PGPASSFILE,
    });
    expect(await findPassword(profile, {}, undefined, bare())).toEqual({});
  });

  test.runIf(process.platform !== 'win32')('does not use a file that others can read, and says so', async () => {
    const PGPASSFILE = await file('open-pgpass', 'db:*:*:*:secret\n', 0o644);
    const found = await findPassword(profile, {}, undefined, { ...bare(), PGPASSFILE });
    expect(found.password).toBeUndefined();
    expect(found.note).toContain('0600');
  });
});
