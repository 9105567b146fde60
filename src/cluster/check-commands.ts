/** What workers are sent for the checks: the catalogue's constant queries, nothing else. */
import { escapeLiteral } from 'pg';
import type { CheckQuery, ServerFacts } from '../checks/check';
import { marked } from './own-marker';
import { ownSettings } from './plan-facts-sql';

/** `[server_version_num, has Citus]`. */
export const aboutQuery = `SELECT pg_catalog.json_build_array(pg_catalog.current_setting('server_version_num')::pg_catalog.int4,
  EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus'))`;

/**
 * Asks the queries in one statement, as a worker runs one only, and answers with a JSON object of texts by their names.
 * query_to_xml plans a query when it is called: after the settings, and after the privileges were looked at. Base64, as XML
 * knows fewer characters than a name may have.
 */
export function workerCommand(queries: readonly CheckQuery<unknown>[], server: ServerFacts): string | undefined {
  const worded = queries.flatMap(query => {
    const sql = query.sql(server);
    return sql === undefined ? [] : [{ ...query, sql }];
  });
  if (worded.length === 0) return undefined;
  const object = (which: boolean): string => {
    const entries = worded.filter(({ asFound = false }) => asFound === which);
    return `pg_catalog.jsonb_build_object(${entries.map(({ name, sql }) => `${escapeLiteral(name)}, ${answerOf(sql)}`).join(', ')})`;
  };
  const settings = [...ownSettings, ['transaction_read_only', 'on'], ['lock_timeout', '2s']]
    .map(([name, value]) => `pg_catalog.set_config('${name}', '${value}', true) IS NOT NULL`)
    .join(' AND ');
  return marked(`SELECT CASE WHEN pg_catalog.set_config('transaction_read_only', 'on', true) IS NOT NULL
  AND pg_catalog.set_config('cutover.found', ${object(true)}::pg_catalog.text, true) IS NOT NULL
  AND ${settings}
  THEN pg_catalog.current_setting('cutover.found')::pg_catalog.jsonb || ${object(false)} END`);
}

function answerOf(sql: string): string {
  const encoded = `SELECT pg_catalog.encode(pg_catalog.convert_to((${sql})::pg_catalog.text, 'UTF8'), 'base64') AS base64`;
  return `pg_catalog.convert_from(pg_catalog.decode(pg_catalog.substring(
    pg_catalog.query_to_xml(${escapeLiteral(encoded)}, false, true, '')::pg_catalog.text, '<base64>(.*)</base64>'), 'base64'), 'UTF8')`;
}
