/**
 * The story Cutover was made for. After the move from source to target the nightly rollup is slower: a role setting on the
 * target (`enable_nestloop = off`) makes the planner add 1e10 to the cost of the only join there can be, and that cost makes
 * JIT compile, with inlining and optimization, a statement that needs none of it (PostgreSQL up to 17; 18 counts disabled
 * nodes instead). The data is the same on both sides.
 */
import { readFile } from 'node:fs/promises';
import { Client } from 'pg';
import type { Side } from '../../../src/shared/side';
import type { LabCluster } from '../cluster';

/** The role that owns the schema and that a migration connects as. */
export const appOwner = 'app_owner';

/** Role settings per side: what tells the sides apart. The source is as its owners tuned it, the target as it came. */
const roleSettings: Record<Side, string[]> = {
  source: ['jit = off'],
  target: ['enable_nestloop = off'],
};

/** Events to load: enough for figures that stand out, few enough for a quick start. */
const events = { standalone: 200_000, citus: 1_000_000 };

/** The rollup as one statement to explain. */
export function rollupStatement(): Promise<string> {
  return sqlFile('rollup.sql');
}

export async function setUpRollup(cluster: LabCluster, side: Side): Promise<void> {
  const { coordinator } = cluster;
  const citus = cluster.workers.length > 0;
  const count = citus ? events.citus : events.standalone;
  await coordinator.query(`CREATE ROLE ${appOwner} LOGIN; GRANT pg_monitor TO ${appOwner}`);
  await coordinator.query(await sqlFile('schema.sql'));
  if (citus) await coordinator.query(await sqlFile('distribute.sql'));
  await coordinator.query((await sqlFile('load.sql')).replaceAll(':events', String(count)));
  await coordinator.query(`SET ROLE ${appOwner}; ${await sqlFile('create-rollup.sql')}`);
  await coordinator.query('VACUUM (ANALYZE)');
  if (citus) await coordinator.query('VACUUM (ANALYZE) analytics.events, analytics.rollups, analytics.tenants');
  for (const setting of roleSettings[side]) await coordinator.query(`ALTER ROLE ${appOwner} SET ${setting}`);
  for (const server of [coordinator, ...cluster.workers]) await server.query('SELECT pg_stat_statements_reset()');
  await runWorkload(cluster);
}

/** What the application does all day, as its role: fills rollups and pg_stat_statements, the same on both sides. */
async function runWorkload(cluster: LabCluster): Promise<void> {
  const client = new Client({ connectionString: cluster.uri, application_name: 'analytics' });
  await client.connect();
  try {
    // Twice: a night's rollup and its correction; and as many calls as it takes to tell a difference from chance.
    for (const week of ['2024-01-01', '2024-01-08', '2024-01-15', '2024-01-01', '2024-01-08', '2024-01-15']) {
      await client.query(`CALL analytics.create_rollup('${week}', date '${week}' + 7)`);
    }
    for (let i = 0; i < 40; i++) {
      await client.query(tenantReport, [1 + (i % 20)]);
      await client.query(insertEvent, [1 + i, 10_000_000 + i, 1 + (i % 12), 10 + i]);
      if (i % 8 === 0) await client.query(topApps);
      if (i % 8 === 4)
        await client.query('UPDATE analytics.tenants SET name = $2 WHERE tenant_id = $1', [i, `tenant ${i}`]);
    }
  } finally {
    await client.end();
  }
}

const tenantReport = `SELECT r.day, b.from_ms, b.until_ms, r.events, r.slow_events
FROM analytics.rollups r
JOIN analytics.latency_buckets b ON b.bucket = r.bucket
WHERE r.tenant_id = $1
ORDER BY r.day, b.from_ms`;

const topApps = `SELECT a.name, count(*) AS events, sum(e.bytes) AS bytes
FROM analytics.events e
JOIN analytics.apps a ON a.app_id = e.app_id
GROUP BY a.name
ORDER BY events DESC
LIMIT 10`;

const insertEvent = `INSERT INTO analytics.events (tenant_id, event_id, app_id, created_at, duration_ms, bytes, visitor_id)
VALUES ($1, $2, $3, '2024-01-29 00:00+00', $4, 512, 1)`;

function sqlFile(name: string): Promise<string> {
  return readFile(new URL(`rollup/${name}`, import.meta.url), 'utf8');
}
