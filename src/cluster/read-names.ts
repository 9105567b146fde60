/** Schemas, tables and columns of a database, for completion. */
import type { DatabaseNames } from '../shared/playbook-server';
import { json } from './places';
import type { Session } from './session';

/** More tables than these are not offered: nobody reads such a list, and it would be sent with every key. */
const maxTables = 2000;

const namesQuery = `SELECT json_build_object(
  'schemas', (SELECT coalesce(json_agg(nspname ORDER BY nspname), '[]') FROM pg_catalog.pg_namespace
               WHERE nspname NOT LIKE 'pg\\_toast%' AND nspname NOT LIKE 'pg\\_temp%'),
  'tables', (SELECT coalesce(json_agg(t), '[]') FROM (
    SELECT n.nspname AS schema, c.relname AS name,
           (SELECT coalesce(json_agg(a.attname ORDER BY a.attnum), '[]') FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT LIKE 'pg\\_toast%' AND NOT c.relispartition
     ORDER BY (n.nspname = 'pg_catalog') OR (n.nspname = 'information_schema'), n.nspname, c.relname
     LIMIT ${maxTables}) t))`;

/** Rejects with a ClusterError. */
export async function readNames(session: Session, signal?: AbortSignal): Promise<DatabaseNames> {
  const { results, failure } = await session.transaction([{ text: namesQuery }], { jitOff: true, signal });
  if (failure) throw failure.error;
  return json<DatabaseNames>(results[0])!;
}
