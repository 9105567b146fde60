/** Of number 68 of the list: big tenants, by name. */
import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { formatCount, formatShare } from '../../shared/format';
import { eachSide, sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import {
  type Check,
  type CheckDifference,
  type CheckQuery,
  type CheckRemedyStep,
  type CheckUnknown,
  defineCheck,
} from '../check';
import { conclude } from '../conclude';
import { jsonWhere } from '../guarded';
import { literal } from '../literal';
import { coordinatorOf } from '../nodes';
import { storedTables } from '../tables/tables-sql';

/** The largest shards of a node: a big tenant makes its shard one of them. */
const maxShards = 300;
const maxBusy = 5;
/** Of a tenant; longer ones are cut, and no SQL is made of them. */
const maxLetters = 200;
const leastRows = 10_000;

const tenantSchema = z.strictObject({
  schema: z.string(),
  name: z.string(),
  columnType: z.string(),
  colocation: z.number(),
  /** The most common value of the distribution column in a shard. */
  value: z.string(),
  cut: z.boolean(),
  rows: z.number(),
  shardRows: z.number(),
});
type Tenant = z.infer<typeof tenantSchema>;
const tenantsSchema = z.strictObject({
  tenants: z.array(tenantSchema),
  /** Of each table: its shards on this node and their rows. */
  tables: z.array(z.tuple([z.string(), z.string(), z.number(), z.number()])),
  /** Tables whose statistics the role may not see. */
  hidden: z.array(z.tuple([z.string(), z.string()])),
  /** By citus_stat_tenants, in this period and the one before; null: not tracked, or not to be seen. */
  busy: z.nullable(z.array(z.strictObject({ value: z.string(), queries: z.number() }))),
  tracked: z.boolean(),
});
type Tenants = z.infer<typeof tenantsSchema>;

/** Values from statistics, which ANALYZE made of a sample. citus_stat_tenants came with Citus 12. */
const bigTenants: CheckQuery<Tenants> = {
  name: 'bigTenants',
  nodes: 'every',
  sql: server =>
    server.citus
      ? `WITH ${storedTables(server)}, shards AS MATERIALIZED (
  SELECT t.oid, t.schema, t.name, c.relname AS shard, greatest(t.reltuples, 0) AS rows, d.colocationid AS colocation, a.attname AS "column",
         format_type(a.atttypid, NULL) AS "columnType", row_number() OVER (ORDER BY t.reltuples DESC, t.oid) AS place,
         has_column_privilege(t.oid, a.attname, 'SELECT') AND NOT row_security_active(t.oid) AS readable
    FROM stored t JOIN pg_class c ON c.oid = t.oid JOIN pg_namespace n ON n.nspname = t.schema
    JOIN pg_class l ON l.relnamespace = n.oid AND l.relname = t.name
    JOIN pg_dist_partition d ON d.logicalrelid::oid = l.oid AND d.partmethod = 'h' AND d.partkey IS NOT NULL
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = column_to_column_name(d.logicalrelid, d.partkey) AND NOT a.attisdropped
   WHERE t.spread = 'distributed'
), common AS (
  SELECT h.*, v.value, v.share FROM shards h
    JOIN pg_stats s ON s.schemaname = h.schema AND s.tablename = h.shard AND s.attname = h."column" AND NOT s.inherited
   CROSS JOIN LATERAL (SELECT (s.most_common_vals::text::text[])[1] AS value, s.most_common_freqs[1] AS share) AS v
   WHERE h.place <= ${maxShards} AND h.rows >= ${leastRows} AND v.value IS NOT NULL
)
SELECT json_build_object(
  'tables', (SELECT coalesce(json_agg(json_build_array(schema, name, shards, rows)), '[]') FROM (
     SELECT schema, name, count(*) AS shards, round(sum(rows::float8)) AS rows FROM shards GROUP BY schema, name HAVING sum(rows) > 0) AS t),
  'hidden', (SELECT coalesce(json_agg(DISTINCT jsonb_build_array(schema, name)), '[]') FROM shards WHERE rows >= ${leastRows} AND NOT readable),
  'tenants', (SELECT coalesce(json_agg(json_build_object('schema', schema, 'name', name, 'columnType', "columnType", 'colocation', colocation,
      'value', left(value, ${maxLetters}), 'cut', length(value) > ${maxLetters}, 'rows', round((share * rows)::numeric), 'shardRows', round(rows::numeric))), '[]')
     FROM common WHERE share * rows >= ${leastRows}),
  'tracked', coalesce(current_setting('citus.stat_tenants_track', true), 'none') <> 'none',
  'busy', ${jsonWhere(
    `current_setting('citus.stat_tenants_track', true) <> 'none'
      AND has_function_privilege(to_regprocedure('pg_catalog.citus_stat_tenants_local(boolean)')::oid, 'EXECUTE')`,
    `SELECT coalesce(json_agg(t), '[]') FROM (
       SELECT left(tenant_attribute, ${maxLetters}) AS value, query_count_in_this_period + query_count_in_last_period AS queries
         FROM citus_stat_tenants_local() WHERE tenant_attribute IS NOT NULL ORDER BY 2 DESC, 1 LIMIT ${maxBusy}) AS t`,
  )})`
      : undefined,
  answer: tenantsSchema,
};

/** Of all rows, and times the mean shard: then its shard, and the node of that, are the slowest. */
const bigShare = 0.1;
const bigRatio = 2;
/** Others that share its shard: fewer are a matter of sampling. */
const leastOthers = 0.01;

const tenants = defineCheck({
  id: 'topology.tenants',
  group: 'topology',
  title: 'Big tenants',
  question: 'Has every big tenant of the target a shard of its own?',
  why: 'The shard of a big tenant is the largest and the busiest; all tenants that share it wait, and no rebalance can part them.',
  reference:
    'Citus documentation, "isolate_tenant_to_new_shard" and "citus_stat_tenants"; PostgreSQL documentation, "pg_stats"',
  severity: 'low',
  sides,
  queries: { tenants: bigTenants },
  judge({ source, target }) {
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const remarks: string[] = [];
    const unknown: CheckUnknown[] = unanswered(source.answers.tenants, target.answers.tenants);
    for (const [side, { user, answers }] of eachSide({ source, target })) {
      const nodes = answered(answers.tenants);
      const node = coordinatorOf(nodes)?.node ?? 'the coordinator';
      for (const { tenant, share } of bigOnes(nodes)) {
        const what = `tenant ${tenant.value} of ${tenant.schema}.${tenant.name}`;
        const value = `about ${formatCount(tenant.rows)} rows, ${formatShare(share)} of all, in a shard with ${formatCount(tenant.shardRows - tenant.rows)} rows of others`;
        if (side === 'source') {
          remarks.push(`source: ${what}: ${value}`);
          continue;
        }
        differences.push({ what, target: value });
        if (!tenant.cut) remedies.push(isolate(node, tenant));
      }
      const hidden = new Set(
        nodes.flatMap(({ answer }) => answer.hidden.map(([schema, name]) => quoted(schema, name))),
      );
      for (const table of hidden)
        unknown.push({
          what: `${side}: the tenants of ${table} are hidden`,
          grant: `GRANT SELECT ON ${table} TO ${quoted(user)}`,
        });
      for (const { node: of, answer } of nodes) {
        if (answer.tracked && !answer.busy)
          unknown.push({
            what: 'its busiest tenants are hidden',
            node: of,
            grant: `GRANT pg_monitor TO ${quoted(user)}`,
          });
        const busy = (answer.busy ?? []).filter(({ queries }) => queries > 0);
        if (busy.length > 0)
          remarks.push(
            `${side}: busiest on ${of} of late: ${busy.map(({ value, queries }) => `${value} (${formatCount(queries)} queries)`).join(', ')}`,
          );
      }
    }
    return conclude({ differences, remedies, remarks, unknown, pass: 'no big tenant shares its shard' });
  },
});

/** Once for all tables of a colocation group, by the one that has most of it. */
function bigOnes(nodes: readonly Answered<Tenants>[]): { tenant: Tenant; share: number }[] {
  const totals = new Map<string, { shards: number; rows: number }>();
  for (const { answer } of nodes)
    for (const [schema, name, shards, rows] of answer.tables) {
      const total = totals.get(quoted(schema, name)) ?? { shards: 0, rows: 0 };
      totals.set(quoted(schema, name), { shards: total.shards + shards, rows: total.rows + rows });
    }
  const found = new Map<string, { tenant: Tenant; share: number }>();
  for (const tenant of nodes.flatMap(({ answer }) => answer.tenants)) {
    const { schema, name, rows, shardRows, colocation, value } = tenant;
    const total = totals.get(quoted(schema, name))!;
    const share = rows / Math.max(total.rows, 1);
    if (share < bigShare || rows < (bigRatio * total.rows) / total.shards) continue;
    if (shardRows - rows < leastOthers * shardRows) continue;
    const key = JSON.stringify([colocation, value]);
    const known = found.get(key);
    if (!known || known.tenant.rows < rows) found.set(key, { tenant, share });
  }
  return [...found.values()].sort((a, b) => b.share - a.share);
}

function isolate(node: string, { schema, name, columnType, value }: Tenant): CheckRemedyStep {
  return {
    side: 'target',
    nodes: [node],
    sql: `SELECT isolate_tenant_to_new_shard(${literal(quoted(schema, name))}, ${literal(value)}::${columnType}, 'CASCADE');`,
    lock: 'writes to the shards of its group wait for a moment at the end. Needs what topology.moves looks at; with shard_transfer_mode => block_writes none of it, but then they wait all the while',
    rollback: 'There is none, and no need: the tenant stays where its hash sends it, in a shard of its own.',
    verify: 'ANALYZE the table, then run this check again.',
  };
}

export const topologyTenantChecks: readonly Check[] = [tenants];
