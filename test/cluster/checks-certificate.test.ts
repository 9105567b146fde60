import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LabPair, startPlainPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { runCheck, runRemedy } from './checks-on';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
if (!hasOpenssl) console.warn('SKIPPED: certificates that end. Install openssl to run them.');

let pair: LabPair;
let target: LabServer;
beforeAll(async () => {
  if (!hasOpenssl) return;
  pair = await startPlainPair();
  target = pair.target.coordinator;
});
afterAll(() => pair?.stop());

/** Written over what is there, as whoever renews it does. */
function putCertificate(server: LabServer, days: number, name: string): void {
  const [key, file] = ['server.key', 'server.crt'].map(each => join(server.dataDir, each)) as [string, string];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', `${days}`, '-subj', `/CN=${name}`]
      .concat(['-addext', `subjectAltName=IP:${name}`])
      .concat(['-keyout', key, '-out', file]),
    { stdio: 'pipe' },
  );
  const { uid, gid } = statSync(server.dataDir);
  for (const each of [key, file]) chownSync(each, uid, gid);
  chmodSync(key, 0o600);
}

const check = () => runCheck(pair, 'operations.certificate');

describe.skipIf(!hasOpenssl)('the certificate that a session was shown', () => {
  test('none without TLS', async () => {
    const found = await check();
    expect(found).toMatchObject({ verdict: 'pass', differences: [] });
    expect(found.details).toHaveLength(2);
    expect(found.details.join()).toContain('target: the session with');
  });

  test('one that ends soon, until it is renewed; a name that is not the host’s is a remark', async () => {
    putCertificate(target, 20, '127.0.0.1');
    await target.query('ALTER SYSTEM SET ssl = on');
    await target.query('SELECT pg_reload_conf()');
    await expect
      .poll(async () => (await check()).differences)
      .toEqual([
        {
          what: 'certificate ends soon',
          node: `${target.host}:${target.port}`,
          target: expect.stringMatching(/^on \d{4}-\d\d-\d\d, in (19|20) days$/),
        },
      ]);
    const found = await check();
    expect(found.details.join()).not.toContain('verify-full');
    putCertificate(target, 400, '10.1.2.3');
    await runRemedy(pair, found);
    await expect.poll(async () => (await check()).verdict).toBe('pass');
    const { details } = await check();
    expect(details).toContainEqual(expect.stringMatching(/^remark: target: valid until [\d-]+, (399|400) days more$/));
    expect(details).toContainEqual(
      expect.stringMatching(/^remark: target: sslmode verify-full refuses it: .*127\.0\.0\.1/),
    );
  });
});
