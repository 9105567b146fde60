/** Sets a scenario up on both sides, injects its fault into the target, explains its statement, and takes everything away. */
import { Client } from 'pg';
import { explainBothSides } from '../../../../src/diagnosis/explain-both-sides';
import type { ExplainJob, ExplainResult } from '../../../../src/diagnosis/explain-job';
import { type Side, sides } from '../../../../src/shared/side';
import type { LabCluster } from '../../cluster';
import type { LabPair } from '../../lab';
import type { LabServer } from '../../server';
import type { FaultScenario, Undo } from './scenario';

/** Explains twice, the first time to fill the caches, and returns the second result. Nothing of the scenario is left. */
export async function runScenario(pair: LabPair, scenario: FaultScenario): Promise<ExplainResult> {
  const undo: Undo[] = [];
  const doAndUndo = async (work: Promise<Undo | undefined> | undefined) => {
    const step = await work;
    if (step) undo.unshift(step);
  };
  try {
    await Promise.all(sides.map(side => setUp(pair[side], scenario)));
    const target = {
      cluster: pair.target,
      role: scenario.name,
      run: (...statements: string[]) => runAs(pair.target, scenario.name, statements),
    };
    await doAndUndo(scenario.inject?.(target));
    await explain(pair, scenario);
    await doAndUndo(scenario.meanwhile?.(target));
    return await explain(pair, scenario);
  } finally {
    for (const step of undo) await step();
    await Promise.all(sides.map(side => tearDown(pair[side], scenario.name)));
  }
}

/** Why this pair cannot show the scenario's fault; undefined: it can. */
export function obstacle(pair: LabPair, { cluster, needs }: FaultScenario): string | undefined {
  if (cluster !== pair.kind) return `needs a ${cluster} pair`;
  if (needs?.jit && !pair.jit) return 'needs PostgreSQL with JIT';
  const { majorVersion } = pair.target.coordinator;
  if (needs?.atMostMajor !== undefined && majorVersion > needs.atMostMajor)
    return `needs PostgreSQL ${needs.atMostMajor} or older`;
  return undefined;
}

async function setUp(cluster: LabCluster, { name, settings = [], tables }: FaultScenario): Promise<void> {
  const { coordinator } = cluster;
  await coordinator.query(`CREATE ROLE ${name} LOGIN; GRANT pg_monitor TO ${name}`);
  // `"$user"` comes first in search_path: the role's schema needs no setting of its own.
  await coordinator.query(`CREATE SCHEMA AUTHORIZATION ${name}`);
  for (const setting of settings) await coordinator.query(`ALTER ROLE ${name} SET ${setting}`);
  await runAs(cluster, name, tables);
  await runAs(cluster, name, [await maintenance(coordinator, name)]);
}

async function maintenance(server: LabServer, schema: string): Promise<string> {
  const tables = await server.query<{ name: string }>(
    `SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = $1 ORDER BY 1`,
    [schema],
  );
  return `VACUUM (ANALYZE) ${tables.map(({ name }) => name).join(', ')}`;
}

async function tearDown({ coordinator }: LabCluster, name: string): Promise<void> {
  const [found] = await coordinator.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [name]);
  if (!found) return;
  await coordinator.query(`DROP SCHEMA IF EXISTS ${name} CASCADE`);
  await coordinator.query(`DROP ROLE ${name}`);
}

/**
 * Commits reach the log before they return, though the lab's servers do without: VACUUM marks no page as visible whose
 * rows' commit may be lost. And maintenance has a session of its own: one that counts its changes later than ANALYZE sets
 * the counter back makes the statistics look stale.
 */
async function runAs({ coordinator }: LabCluster, role: string, statements: readonly string[]): Promise<void> {
  const { host, port, database } = coordinator;
  const connect = async () => {
    const options = '-c synchronous_commit=on';
    const client = new Client({ host, port, database, user: role, application_name: 'lab', options });
    await client.connect();
    return client;
  };
  let client = await connect();
  try {
    for (const statement of statements) {
      if (/^(VACUUM|ANALYZE)/.test(statement)) {
        await client.end();
        client = await connect();
      }
      await client.query(statement);
    }
  } finally {
    await client.end();
  }
}

async function explain(pair: LabPair, scenario: FaultScenario): Promise<ExplainResult> {
  const on = (side: Side) => {
    const { host, port, database } = pair[side].coordinator;
    const settings = { host, port, database, user: scenario.name };
    return { side, settings, label: side, color: 'charts.blue', protected: false };
  };
  const job: ExplainJob = {
    migration: 'lab',
    source: on('source'),
    target: on('target'),
    sql: scenario.statement,
    mode: 'analyze',
    analyzeWrites: scenario.writes ? [...sides] : [],
    limits: { statementTimeoutMs: 60_000, lockTimeoutMs: 10_000, idleInTransactionTimeoutMs: 30_000 },
  };
  const result = await explainBothSides(job);
  for (const side of sides) {
    const { error } = result.view[side];
    if (error) throw new Error(`${scenario.name}, ${side}: ${error.message}`);
  }
  return result;
}
