/**
 * Whether anything on a server changed between two looks, by what the server itself keeps: its data, its catalogs, its
 * settings, the next transaction id, every record of its WAL, and its log.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import type { LabServer } from '../lab/server';

export interface Look {
  /** By what it is of. */
  state: Record<string, string>;
  lsn: string;
  logLength: number;
}

/** Catalogs in which anything that is made, changed or granted leaves a row. */
const catalogs = [
  'pg_class pg_attribute pg_attrdef pg_proc pg_type pg_operator pg_cast pg_aggregate pg_namespace pg_authid pg_database',
  'pg_auth_members pg_db_role_setting pg_extension pg_foreign_server pg_foreign_table pg_rewrite pg_policy pg_trigger',
  'pg_constraint pg_index pg_largeobject_metadata pg_description pg_statistic pg_collation pg_event_trigger pg_tablespace',
]
  .join(' ')
  .split(' ');

const states: Readonly<Record<string, string>> = {
  settings: `SELECT string_agg(name || '=' || setting, ',' ORDER BY name) FROM pg_settings WHERE source NOT IN ('session', 'client')`,
  'configuration loaded': 'SELECT pg_conf_load_time()',
  'next transaction id': 'SELECT pg_snapshot_xmax(pg_current_snapshot())',
  'advisory locks': `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid IN
    (SELECT pid FROM pg_stat_activity WHERE application_name IN ('cutover', 'victim'))`,
  'prepared transactions': 'SELECT count(*) FROM pg_prepared_xacts',
  'replication slots': 'SELECT count(*) FROM pg_replication_slots',
  notifications: 'SELECT pg_notification_queue_usage()',
  'statistics reset': `SELECT string_agg(coalesce(stats_reset::text, '-'), ',' ORDER BY datid) FROM pg_stat_database`,
  'large objects': 'SELECT count(*) FROM pg_largeobject',
  victims: `SELECT string_agg(pid::text, ',' ORDER BY pid) FROM pg_stat_activity WHERE application_name = 'victim'`,
};

/** A connection that sees what Citus hides, and leaves nothing behind itself. */
async function watcher(server: LabServer): Promise<Client> {
  const { host, port, database, user } = server;
  const client = new Client({ host, port, database, user, application_name: 'watcher' });
  client.on('error', () => {});
  await client.connect();
  const { rows } = await client.query(`SELECT 1 FROM pg_settings WHERE name = 'citus.override_table_visibility'`);
  if (rows.length > 0) await client.query('SET citus.override_table_visibility = off');
  return client;
}

/** Of a cluster's coordinator, which takes it to the workers. */
export const watchingObjects = ['CREATE EXTENSION pg_walinspect'];

/** Freezes what a mere read would otherwise tidy up, so that reading writes no WAL. */
export async function settle(server: LabServer): Promise<void> {
  const client = await watcher(server);
  await client.query('VACUUM (FREEZE)');
  await client.query('CHECKPOINT');
  await client.end();
}

export async function look(server: LabServer): Promise<Look> {
  const client = await watcher(server);
  const value = async (sql: string) => String(Object.values((await client.query(sql)).rows[0] as object)[0]);
  const digest = (table: string) =>
    value(
      `SELECT count(*) || ' rows ' || coalesce(md5(string_agg(md5(x::text), '' ORDER BY md5(x::text))), '-') FROM (TABLE ONLY ${table}) AS x`,
    );
  const state: Record<string, string> = {};
  for (const catalog of catalogs) state[catalog] = await digest(`pg_catalog.${catalog}`);
  for (const [what, sql] of Object.entries(states)) state[what] = await value(sql);
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'S') AND c.oid >= 16384 AND n.nspname NOT LIKE 'pg_temp%' AND c.relkind IN ('r', 'S')
        AND NOT (c.relname LIKE 'pg_dist_node_metadata' OR c.relname LIKE 'pg_dist_background%' OR c.relname LIKE '%_pkey')`,
  );
  for (const { name } of rows) state[name] = await digest(name);
  state.files = (await readdir(server.dataDir)).filter(name => name.includes('loot')).join(' ');
  const lsn = await value('SELECT pg_current_wal_insert_lsn()');
  await client.end();
  return { state, lsn, logLength: (await wholeLog(server)).length };
}

/** What an idle server writes: checkpoints, and the list of running transactions. */
const idleRecords = `resource_manager = 'Standby' AND record_type = 'RUNNING_XACTS'
  OR resource_manager = 'XLOG' AND record_type LIKE 'CHECKPOINT%'`;

/** Everything that is not as it was, in words. */
export async function changesSince(server: LabServer, before: Look): Promise<string[]> {
  const after = await look(server);
  const names = new Set([...Object.keys(before.state), ...Object.keys(after.state)]);
  const changes = [...names]
    .filter(name => before.state[name] !== after.state[name])
    .map(name => `${name}: ${before.state[name]} -> ${after.state[name]}`);
  const client = await watcher(server);
  // Flushes what is to be looked at.
  await client.query('CHECKPOINT');
  const { rows } = await client.query<{ record: string }>(
    `SELECT resource_manager || ' ' || record_type || ' xid ' || xid AS record
       FROM pg_get_wal_records_info($1, pg_current_wal_flush_lsn()) WHERE NOT (${idleRecords})`,
    [before.lsn],
  );
  await client.end();
  return [...changes, ...rows.map(({ record }) => `WAL: ${record}`)];
}

/** What the server logged since; with log_statement = all, every statement that arrived, also one that does not parse. */
export async function loggedSince(server: LabServer, before: Look): Promise<string> {
  return (await wholeLog(server)).slice(before.logLength);
}

function wholeLog(server: LabServer): Promise<string> {
  return readFile(join(server.socketDir, 'server.log'), 'utf8');
}
