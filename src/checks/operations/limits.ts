/** Numbers 79 and, of 72, the connection budget of the list; and what auto_explain does to Citus, of 78. */
import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { formatCount, formatShare } from '../../shared/format';
import { eachSide, type Side, sides } from '../../shared/side';
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
import { coordinatorOf, joinSteps, valueOn } from '../nodes';

const limitsSchema = z.strictObject({
  max: z.number(),
  /** Kept for superusers, and from 16 on for pg_use_reserved_connections. */
  reserved: z.number(),
  used: z.number(),
  idle: z.number(),
  /** citus.max_shared_pool_size: 0 is max_connections, -1 no limit; null: no Citus, or hidden. */
  pool: z.nullable(z.number()),
  citus: z.boolean(),
});
type Limits = z.infer<typeof limitsSchema>;

const connectionLimits: CheckQuery<Limits> = {
  name: 'connectionLimits',
  nodes: 'every',
  sql: ({ citus }) => `SELECT json_build_object('citus', ${citus}, 'max', current_setting('max_connections')::int,
  'reserved', current_setting('superuser_reserved_connections')::int + coalesce(current_setting('reserved_connections', true)::int, 0),
  'used', (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
  'idle', (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND state = 'idle'),
  'pool', (SELECT setting::int FROM pg_settings WHERE name = 'citus.max_shared_pool_size'))`,
  answer: limitsSchema,
};

const crowded = 0.8;

const connections = defineCheck({
  id: 'operations.connections',
  group: 'operations',
  title: 'Connections',
  question:
    'Has every node room for the connections that clients and other nodes open, and the target for those of the source?',
  why: 'A client too many is refused; a worker too small for the pool of its coordinator refuses its tasks, and statements fail under load that passed every test.',
  reference:
    'PostgreSQL documentation, "max_connections"; Citus documentation, "citus.max_shared_pool_size": each node that plans statements may open as many to each worker',
  severity: 'medium',
  sides,
  queries: { limits: connectionLimits },
  judge({ source, target }) {
    const nodes = { source: answered(source.answers.limits), target: answered(target.answers.limits) };
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const remarks: string[] = [];
    const unknown: CheckUnknown[] = unanswered(source.answers.limits, target.answers.limits);
    for (const side of sides) {
      const own = coordinatorOf(nodes[side]);
      const workers = nodes[side].filter(({ role }) => role === 'worker');
      if (own?.answer.citus && own.answer.pool === null)
        unknown.push({
          what: 'citus.max_shared_pool_size is hidden',
          node: own.node,
          grant: `GRANT pg_read_all_settings TO ${quoted({ source, target }[side].user)}`,
        });
      for (const { node, answer } of nodes[side]) {
        const share = answer.used / Math.max(roomOf(answer), 1);
        if (share <= crowded) continue;
        differences.push({
          what: 'connections in use',
          node,
          ...valueOn(
            side,
            `${formatShare(share)}: ${formatCount(answer.used)} (${formatCount(answer.idle)} idle) of ${formatCount(roomOf(answer))}`,
          ),
        });
      }
      if (!own || own.answer.pool === null || workers.length === 0) continue;
      const pool = poolOf(own.answer);
      const small = workers.filter(({ answer }) => pool > answer.max);
      for (const { node, answer } of small)
        differences.push({
          what: `room for the connections of ${own.node}`,
          node,
          ...valueOn(
            side,
            `max_connections = ${answer.max}, while citus.max_shared_pool_size allows ${Number.isFinite(pool) ? formatCount(pool) : 'any number'}`,
          ),
        });
      if (small.length > 0) remedies.push(limitPool(side, own, Math.min(...small.map(({ answer }) => answer.max))));
      remarks.push(
        `${side}: a worker may be asked for ${Number.isFinite(pool) ? formatCount(pool) : 'any number of'} connections by each of the nodes that clients connect to (${formatCount(workers.length + 1)} nodes)`,
      );
    }
    const [from, to] = [coordinatorOf(nodes.source), coordinatorOf(nodes.target)];
    if (from && to && to.answer.max < from.answer.max) {
      differences.push({ what: 'max_connections', source: String(from.answer.max), target: String(to.answer.max) });
      remedies.push({
        side: 'target',
        nodes: [to.node],
        sql: `ALTER SYSTEM SET max_connections = ${from.answer.max};\n-- then restart the server; or keep the number, and pool connections`,
        lock: 'a restart of the server',
        rollback: `ALTER SYSTEM SET max_connections = ${to.answer.max}; then a restart.`,
        verify: 'SHOW max_connections;',
      });
    }
    return conclude({
      differences,
      remedies: joinSteps(remedies),
      remarks,
      unknown,
      pass: to ? `the target takes ${formatCount(roomOf(to.answer))} clients` : 'there is room on every node',
    });
  },
});

