import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { catalogue } from '../../src/checks/catalogue';
import { type Side, sides } from '../../src/shared/side';
import { findPostgres } from '../lab/installations';
import { type LabPair, startPlainPair } from '../lab/lab';
import { rollBack, runCheck, runChecks, runRemedy, wordsOf } from './checks-on';

// Memberships and privileges are not the same in all versions.
const majors = (await findPostgres()).map(({ majorVersion }) => majorVersion).sort((a, b) => a - b);
const oldestAndNewest = [...new Set([majors[0]!, majors.at(-1)!])];

let pair: LabPair;
const on = (side: Side, sql: string) => pair[side].coordinator.query(sql);
const addressOf = (side: Side) => `${pair[side].coordinator.host}:${pair[side].coordinator.port}`;
const groups = new Set(['roles.', 'settings.functions']);
const ids = catalogue.map(({ id }) => id).filter(id => [...groups].some(group => id.startsWith(group)));

/** The fault is found, its remedy mends it, its rollback brings it back, and it is mended again. */
async function mends(id: string): Promise<void> {
  const found = await runCheck(pair, id);
  expect(found).toMatchObject({ verdict: 'fail' });
  await runRemedy(pair, found);
  expect((await runCheck(pair, id)).details.filter(line => !line.startsWith('remark'))).toEqual([]);
  await rollBack(pair, found);
  expect((await runCheck(pair, id)).differences).toEqual(found.differences);
  await runRemedy(pair, found);
  expect(await runCheck(pair, id)).toMatchObject({ verdict: 'pass' });
}

