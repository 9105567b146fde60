import { ClusterError } from './errors';
import { marked } from './own-marker';
import type { Session } from './session';
import { type Access, accessQuery } from './statements-sql';

/** What the user sees before it is run, and what is run. */
export function resetStatement(schema: string): string {
  return `SELECT "${schema.replaceAll('"', '""')}".pg_stat_statements_reset()`;
}

/**
 * Forgets what pg_stat_statements counted, on every node of the side. Not undone by a rollback; writes no table, so that a
 * read-only transaction may do it. Answers what went wrong on workers. Rejects with a ClusterError when the role may not.
 */
export async function resetStatistics(session: Session, signal?: AbortSignal): Promise<string[]> {
  const { rows } = await session.query(accessQuery, [], signal);
  const { schema } = JSON.parse(rows[0]![0]!) as Access;
  if (schema === null)
    throw new ClusterError('undefined', 'pg_stat_statements is not created in this database.', {
      next: 'There is nothing to reset.',
    });
  await session.query(resetStatement(schema), [], signal);
  if (session.server.citus === undefined) return [];
  const answers = await session.query(
    'SELECT nodename, nodeport, success, result FROM pg_catalog.run_command_on_workers($1)',
    [marked(`${resetStatement(schema)}::text`)],
    signal,
  );
  return answers.rows
    .filter(([, , success]) => success !== 't')
    .map(([host, port, , result]) => `${host}:${port}: ${result}`);
}
