import { type CatalogueResult, runCatalogueChecks } from '../../src/diagnosis/run-catalogue-checks';
import type { Side } from '../../src/shared/side';
import { listStatements } from '../../src/sql/document';
import type { LabPair } from '../lab/lab';
import type { LabServer } from '../lab/server';
import { limits } from './profile-of';

/** Of two servers alike: how many cores and how much memory it has a server can tell on Linux only. */
export const unjudgedHere: readonly string[] = process.platform === 'linux' ? [] : ['operations.machine'];

/** Runs checks of the catalogue on both coordinators of a lab, as superuser in the lab's database unless told otherwise. */
export function runChecks(
  pair: LabPair,
  ids: readonly string[],
  as: { user?: string; database?: string } = {},
  onResult?: (result: CatalogueResult) => void,
): Promise<CatalogueResult[]> {
  const on = (side: Side) => {
    const { host, port, database, user } = pair[side].coordinator;
    const settings = { host, port, database, user, ...as };
    return { side, settings, label: `The ${side}`, color: 'charts.blue', protected: false };
  };
  return runCatalogueChecks({ source: on('source'), target: on('target'), limits }, ids, onResult);
}

export async function runCheck(
  pair: LabPair,
  id: string,
  as: { user?: string; database?: string } = {},
): Promise<CatalogueResult> {
  const [result] = await runChecks(pair, [id], as);
  return result!;
}

/** Everything that is said, for a look at one word of it. */
export function wordsOf({ summary, details }: CatalogueResult): string {
  return [summary, ...details].join('\n');
}

/** Runs the remedy as its reader would: step by step, each on its nodes, statement by statement. */
export async function runRemedy(pair: LabPair, { remedies }: CatalogueResult): Promise<void> {
  for (const { side, nodes, sql } of remedies)
    for (const node of nodes) await runScript(serverAt(pair, side, node), sql);
}

/** Runs the rollback the same way. */
export async function rollBack(pair: LabPair, { remedies }: CatalogueResult): Promise<void> {
  for (const { side, nodes, rollback } of remedies)
    for (const node of nodes) await runScript(serverAt(pair, side, node), rollback);
}

function serverAt(pair: LabPair, side: Side, node: string): LabServer {
  const { coordinator, workers } = pair[side];
  return [coordinator, ...workers].find(({ host, port }) => `${host}:${port}` === node)!;
}

/** ALTER SYSTEM refuses the transaction that several statements in one text are. SET goes with what follows it. */
async function runScript(server: LabServer, sql: string): Promise<void> {
  const statements = listStatements(sql, 'sql').map(({ text }) => text);
  const sets = statements.filter(text => text.startsWith('SET '));
  for (const statement of statements) {
    if (statement.startsWith('SET ')) continue;
    await server.query([...sets, statement].join('; '));
  }
}
