import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../src/cluster/connect';
import { Session } from '../../src/cluster/session';
import { SessionKeeper } from '../../src/cluster/session-keeper';
import { freePort } from '../lab/free-port';
import { type LabPair, startPlainPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { limits, profileOf } from './profile-of';

let pair: LabPair;
let server: LabServer;
beforeAll(async () => {
  pair = await startPlainPair();
  server = pair.source.coordinator;
});
afterAll(() => pair?.stop());

/** Backends of Cutover that the server has, and what they do. */
async function backends(): Promise<{ pid: number; state: string; query: string }[]> {
  return server.query(`SELECT pid, state, query FROM pg_stat_activity WHERE application_name = 'cutover' ORDER BY pid`);
}

async function eventually(condition: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 100; i++) {
    if (await condition()) return;
    await sleep(50);
  }
  throw new Error('It did not happen within five seconds.');
}

describe('a session', () => {
  test('has its limits from the first statement on, and is read-only', async () => {
    const session = await Session.open(profileOf(server), undefined, limits);
    const { rows } = await session.query(
      `SELECT name, setting FROM pg_settings WHERE name = ANY ($1::text[]) ORDER BY name`,
      [
        '{application_name,default_transaction_read_only,idle_in_transaction_session_timeout,jit,lock_timeout,statement_timeout}',
      ],
    );
    expect(Object.fromEntries(rows as [string, string][])).toEqual({
      application_name: 'cutover',
      default_transaction_read_only: 'on',
      idle_in_transaction_session_timeout: '10000',
      jit: 'off',
      lock_timeout: '2000',
      statement_timeout: '20000',
    });
    await expect(session.query('CREATE TABLE t (a int)')).rejects.toMatchObject({
      reason: 'readOnly',
      sqlstate: '25006',
    });
    const [version] = await server.query<{ num: string }>(`SELECT current_setting('server_version_num') AS num`);
    expect(session.server).toMatchObject({ num: Number(version!.num), inRecovery: false });
    expect(session.usable).toBe(true);
    await session.close();
    await eventually(async () => (await backends()).length === 0);
  });

  test('leaves values as the server wrote them', async () => {
    const session = await Session.open(profileOf(server), undefined, limits);
    const { fields, rows } = await session.query(
      `SELECT 9223372036854775807 AS big, timestamptz '2026-11-22 03:00:00+00' AS at, '{"a": 1}'::json AS doc, NULL AS none, $1::numeric AS given`,
      ['1.50'],
    );
    expect(fields).toEqual(['big', 'at', 'doc', 'none', 'given']);
    expect(rows).toEqual([['9223372036854775807', '2026-11-22 03:00:00+00', '{"a": 1}', null, '1.50']]);
    await session.close();
  });

  test('takes one statement at a time over the extended protocol', async () => {
    const session = await Session.open(profileOf(server), undefined, limits);
    await expect(session.query('SELECT 1; SELECT 2')).rejects.toMatchObject({ sqlstate: '42601' });
    expect((await session.query('SELECT 3')).rows).toEqual([['3']]);
    await session.close();
  });

  test('rolls back what a transaction did, and says what was sent and remarked', async () => {
    await server.query('CREATE TABLE kept (a int)');
    const session = await Session.open(profileOf(server), undefined, limits);
    const outcome = await session.transaction(
      [
        { text: 'INSERT INTO kept VALUES ($1) RETURNING a', values: ['7'] },
        { text: `DO $$ BEGIN RAISE WARNING 'mind the gap'; END $$` },
      ],
      { access: 'read write' },
    );
    expect(outcome.failure).toBeUndefined();
    expect(outcome.results[0]!.rows).toEqual([['7']]);
    expect(outcome.notices).toEqual(['WARNING: mind the gap']);
    expect(outcome.sent).toEqual([
      'BEGIN READ WRITE',
      'INSERT INTO kept VALUES ($1) RETURNING a',
      expect.stringContaining('RAISE WARNING'),
      'ROLLBACK',
    ]);
    expect(await server.query('SELECT * FROM kept')).toEqual([]);
    await session.close();
  });

  test('ends a statement that runs into the statement timeout, and goes on', async () => {
    const session = await Session.open(profileOf(server), undefined, { ...limits, statementTimeoutMs: 200 });
    await expect(session.query('SELECT pg_sleep(30)')).rejects.toMatchObject({ reason: 'timeout', sqlstate: '57014' });
    expect((await session.query('SELECT 1')).rows).toEqual([['1']]);
    await session.close();
  });

  test('does not wait long for a lock', async () => {
    await server.query('CREATE TABLE locked (a int)');
    const holder = await Session.open(profileOf(server), undefined, limits);
    const session = await Session.open(profileOf(server), undefined, { ...limits, lockTimeoutMs: 100 });
    const held = holder.transaction([{ text: 'LOCK TABLE locked' }, { text: 'SELECT pg_sleep(2)' }], {
      access: 'read write',
    });
    await eventually(async () => (await backends()).some(({ query }) => query.includes('pg_sleep')));
    await expect(session.query('SELECT * FROM locked')).rejects.toMatchObject({
      reason: 'lockTimeout',
      sqlstate: '55P03',
    });
    await held;
    await Promise.all([holder.close(), session.close()]);
  });
});

