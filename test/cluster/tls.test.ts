import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConnectionProfile } from '../../src/cluster/connection';
import { Session } from '../../src/cluster/session';
import { type LabPair, startPlainPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { limits, profileOf } from './profile-of';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
if (!hasOpenssl) console.warn('SKIPPED: every test of TLS. Install openssl to run them.');

/** The source speaks TLS with a certificate of our own authority, made out to localhost; the target speaks none. */
let pair: LabPair;
let secure: LabServer;
let plain: LabServer;
let folder: string;
const home = process.env.HOME;

beforeAll(async () => {
  if (!hasOpenssl) return;
  pair = await startPlainPair();
  secure = pair.source.coordinator;
  plain = pair.target.coordinator;
  folder = mkdtempSync(join(tmpdir(), 'cutover-tls-'));
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const authority = (name: string) =>
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.crt`,
    );
  const signed = (name: string, subject: string, names: string) => {
    openssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      `/CN=${subject}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
    );
    writeFileSync(join(folder, `${name}.ext`), names);
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ours.crt',
      '-CAkey',
      'ours.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      `${name}.ext`,
      '-out',
      `${name}.crt`,
    );
  };
  authority('ours');
  authority('theirs');
  signed('server', 'localhost', 'subjectAltName=DNS:localhost');
  signed('client', 'certified', 'extendedKeyUsage=clientAuth');

  const { uid, gid } = statSync(secure.dataDir);
  for (const name of ['server.crt', 'server.key', 'ours.crt']) {
    const file = join(secure.dataDir, name);
    copyFileSync(join(folder, name), file);
    chownSync(file, uid, gid);
    chmodSync(file, 0o600);
  }
  await secure.query(`ALTER SYSTEM SET ssl_cert_file = 'server.crt'`);
  await secure.query(`ALTER SYSTEM SET ssl_key_file = 'server.key'`);
  await secure.query(`ALTER SYSTEM SET ssl_ca_file = 'ours.crt'`);
  await secure.query('ALTER SYSTEM SET ssl = on');
  for (const role of ['tls_only', 'plain_only', 'certified']) await secure.query(`CREATE ROLE ${role} LOGIN`);
  writeFileSync(
    join(secure.dataDir, 'pg_hba.conf'),
    [
      'local all all trust',
      'hostssl all tls_only 127.0.0.1/32 trust',
      'hostnossl all plain_only 127.0.0.1/32 trust',
      'hostssl all certified 127.0.0.1/32 cert',
      'host all postgres 127.0.0.1/32 trust',
    ].join('\n'),
  );
  await secure.query('SELECT pg_reload_conf()');
  // Not this user's certificates: the default files are part of what is tested.
  process.env.HOME = folder;
});

afterAll(async () => {
  process.env.HOME = home;
  if (folder) rmSync(folder, { recursive: true });
  await pair?.stop();
});

/** Whether the connection is encrypted, or why there is none. */
async function outcome(server: LabServer, changes: Partial<ConnectionProfile>): Promise<string> {
  try {
    const session = await Session.open(profileOf(server, { host: 'localhost', ...changes }), undefined, limits);
    const { rows } = await session.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    const answer = rows[0]![0] === 't' ? 'encrypted' : 'plain';
    expect(session.encrypted).toBe(answer === 'encrypted');
    await session.close();
    return answer;
  } catch (error) {
    return (error as { reason: string }).reason;
  }
}

const file = (name: string) => join(folder, name);

describe.skipIf(!hasOpenssl)('sslmode', () => {
  test.each([
    ['disable', 'plain', 'plain'],
    ['allow', 'plain', 'plain'],
    ['prefer', 'encrypted', 'plain'],
    ['require', 'encrypted', 'tls'],
    // No root certificate anywhere.
    ['verify-ca', 'tls', 'tls'],
    ['verify-full', 'tls', 'tls'],
  ] as const)('%s: %s where TLS is on, %s where it is off', async (sslmode, on, off) => {
    expect(await outcome(secure, { sslmode })).toBe(on);
    expect(await outcome(plain, { sslmode })).toBe(off);
  });

  test('allow goes on with TLS where plain text is refused, prefer without where TLS is refused', async () => {
    expect(await outcome(secure, { user: 'tls_only', sslmode: 'allow' })).toBe('encrypted');
    expect(await outcome(secure, { user: 'plain_only', sslmode: 'prefer' })).toBe('plain');
    expect(await outcome(secure, { user: 'tls_only', sslmode: 'disable' })).toBe('authentication');
    expect(await outcome(secure, { user: 'plain_only', sslmode: 'require' })).toBe('authentication');
  });
});

