import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readStatementStatistics } from '../../src/cluster/read-statements';
import { Session } from '../../src/cluster/session';
import { recordsOf } from '../../src/statements/delta';
import { columnOf, extensionVersion } from '../../src/statements/figures';
import { readingNotes } from '../../src/statements/notes';
import type { Reading } from '../../src/statements/reading';
import { figuresOf, longestText } from '../../src/statements/rows';
import { findPostgres } from '../lab/installations';
import { type LabPair, startPlainPair } from '../lab/lab';
import { type LabServer, labDatabase } from '../lab/server';
import { limits, profileOf } from './profile-of';

const majors = [...new Set((await findPostgres()).map(({ majorVersion }) => majorVersion))].sort();

async function read(server: LabServer, user?: string): Promise<Reading> {
  const session = await Session.open({ ...profileOf(server), ...(user ? { user } : {}) }, undefined, limits);
  try {
    return await readStatementStatistics(session, 'here');
  } finally {
    await session.close();
  }
}
const rowsOf = ({ nodes }: Reading) => recordsOf(nodes[0]!);
const notesOf = (reading: Reading) =>
  readingNotes(reading)
    .map(({ text, remedy }) => `${text} ${remedy ?? ''}`)
    .join('\n');

describe.each(majors)('PostgreSQL %i', major => {
  let pair: LabPair;
  let server: LabServer;
  beforeAll(async () => {
    pair = await startPlainPair({ source: major, target: major });
    server = pair.source.coordinator;
  });
  afterAll(() => pair?.stop());

  test('every version of the extension that it can create is read with every column it has', async () => {
    const updates = await server.query<{ version: string }>(
      `SELECT version FROM pg_available_extension_versions WHERE name = 'pg_stat_statements' ORDER BY version`,
    );
    const versions = updates.map(({ version }) => version).filter(version => extensionVersion(version) >= 1.07);
    // What is not created from a script of its own is reached by updates from the oldest that is.
    for (const version of versions.length > 0 ? versions : ['1.7']) {
      await server.query('DROP EXTENSION pg_stat_statements');
      await server.query(`CREATE EXTENSION pg_stat_statements VERSION '${version}'`);
      const columns = await server.query<{ column_name: string }>(
        `SELECT column_name FROM information_schema.columns WHERE table_name = 'pg_stat_statements'`,
      );
      const others =
        /^(?:userid|dbid|toplevel|queryid|query|mean_time|mean_exec_time|mean_plan_time|stats_since|minmax_stats_since)$/;
      const kept = columns.map(({ column_name }) => column_name).filter(name => !others.test(name));
      const number = extensionVersion(version);
      expect([
        version,
        figuresOf(number)
          .map(id => columnOf(id, number)!)
          .sort(),
      ]).toEqual([version, kept.sort()]);
      await server.query(`SELECT ${number * 100} AS probe`);
      const reading = await read(server);
      expect(reading.nodes[0]).toMatchObject({ extension: version });
      expect(rowsOf(reading).some(({ sql }) => sql.includes('AS probe'))).toBe(true);
    }
  });

  test('says what is missing, and how to mend it', async () => {
    await server.query('DROP EXTENSION IF EXISTS pg_stat_statements');
    expect((await read(server)).nodes[0]!.problem).toMatchObject({ remedy: 'CREATE EXTENSION pg_stat_statements;' });
    await server.query('CREATE EXTENSION pg_stat_statements');
    await server.query(`ALTER SYSTEM SET pg_stat_statements.track = 'none'`);
    await server.query('SELECT pg_reload_conf()');
    await expect
      .poll(async () => notesOf(await read(server)))
      .toContain("ALTER SYSTEM SET pg_stat_statements.track = 'top'");
    await server.query('ALTER SYSTEM RESET pg_stat_statements.track');
    await server.query('SELECT pg_reload_conf()');
  });

  test('hides what the role may not see, and names the grant; with it all is there', async () => {
    await server.query(`CREATE ROLE "odd ""role""\t" LOGIN; SELECT 'of the superuser'`);
    expect(notesOf(await read(server, 'odd "role"\t'))).toMatch(
      /statements of other roles are hidden.*GRANT pg_read_all_stats/s,
    );
    await server.query(`GRANT pg_read_all_stats TO "odd ""role""\t"`);
    const reading = await read(server, 'odd "role"\t');
    expect(notesOf(reading)).not.toMatch(/hidden/);
    expect(new Set(rowsOf(reading).map(({ user }) => user))).toContain('postgres');
  });

  test('counts as the server does, in every database, and leaves out what Cutover asks', async () => {
    await server.query(`CREATE DATABASE "other\tdb"`);
    await server.query('SELECT 1 AS elsewhere', [], 'other\tdb');
    for (let i = 0; i < 7; i++) await server.query('SELECT generate_series(1, $1::int) AS counted', [i + 1]);
    // Not just one number: the query id knows no names of columns, and the text of the first stands for all.
    await server.query(`SELECT /* ${'x'.repeat(longestText)} */ 2, 3, 4`);
    const rows = rowsOf(await read(server));
    const counted = rows.find(({ sql }) => sql.includes('AS counted'))!;
    const [own] = await server.query<{ calls: number; total: number }>(
      `SELECT calls::int, ${major >= 13 ? 'total_exec_time' : 'total_time'} AS total FROM pg_stat_statements WHERE query LIKE '%AS counted'`,
    );
    expect([...counted.figures.slice(0, 2)]).toEqual([own!.calls, own!.total]);
    expect(counted).toMatchObject({ database: labDatabase, user: 'postgres', truncated: false });
    expect(rows.find(({ sql }) => sql.includes('AS elsewhere'))).toMatchObject({ database: 'other\tdb' });
    expect(rows.find(({ sql }) => sql.startsWith('SELECT /* xxx'))).toMatchObject({ truncated: true });
    expect(rows.filter(({ sql }) => /cutover|SET LOCAL|pg_stat_statements_info/.test(sql))).toEqual([]);
  });
});
