import { ClusterError } from './errors';
import type { QueryResult, ServerVersion, Session, Statement } from './session';

export interface SettingChange {
  name: string;
  /** As `current_setting` prints it. */
  value: string;
}

/** As identifiers of a setting are: two parts at most. What does not fit is refused before it gets into a text. */
const settingName = /^[a-z_][a-z0-9_$]*(\.[a-z_][a-z0-9_$]*)?$/i;

/**
 * SET LOCAL for each: gone with the transaction. Citus passes it on to the workers of this transaction only when told to,
 * and passes on SET statements, not set_config(). Throws a {@link ClusterError} for what is no name of a setting.
 */
export function setLocally(changes: readonly SettingChange[], server: Pick<ServerVersion, 'citus'>): Statement[] {
  if (changes.length === 0) return [];
  const statements = changes.map(({ name, value }): Statement => {
    if (!settingName.test(name))
      throw new ClusterError('refused', `"${name}" is not the name of a setting.`, { next: 'Choose another setting.' });
    const quoted = name
      .split('.')
      .map(part => `"${part}"`)
      .join('.');
    return { text: `SET LOCAL ${quoted} TO ${literal(value)}`, simple: true };
  });
  if (server.citus !== undefined)
    statements.unshift({ text: "SET LOCAL citus.propagate_set_commands = 'local'", simple: true });
  return statements;
}

/** An escape string, which means the same whatever standard_conforming_strings says. */
function literal(text: string): string {
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/**
 * Has the workers say which settings they run with, on the connections of this transaction: Citus sends the functions in
 * a query over shards along as they stand. The first question gives a row when a shard runs with all of `changes`, the
 * second when one does not; where a shard has nothing to say the executor does not even scan it. Both are needed, as an
 * empty table answers neither.
 */
export function workersProbe(table: string, changes: readonly SettingChange[]): Statement[] {
  const values = changes.flatMap(({ name, value }) => [name, value]);
  const each = changes.map(
    (_, i) => `pg_catalog.current_setting($${2 * i + 1}, true) IS NOT DISTINCT FROM $${2 * i + 2}`,
  );
  const all = `(${each.join(' AND ')})`;
  return [all, `NOT ${all}`].map(condition => ({ text: `SELECT 1 FROM ${table} WHERE ${condition} LIMIT 1`, values }));
}

/** What the answers to {@link workersProbe} say; undefined when the table is empty. */
export function heardByWorkers([heard, unheard]: readonly QueryResult[]): boolean | undefined {
  if (!heard || !unheard) return undefined;
  if (unheard.rows.length > 0) return false;
  return heard.rows.length > 0 ? true : undefined;
}

/**
 * A table of Citus's that the shards named in a plan belong to, as SQL needs it written, and which the role may read;
 * undefined when there is none. Rejects with a ClusterError.
 */
export async function distributedTable(
  session: Session,
  shards: readonly string[],
  signal?: AbortSignal,
): Promise<string | undefined> {
  const ids = shards.flatMap(name => /_(\d{1,18})$/.exec(name)?.[1] ?? []);
  if (session.server.citus === undefined || ids.length === 0) return undefined;
  const { rows } = await session.query(
    `SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
       FROM pg_catalog.pg_dist_shard s
       JOIN pg_catalog.pg_dist_partition p ON p.logicalrelid = s.logicalrelid AND p.partmethod = 'h'
       JOIN pg_catalog.pg_class c ON c.oid = s.logicalrelid
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE s.shardid = ANY ($1::bigint[]) AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
      LIMIT 1`,
    [`{${ids.join(',')}}`],
    signal,
  );
  return rows[0]?.[0] ?? undefined;
}

/** A setting before and after a change, as the server prints it. */
export interface RehearsedChange {
  name: string;
  from: string;
  to: string;
}

/**
 * Sets them in a transaction that is rolled back, and reads them before and after. Rejects with a {@link ClusterError}
 * when the server does not let this role, or anybody, set one for a transaction.
 */
export async function rehearse(
  session: Session,
  changes: readonly SettingChange[],
  signal?: AbortSignal,
): Promise<RehearsedChange[]> {
  const read = readStatement(changes.map(({ name }) => name));
  const { results, failure } = await session.transaction([read, ...setLocally(changes, session.server), read], {
    signal,
  });
  if (failure) throw failure.error;
  const [before, after] = [values(results[0]!), values(results.at(-1)!)];
  return changes.map(({ name }) => ({ name, from: before.get(name) ?? '', to: after.get(name) ?? '' }));
}

/** What the settings are in a transaction of this session. Unknown ones are absent. Rejects with a ClusterError. */
export async function currentSettings(
  session: Session,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  // Not Session.query, which switches JIT off to read them.
  const { results, failure } = await session.transaction([readStatement(names)], { signal });
  if (failure) throw failure.error;
  return values(results[0]!);
}

/** What settings are where nothing is configured, in their base unit: SET takes them as they are. Rejects with a ClusterError. */
export async function builtInSettings(
  session: Session,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await session.query(
    'SELECT name, boot_val FROM pg_catalog.pg_settings WHERE name = ANY ($1::text[]) AND boot_val IS NOT NULL',
    [arrayOf(names)],
    signal,
  );
  return new Map(rows.map(([name, value]) => [name!, value!]));
}

function readStatement(names: readonly string[]): Statement {
  return {
    text: `SELECT name, pg_catalog.current_setting(name, true) FROM pg_catalog.unnest($1::text[]) AS name`,
    values: [arrayOf(names)],
  };
}

function arrayOf(names: readonly string[]): string {
  return `{${names.map(name => JSON.stringify(name)).join(',')}}`;
}

function values({ rows }: QueryResult): Map<string, string> {
  return new Map(
    rows.flatMap(([name, value]) => (name && value !== null && value !== undefined ? [[name, value]] : [])),
  );
}