describe('cancelling', () => {
  test('is over quickly and leaves nothing running', async () => {
    const session = await Session.open(profileOf(server), undefined, limits);
    const controller = new AbortController();
    const running = session.query('SELECT pg_sleep(30)', [], controller.signal);
    await eventually(async () =>
      (await backends()).some(({ state, query }) => state === 'active' && query.includes('pg_sleep')),
    );
    controller.abort();
    await expect(running).rejects.toMatchObject({ reason: 'cancelled', detail: undefined });
    expect((await backends()).filter(({ state }) => state === 'active')).toEqual([]);
    expect(session.usable).toBe(false);
    await eventually(async () => (await backends()).length === 0);
  });

  test('works when the role may have no second connection', async () => {
    await server.query('CREATE ROLE single LOGIN CONNECTION LIMIT 1');
    const session = await Session.open(profileOf(server, { user: 'single' }), undefined, limits);
    await expect(Session.open(profileOf(server, { user: 'single' }), undefined, limits)).rejects.toMatchObject({
      reason: 'tooManyConnections',
    });
    const controller = new AbortController();
    const running = session.query('SELECT pg_sleep(31)', [], controller.signal);
    const sleeping = async () =>
      (await backends()).filter(({ state, query }) => state === 'active' && query.includes('pg_sleep(31)'));
    await eventually(async () => (await sleeping()).length > 0);
    controller.abort();
    await expect(running).rejects.toMatchObject({ reason: 'cancelled', detail: undefined });
    expect(await sleeping()).toEqual([]);
  });

  test('sends nothing when it came before', async () => {
    const session = await Session.open(profileOf(server), undefined, limits);
    const outcome = await session.transaction([{ text: 'SELECT 1' }], { signal: AbortSignal.abort() });
    expect(outcome).toMatchObject({ sent: [], failure: { error: { reason: 'cancelled' } } });
    await session.close();
  });

  test('works while connecting, too', async () => {
    const silent = await silentServer();
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    const profile = profileOf(server, { port: silent.port });
    await expect(Session.open(profile, undefined, limits, controller.signal)).rejects.toMatchObject({
      reason: 'cancelled',
    });
    silent.server.close();
  });

  test('ends in time when the server cannot be reached any more', async () => {
    const session = await Session.open(profileOf(server, { connectTimeoutMs: 500 }), undefined, limits);
    const controller = new AbortController();
    const running = session.query('SELECT pg_sleep(60)', [], controller.signal);
    await eventually(async () =>
      (await backends()).some(({ query, state }) => state === 'active' && query.includes('pg_sleep(60)')),
    );
    const { pid } = (await backends()).find(({ query }) => query.includes('pg_sleep(60)'))!;
    process.kill(pid, 'SIGSTOP');
    process.kill(server.pid!, 'SIGSTOP');
    try {
      controller.abort();
      await expect(running).rejects.toMatchObject({
        reason: 'cancelled',
        detail: expect.stringContaining('second connection'),
      });
    } finally {
      process.kill(server.pid!, 'SIGCONT');
      process.kill(pid, 'SIGCONT');
    }
    await server.query('SELECT pg_terminate_backend($1)', [pid]);
  });
});