describe.each(oldestAndNewest)('on PostgreSQL %i', major => {
  beforeAll(async () => {
    pair = await startPlainPair({ source: major, target: major });
    for (const side of sides)
      await on(
        side,
        `CREATE ROLE owner; CREATE ROLE readers; CREATE ROLE "od""d \\ role" LOGIN PASSWORD 'x';
       CREATE ROLE app LOGIN PASSWORD 'y' CONNECTION LIMIT 20;
       CREATE SCHEMA "s'p ace" AUTHORIZATION owner; SET ROLE owner;
       CREATE TABLE "s'p ace".accounts (id int PRIMARY KEY, tenant text, secret text);
       CREATE VIEW "s'p ace".shown AS SELECT id FROM "s'p ace".accounts;
       CREATE SEQUENCE "s'p ace".numbers;
       CREATE FUNCTION "s'p ace".pay(amount numeric(10, 2), "odd name" text[]) RETURNS int LANGUAGE sql AS 'SELECT 1'`,
      );
  });
  afterAll(() => pair?.stop());

  test('the same roles, grants, owners, policies and rules pass', async () => {
    const results = await runChecks(pair, ids);
    expect(results.map(({ id, verdict, details }) => [id, verdict, details])).toEqual(ids.map(id => [id, 'pass', []]));
  });

  test('roles.attributes: a missing role, a lower limit, an expiry, another attribute', async () => {
    await on('source', `CREATE ROLE "gone; DROP TABLE t" LOGIN CREATEDB`);
    await on(
      'target',
      `ALTER ROLE app CONNECTION LIMIT 5 VALID UNTIL '2020-01-01'; ALTER ROLE readers NOINHERIT BYPASSRLS`,
    );
    await on('target', 'CREATE ROLE extra');
    const found = await runCheck(pair, 'roles.attributes');
    expect(found.differences).toEqual([
      {
        what: 'role app',
        source: 'LOGIN CONNECTION LIMIT 20',
        target: "LOGIN CONNECTION LIMIT 5 VALID UNTIL '2020-01-01T00:00:00Z'",
      },
      { what: 'role readers', source: 'NOLOGIN', target: 'NOLOGIN NOINHERIT BYPASSRLS' },
      { what: 'role gone; DROP TABLE t', source: 'LOGIN CREATEDB', target: 'no such role' },
    ]);
    expect(wordsOf(found)).toContain('remark: role extra: source no such role, target NOLOGIN');
    for (const sql of found.remedies.map(remedy => remedy.sql)) await on('target', sql);
    expect(await runCheck(pair, 'roles.attributes')).toMatchObject({ verdict: 'pass' });
    await on('source', 'DROP ROLE "gone; DROP TABLE t"');
    await on('target', 'DROP ROLE "gone; DROP TABLE t"; DROP ROLE extra');
  });

  test('roles.attributes: a service without superusers', async () => {
    await on('source', 'CREATE ROLE boss SUPERUSER LOGIN');
    await on('target', 'CREATE ROLE boss LOGIN; CREATE ROLE azure_pg_admin');
    expect(wordsOf(await runCheck(pair, 'roles.attributes'))).toContain(
      'Azure Database for PostgreSQL has no superusers for its customers',
    );
    expect(await runCheck(pair, 'roles.attributes')).toMatchObject({ verdict: 'pass' });
    await on('target', 'DROP ROLE azure_pg_admin');
    expect(await runCheck(pair, 'roles.attributes')).toMatchObject({ verdict: 'fail' });
    await mends('roles.attributes');
    for (const side of sides) await on(side, 'DROP ROLE boss');
  });

  test('roles.membership: missing, with another option, and too much', async () => {
    await on('source', 'GRANT readers TO app; GRANT owner TO app WITH ADMIN OPTION');
    await on('target', 'GRANT owner TO app; GRANT pg_monitor TO app');
    expect((await runCheck(pair, 'roles.membership')).differences).toEqual([
      { what: 'member app of role owner', source: 'with ADMIN', target: 'without ADMIN' },
      { what: 'member app of role pg_monitor', source: 'no member', target: 'without ADMIN' },
      { what: 'member app of role readers', source: 'without ADMIN', target: 'no member' },
    ]);
    await mends('roles.membership');
  });

  test('roles.membership: what CREATE ROLE gives to its maker by itself from 16 on', async () => {
    for (const side of sides) await on(side, 'CREATE ROLE maker CREATEROLE');
    await on('source', 'CREATE ROLE made');
    await on('target', 'SET ROLE maker; CREATE ROLE made');
    const found = await runCheck(pair, 'roles.membership');
    expect(found).toMatchObject({ verdict: 'pass' });
    expect(found.details).toHaveLength(major >= 16 ? 1 : 0);
    for (const side of sides) await on(side, 'DROP ROLE made; DROP ROLE maker');
  });

  test('roles.grants: tables, columns, routines, PUBLIC, the database and defaults', async () => {
    await on('source', `GRANT USAGE ON SCHEMA "s'p ace" TO readers; GRANT SELECT, INSERT ON "s'p ace".accounts TO app`);
    await on('source', `GRANT SELECT (id) ON "s'p ace".accounts TO "od""d \\ role" WITH GRANT OPTION`);
    await on(
      'source',
      `REVOKE EXECUTE ON FUNCTION "s'p ace".pay FROM PUBLIC; GRANT USAGE ON SEQUENCE "s'p ace".numbers TO app`,
    );
    await on('source', `ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA "s'p ace" GRANT SELECT ON TABLES TO readers`);
    await on('source', 'REVOKE CONNECT ON DATABASE app FROM PUBLIC; GRANT CONNECT ON DATABASE app TO app');
    await on('target', `GRANT SELECT, DELETE ON "s'p ace".accounts TO app`);
    const found = await runCheck(pair, 'roles.grants');
    expect(new Set(found.differences.map(({ what, source, target }) => `${what}: ${source} / ${target}`))).toEqual(
      new Set([
        "to readers on schema s'p ace: USAGE / not granted, or no such object",
        "to app on table s'p ace.accounts: INSERT, SELECT / DELETE, SELECT",
        `to od"d \\ role on column s'p ace.accounts.id: SELECT WITH GRANT OPTION / not granted, or no such object`,
        `to PUBLIC on routine s'p ace.pay(amount numeric, "odd name" text[]): nothing / EXECUTE (default)`,
        "to app on sequence s'p ace.numbers: USAGE / not granted, or no such object",
        "to readers on new tables of owner in s'p ace: SELECT / not granted, or no such object",
        'to PUBLIC on the database: TEMPORARY / CONNECT, TEMPORARY (default)',
        'to app on the database: CONNECT / not granted, or no such object',
      ]),
    );
    await mends('roles.grants');
  });

  test('roles.owners: a table, a view and a routine of the wrong role', async () => {
    await on('target', `ALTER TABLE "s'p ace".accounts OWNER TO app; ALTER FUNCTION "s'p ace".pay OWNER TO app`);
    const found = await runCheck(pair, 'roles.owners');
    expect(found.differences).toEqual([
      {
        what: "owners of routines in s'p ace",
        source: 'owner (pay(amount numeric, "odd name" text[]))',
        target: 'app (pay(amount numeric, "odd name" text[]))',
      },
      { what: "owners of tables in s'p ace", source: 'owner (accounts)', target: 'app (accounts)' },
    ]);
    await mends('roles.owners');
  });

  test('roles.row-security: not enabled, not forced, no policy, another policy', async () => {
    const table = `"s'p ace".accounts`;
    await on('source', `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`);
    await on(
      'source',
      `CREATE POLICY tenants ON ${table} AS RESTRICTIVE FOR SELECT TO app, readers USING (tenant = current_user)`,
    );
    await on('source', `CREATE POLICY "all" ON ${table} USING (tenant <> 'it''s') WITH CHECK (id > 0)`);
    await on('target', `CREATE POLICY "all" ON ${table} USING (true)`);
    const found = await runCheck(pair, 'roles.row-security');
    expect(new Set(found.differences.map(({ what, target }) => `${what}: ${target}`))).toEqual(
      new Set([
        "row security of s'p ace.accounts: off",
        "policy all of s'p ace.accounts: FOR ALL TO PUBLIC USING (true)",
        "policy tenants of s'p ace.accounts: no such policy",
      ]),
    );
    await mends('roles.row-security');
  });

  test('settings.functions: a clause that one side lacks, and one of another value', async () => {
    for (const side of sides) await on(side, `ALTER FUNCTION "s'p ace".pay SET jit = off`);
    await on(
      'source',
      `ALTER FUNCTION "s'p ace".pay SET search_path = "s'p ace", pg_temp; ALTER FUNCTION "s'p ace".pay SET work_mem = '1GB'`,
    );
    await on(
      'target',
      `ALTER FUNCTION "s'p ace".pay SET jit = on; ALTER FUNCTION "s'p ace".pay SET work_mem = '1024MB'`,
    );
    expect((await runCheck(pair, 'settings.functions')).differences).toEqual([
      { what: expect.stringMatching(/^jit of/), source: 'off', target: 'on' },
      {
        what: expect.stringMatching(/^search_path of/),
        source: `"s'p ace", pg_temp`,
        target: 'not set, or no such function',
      },
    ]);
    await mends('settings.functions');
  });

  test('roles.passwords: none, and one that the rules do not accept', async () => {
    await on(
      'target',
      `ALTER ROLE app PASSWORD NULL; SET password_encryption = md5; ALTER ROLE "od""d \\ role" PASSWORD 'x'`,
    );
    const found = await runCheck(pair, 'roles.passwords');
    expect(found.differences).toEqual([{ what: 'password of app', source: 'scram-sha-256', target: 'none' }]);
    expect(wordsOf(found)).toContain('remark: password of od"d \\ role: source scram-sha-256, target md5');
    // The digest itself never leaves the server.
    expect(JSON.stringify(found)).not.toMatch(/SCRAM-SHA-256\$|md5[0-9a-f]{32}/);
    await on('target', `ALTER ROLE app PASSWORD 'y'`);
    expect(await runCheck(pair, 'roles.passwords')).toMatchObject({ verdict: 'pass' });
    expect(await runCheck(pair, 'roles.passwords', { user: 'app' })).toMatchObject({
      verdict: 'unknown',
      unknown: [{ node: addressOf('source') }, { node: addressOf('target') }],
    });
  });

  test('roles.host-rules: an error, a weaker rule, a role that no rule lets in', async () => {
    const file = (side: Side) => join(pair[side].coordinator.dataDir, 'pg_hba.conf');
    const [atSource, atTarget] = [await readFile(file('source'), 'utf8'), await readFile(file('target'), 'utf8')];
    // Without TLS the server says that such a rule cannot match, which is the source's business.
    await appendFile(file('source'), 'hostssl all all 10.0.0.0/8 scram-sha-256\n');
    expect(await runCheck(pair, 'roles.host-rules')).toMatchObject({ verdict: 'pass' });
    await appendFile(file('target'), 'host all all 10.0.0.0/8 trust\nhost all all nonsense scram-sha-256 oops\n');
    const found = await runCheck(pair, 'roles.host-rules');
    expect(found.differences.map(({ what }) => what)).toEqual([
      expect.stringMatching(/^error in pg_hba.conf, line \d+$/),
      'other machines are trusted without a password',
      'connections without TLS are let in',
    ]);
    await writeFile(file('target'), 'local all postgres trust\nhost all postgres 127.0.0.1/32 trust\n');
    await appendFile(file('source'), 'host app app 10.0.0.0/8 scram-sha-256\n');
    expect((await runCheck(pair, 'roles.host-rules')).differences.map(({ what }) => what)).toEqual([
      'no rule lets app in',
    ]);
    await writeFile(file('source'), atSource);
    await writeFile(file('target'), atTarget);
    const hidden = await runCheck(pair, 'roles.host-rules', { user: 'app' });
    expect(hidden).toMatchObject({ verdict: 'unknown' });
    for (const side of sides) await on(side, hidden.unknown[0]!.grant!);
    expect(await runCheck(pair, 'roles.host-rules', { user: 'app' })).toMatchObject({ verdict: 'pass' });
  });

  test('roles.superuser: what a managed target does not allow', async () => {
    await on(
      'source',
      `CREATE FUNCTION public.risky() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT pg_read_file(''x'')'`,
    );
    await on('source', `CREATE FUNCTION note_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'`);
    await on('source', 'CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION note_ddl()');
    await on('source', 'GRANT pg_read_server_files TO app');
    const plain = await runCheck(pair, 'roles.superuser');
    expect(plain).toMatchObject({ verdict: 'pass' });
    expect(wordsOf(plain)).toContain(
      'a restore needs a superuser for: SECURITY DEFINER function of a superuser public.risky',
    );
    await on('target', 'CREATE ROLE rds_superuser');
    expect((await runCheck(pair, 'roles.superuser')).differences.map(({ what }) => what)).toEqual([
      'SECURITY DEFINER function of a superuser: public.risky',
      'event trigger: watch',
      'function that reads or runs files of the server: public.risky',
      'member of pg_read_server_files: app',
    ]);
    await on('target', 'DROP ROLE rds_superuser');
  });
});