function roomOf({ max, reserved }: Limits): number {
  return max - reserved;
}

function poolOf({ pool, max }: Limits): number {
  if (pool === 0) return max;
  return pool === null || pool < 0 ? Number.POSITIVE_INFINITY : pool;
}

function limitPool(side: Side, { node, answer }: Answered<Limits>, room: number): CheckRemedyStep {
  return {
    side,
    nodes: [node],
    sql: `ALTER SYSTEM SET citus.max_shared_pool_size = ${room};\nSELECT pg_reload_conf();`,
    lock: 'none; statements wait for a connection instead of failing',
    rollback: `ALTER SYSTEM SET citus.max_shared_pool_size = ${answer.pool}; SELECT pg_reload_conf();`,
    verify: 'SHOW citus.max_shared_pool_size;',
  };
}

const autoExplainSchema = z.strictObject({
  /** auto_explain.log_min_duration; null: not loaded in a session of this role. */
  minDuration: z.nullable(z.string()),
  /** `ALTER ROLE … SET` and `ALTER DATABASE … SET` that load or switch it on, as the role or database and the entry. */
  scoped: z.array(z.tuple([z.string(), z.string()])),
});

const autoExplain: CheckQuery<z.infer<typeof autoExplainSchema>> = {
  name: 'autoExplain',
  nodes: 'coordinator',
  sql: ({ citus }) =>
    citus
      ? `SELECT json_build_object('minDuration', (SELECT setting FROM pg_settings WHERE name = 'auto_explain.log_min_duration'),
  'scoped', (SELECT coalesce(json_agg(json_build_array(owner, entry)), '[]') FROM (
     SELECT concat_ws(' in database ', coalesce('role ' || r.rolname, 'all roles'), d.datname) AS owner, entry
       FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
      CROSS JOIN LATERAL unnest(s.setconfig) AS entry
      WHERE entry ~ '^auto_explain.log_min_duration=[^-]' OR entry ~ '^(session|local)_preload_libraries=.*auto_explain'
      ORDER BY 1, 2 LIMIT 50) AS t))`
      : undefined,
  answer: autoExplainSchema,
};

const explain = defineCheck({
  id: 'operations.auto-explain',
  group: 'operations',
  title: 'auto_explain on Citus',
  question: 'Is auto_explain switched off at the coordinators of Citus?',
  why: 'There it loses data: with log_nested_statements an INSERT … SELECT inside a function kept 9,120 of 9,600 rows and reported all; with log_analyze row counts are wrong.',
  reference: 'measured on Citus 11.1.7 to 13.2.2: the only sign is a WARNING 42704 at the commit',
  severity: 'critical',
  sides,
  queries: { explain: autoExplain },
  judge({ source, target }) {
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    for (const [side, { answers }] of eachSide({ source, target })) {
      for (const { node, answer } of answered(answers.explain)) {
        for (const [owner, entry] of answer.scoped)
          differences.push({ what: `auto_explain for ${owner}`, node, ...valueOn(side, entry) });
        const { minDuration } = answer;
        if (minDuration === null || minDuration === '-1') continue;
        differences.push({
          what: 'auto_explain at a coordinator of Citus',
          node,
          ...valueOn(side, `auto_explain.log_min_duration = ${minDuration}`),
        });
        remedies.push({
          side,
          nodes: [node],
          sql: 'ALTER SYSTEM SET auto_explain.log_min_duration = -1;\nSELECT pg_reload_conf();',
          lock: 'none; it holds for open sessions, too, but for those of a role that sets it',
          rollback: 'ALTER SYSTEM RESET auto_explain.log_min_duration; SELECT pg_reload_conf();',
          verify: 'SHOW auto_explain.log_min_duration;',
        });
      }
    }
    return conclude({
      differences,
      remedies: joinSteps(remedies),
      remarks: differences.length > 0 ? ['what it tells, Explain on Both Sides tells without it'] : [],
      unknown: unanswered(source.answers.explain, target.answers.explain),
      pass: 'auto_explain is off at every coordinator of Citus',
    });
  },
});

export const operationsLimitsChecks: readonly Check[] = [connections, explain];