describe('a server that', () => {
  test('is down says so', async () => {
    const port = await freePort();
    await expect(Session.open(profileOf(server, { port }), undefined, limits)).rejects.toMatchObject({
      reason: 'unreachable',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
    await expect(Session.open(profileOf(server, { host: '/nowhere' }), undefined, limits)).rejects.toMatchObject({
      reason: 'unreachable',
    });
    await expect(
      Session.open(profileOf(server, { host: 'no-such-host.invalid' }), undefined, limits),
    ).rejects.toMatchObject({ reason: 'unreachable' });
  });

  test('listens and says nothing runs into the connect timeout', async () => {
    const silent = await silentServer();
    const started = performance.now();
    const profile = profileOf(server, { port: silent.port, connectTimeoutMs: 300 });
    await expect(Session.open(profile, undefined, limits)).rejects.toMatchObject({ reason: 'connectTimeout' });
    expect(performance.now() - started).toBeLessThan(3_000);
    silent.server.close();
  });

  test('does not speak the protocol is no PostgreSQL', async () => {
    const http = createServer(socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1');
    await new Promise(resolve => http.once('listening', resolve));
    const { port } = http.address() as { port: number };
    await expect(Session.open(profileOf(server, { port }), undefined, limits)).rejects.toMatchObject({
      reason: 'unreachable',
    });
    http.close();
  });

  test('does not have the database says so', async () => {
    await expect(Session.open(profileOf(server, { database: 'nope' }), undefined, limits)).rejects.toMatchObject({
      reason: 'database',
      sqlstate: '3D000',
    });
  });

  test('is reached through its Unix socket', async () => {
    const session = await Session.open(
      profileOf(server, { host: server.socketDir, sslmode: 'require' }),
      undefined,
      limits,
    );
    expect(session.encrypted).toBe(false);
    expect((await session.query('SELECT inet_client_addr()')).rows).toEqual([[null]]);
    await session.close();
  });

  test('dies in the middle of a statement is told, and the next command reconnects', async () => {
    const keeper = new SessionKeeper();
    const profile = profileOf(server);
    const first = await keeper.lend(profile, undefined, limits);
    const running = first.query('SELECT pg_sleep(30)');
    const failing = expect(running).rejects.toMatchObject({ reason: 'disconnected' });
    await eventually(async () =>
      (await backends()).some(({ query, state }) => state === 'active' && query.includes('pg_sleep')),
    );
    await server.stop('immediate');
    await failing;
    expect(first.usable).toBe(false);
    await keeper.giveBack(first);
    await expect(keeper.lend(profile, undefined, limits)).rejects.toMatchObject({ reason: 'unreachable' });
    await server.start();
    const second = await keeper.lend(profile, undefined, limits);
    expect((await second.query('SELECT 1')).rows).toEqual([['1']]);
    await keeper.giveBack(second);
    await keeper.dispose();
  });

  test('kills the backend is told', async () => {
    const session = await Session.open(profileOf(server), undefined, limits);
    const running = expect(session.query('SELECT pg_sleep(30)')).rejects.toMatchObject({
      reason: 'disconnected',
      sqlstate: '57P01',
    });
    await eventually(async () =>
      (await backends()).some(({ query, state }) => state === 'active' && query.includes('pg_sleep')),
    );
    await server.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%' AND pid <> pg_backend_pid()`,
    );
    await running;
    expect(session.usable).toBe(false);
    await session.close();
  });

  test('fell silent is given up on', async () => {
    const session = await Session.open(profileOf(server, { connectTimeoutMs: 400 }), undefined, limits);
    const pid = Number((await session.query('SELECT pg_backend_pid()')).rows[0]![0]);
    process.kill(pid, 'SIGSTOP');
    try {
      await expect(session.query('SELECT 1')).rejects.toMatchObject({ reason: 'disconnected' });
      expect(session.usable).toBe(false);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await session.close();
  });
});

describe('passwords', () => {
  const password = 'corRect-horse battery"\'ü';
  beforeAll(async () => {
    await server.query(`SET password_encryption = 'scram-sha-256'`);
    const [hba] = await server.query<{ file: string }>(`SELECT current_setting('hba_file') AS file`);
    const rules = await readFile(hba!.file, 'utf8');
    await writeFile(
      hba!.file,
      `host all guarded 127.0.0.1/32 scram-sha-256\nhost all refused 127.0.0.1/32 reject\n${rules}`,
    );
    await server.query('SELECT pg_reload_conf()');
    await server.query(`CREATE ROLE guarded LOGIN PASSWORD 'corRect-horse battery"''ü'`);
    await server.query('CREATE ROLE refused LOGIN');
  });

  test('log in by SCRAM, and are nowhere to be seen', async () => {
    const session = await Session.open(profileOf(server, { user: 'guarded' }), password, limits);
    expect((await session.query('SELECT current_user')).rows).toEqual([['guarded']]);
    expect(inspect(session, { depth: 20, showHidden: true })).not.toContain('corRect');
    expect(JSON.stringify(session)).not.toContain('corRect');
    await session.close();
  });

  test.each([
    ['wrong', 'not-it-at-all', '28P01'],
    ['missing', undefined, undefined],
    ['empty', '', undefined],
  ])('that are %s get one clear message', async (_what, given, sqlstate) => {
    const error = await Session.open(profileOf(server, { user: 'guarded' }), given, limits).catch(caught => caught);
    expect(error).toMatchObject({ reason: 'authentication', sqlstate });
    expect(error.next).toContain('password');
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('not-it-at-all');
  });

  test('do not help where pg_hba.conf refuses', async () => {
    await expect(Session.open(profileOf(server, { user: 'refused' }), 'x', limits)).rejects.toMatchObject({
      reason: 'authentication',
      sqlstate: '28000',
    });
  });

  test('come from PGPASSWORD when nothing else is known', async () => {
    const { host, port, database } = server;
    const settings = { host, port, database, user: 'guarded' };
    const session = await connect(settings, { limits, env: { ...process.env, PGPASSWORD: password } });
    expect((await session.query('SELECT 1')).rows).toEqual([['1']]);
    await session.close();
  });
});

describe('a kept session', () => {
  test('is used again while nothing changed', async () => {
    const keeper = new SessionKeeper();
    const pid = async () => {
      const session = await keeper.lend(profileOf(server), undefined, limits);
      const { rows } = await session.query('SELECT pg_backend_pid()');
      await keeper.giveBack(session);
      return rows[0]![0];
    };
    expect(await pid()).toBe(await pid());
    await keeper.dispose();
    await eventually(async () => (await backends()).length === 0);
  });

  test("is not used again after the role's settings changed", async () => {
    await server.query('CREATE ROLE tuned LOGIN');
    const keeper = new SessionKeeper();
    const setting = async () => {
      const session = await keeper.lend(profileOf(server, { user: 'tuned' }), undefined, limits);
      const { rows } = await session.query(`SELECT current_setting('enable_nestloop')`);
      await keeper.giveBack(session);
      return rows[0]![0];
    };
    expect(await setting()).toBe('on');
    await server.query('ALTER ROLE tuned SET enable_nestloop = off');
    expect(await setting()).toBe('off');
    await keeper.dispose();
  });

  test('is closed when nobody comes', async () => {
    const keeper = new SessionKeeper(100);
    await keeper.giveBack(await keeper.lend(profileOf(server), undefined, limits));
    expect(await backends()).toHaveLength(1);
    await eventually(async () => (await backends()).length === 0);
    await keeper.dispose();
  });
});

/** Accepts and never says a word. */
async function silentServer(): Promise<{ server: Server; port: number }> {
  const silent = createServer(socket => socket.on('error', () => {}).unref()).listen(0, '127.0.0.1');
  await new Promise(resolve => silent.once('listening', resolve));
  return { server: silent, port: (silent.address() as { port: number }).port };
}
