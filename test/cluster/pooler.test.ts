import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { explain } from '../../src/cluster/explain';
import { Session } from '../../src/cluster/session';
import { freePort } from '../lab/free-port';
import { type LabPair, startPlainPair } from '../lab/lab';
import { limits, profileOf } from './profile-of';

const pgbouncer = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
  .map(folder => join(folder, 'pgbouncer'))
  .find(file => existsSync(file));
if (!pgbouncer) console.warn('SKIPPED: every test through a pooler. Install pgbouncer to run them.');

describe.skipIf(!pgbouncer)('through PgBouncer, which refuses startup options', () => {
  let pair: LabPair;
  let folder: string;
  let pooler: ChildProcess | undefined;
  let port: number;
  beforeAll(async () => {
    pair = await startPlainPair();
    const server = pair.source.coordinator;
    port = await freePort();
    folder = mkdtempSync(join(tmpdir(), 'cutover-pooler-'));
    const { uid, gid } = statSync(server.dataDir);
    const config = join(folder, 'pgbouncer.ini');
    writeFileSync(
      config,
      `[databases]
${server.database} = host=${server.host} port=${server.port} user=${server.user} pool_size=3
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
# Everybody is the user of the database entry.
auth_type = any
pool_mode = transaction
`,
    );
    for (const path of [folder, config]) chownSync(path, uid, gid);
    pooler = spawn(pgbouncer!, [config], { uid, gid, stdio: 'ignore', cwd: folder });
    for (let i = 0; ; i++) {
      try {
        await (await open()).close();
        break;
      } catch (error) {
        if (i === 50) throw error;
        await sleep(100);
      }
    }
  });
  afterAll(async () => {
    pooler?.kill('SIGKILL');
    if (folder) rmSync(folder, { recursive: true });
    await pair?.stop();
  });

  const open = (changes = {}) =>
    Session.open(profileOf(pair.source.coordinator, { port }), undefined, { ...limits, ...changes });

  test('the limits hold in every transaction, and leak into nobody else', async () => {
    const session = await open({ statementTimeoutMs: 150 });
    expect((await session.query(`SELECT current_setting('statement_timeout')`)).rows).toEqual([['150ms']]);
    await expect(session.query('SELECT pg_sleep(10)')).rejects.toMatchObject({ reason: 'timeout' });
    await expect(session.query('CREATE TABLE t (a int)')).rejects.toMatchObject({ reason: 'readOnly' });
    const { sent } = await session.transaction([{ text: 'SELECT 1' }]);
    expect(sent[0]).toContain('SET /* cutover */ LOCAL statement_timeout = 150');
    await session.close();
    const { host, user, database } = pair.source.coordinator;
    const other = new Client({ host, port, user, database });
    await other.connect();
    expect((await other.query('SHOW statement_timeout')).rows).toEqual([{ statement_timeout: '0' }]);
    await other.end();
  });

  test('EXPLAIN works, with and without values', async () => {
    const session = await open();
    const request = {
      analyze: false,
      access: 'read only',
      serialize: false,
      allTasks: false,
      parameterCount: 1,
    } as const;
    const sql = 'SELECT * FROM pg_class WHERE oid = $1';
    for (const values of [['1'], undefined]) {
      const outcome = await explain(session, { ...request, sql, values });
      expect('raw' in outcome && JSON.parse(outcome.raw)[0].Plan['Node Type']).toBe('Index Scan');
    }
    await session.close();
  });

  test('a cancelled statement is gone from the server', async () => {
    const session = await open();
    const controller = new AbortController();
    const running = session.query('SELECT pg_sleep(30)', [], controller.signal);
    const sleeping = () =>
      pair.source.coordinator.query(
        `SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT % pg_sleep(30)'`,
      );
    for (let i = 0; (await sleeping()).length === 0; i++) if (i > 200) throw new Error('It did not start.');
    controller.abort();
    await expect(running).rejects.toMatchObject({ reason: 'cancelled', detail: undefined });
    expect(await sleeping()).toEqual([]);
  });
});