describe.skipIf(!hasOpenssl)('the root certificate', () => {
  test.each([
    ['verify-full', 'localhost', 'ours.crt', 'encrypted'],
    ['verify-ca', 'localhost', 'ours.crt', 'encrypted'],
    // The certificate is made out to localhost, and 127.0.0.1 is not in it.
    ['verify-full', '127.0.0.1', 'ours.crt', 'tls'],
    ['verify-ca', '127.0.0.1', 'ours.crt', 'encrypted'],
    ['verify-ca', 'localhost', 'theirs.crt', 'tls'],
    ['verify-full', 'localhost', 'theirs.crt', 'tls'],
    // With a root certificate, require is verify-ca.
    ['require', '127.0.0.1', 'ours.crt', 'encrypted'],
    ['require', 'localhost', 'theirs.crt', 'tls'],
    ['require', 'localhost', 'missing.crt', 'encrypted'],
  ] as const)('%s to %s with %s: %s', async (sslmode, host, certificate, expected) => {
    expect(await outcome(secure, { sslmode, host, sslrootcert: file(certificate) })).toBe(expected);
  });

  test('is found in the home folder', async () => {
    mkdirSync(file('.postgresql'));
    try {
      copyFileSync(file('theirs.crt'), file('.postgresql/root.crt'));
      expect(await outcome(secure, { sslmode: 'require' })).toBe('tls');
      copyFileSync(file('ours.crt'), file('.postgresql/root.crt'));
      expect(await outcome(secure, { sslmode: 'require' })).toBe('encrypted');
      expect(await outcome(secure, { sslmode: 'verify-full' })).toBe('encrypted');
    } finally {
      rmSync(file('.postgresql'), { recursive: true });
    }
  });

  test('system trusts what SSL_CERT_FILE names, and nothing self-made otherwise', async () => {
    const system = { sslmode: 'verify-full', sslrootcert: 'system' } as const;
    expect(await outcome(secure, system)).toBe('tls');
    process.env.SSL_CERT_FILE = file('ours.crt');
    try {
      expect(await outcome(secure, system)).toBe('encrypted');
    } finally {
      delete process.env.SSL_CERT_FILE;
    }
  });

  test('is named in the error, with what to do', async () => {
    const wrong = profileOf(secure, { host: 'localhost', sslmode: 'verify-ca', sslrootcert: file('theirs.crt') });
    await expect(Session.open(wrong, undefined, limits)).rejects.toMatchObject({
      reason: 'tls',
      message: expect.stringContaining('localhost'),
      next: expect.stringContaining('sslrootcert'),
    });
    const missing = profileOf(secure, { host: 'localhost', sslmode: 'verify-full', sslrootcert: file('gone.crt') });
    await expect(Session.open(missing, undefined, limits)).rejects.toMatchObject({
      reason: 'tls',
      message: expect.stringContaining('gone.crt'),
    });
  });
});

describe.skipIf(!hasOpenssl)('a client certificate', () => {
  test('logs in', async () => {
    const certified = {
      user: 'certified',
      sslmode: 'require',
      sslcert: file('client.crt'),
      sslkey: file('client.key'),
    } as const;
    chmodSync(file('client.key'), 0o600);
    expect(await outcome(secure, certified)).toBe('encrypted');
    expect(await outcome(secure, { user: 'certified', sslmode: 'require' })).toBe('authentication');
  });

  test('is refused with a key that others can read, or without one', async () => {
    chmodSync(file('client.key'), 0o644);
    const open = {
      user: 'certified',
      sslmode: 'require',
      sslcert: file('client.crt'),
      sslkey: file('client.key'),
    } as const;
    await expect(Session.open(profileOf(secure, open), undefined, limits)).rejects.toMatchObject({
      reason: 'tls',
      next: expect.stringContaining('chmod'),
    });
    expect(await outcome(secure, { ...open, sslkey: file('gone.key') })).toBe('tls');
    expect(await outcome(secure, { ...open, sslcert: file('gone.crt') })).toBe('tls');
  });
});

test.skipIf(!hasOpenssl)('cancelling works over TLS, too', async () => {
  const session = await Session.open(profileOf(secure, { host: 'localhost', sslmode: 'require' }), undefined, limits);
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 200);
  await expect(session.query('SELECT pg_sleep(30)', [], controller.signal)).rejects.toMatchObject({
    reason: 'cancelled',
    detail: undefined,
  });
});
