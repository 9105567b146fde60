/** Numbers 80 and, of 64, the xmin horizon of the list; of 70, what was prepared and never finished. */
import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { formatCount } from '../../shared/format';
import { eachSide, type Side, sides } from '../../shared/side';
import { answered, unanswered } from '../answers';
import {
  type Check,
  type CheckDifference,
  type CheckQuery,
  type CheckRemedyStep,
  type CheckUnknown,
  defineCheck,
} from '../check';
import { conclude } from '../conclude';
import { literal } from '../literal';
import { joinSteps, valueOn } from '../nodes';

const maxSessions = 20;

/** A session that thinks for this long inside a transaction forgot it; who waits this long for a lock is stuck. */
const idleSeconds = 15;
const lockSeconds = 15;
const longSeconds = 300;
/** Of transaction ids: what a vacuum cannot remove meanwhile. */
const horizonAge = 1_000_000;

const sessionSchema = z.strictObject({
  pid: z.number(),
  user: z.nullable(z.string()),
  application: z.nullable(z.string()),
  state: z.nullable(z.string()),
  transactionSeconds: z.number(),
  stateSeconds: z.number(),
  /** Waits for a lock; the sessions that hold it. */
  waitsFor: z.nullable(z.array(z.number())),
});
type LongSession = z.infer<typeof sessionSchema>;
const sessionsSchema = z.strictObject({
  sessions: z.array(sessionSchema),
  more: z.number(),
  /** The oldest transaction that rows are kept for, by what keeps them, in transactions. */
  horizon: z.array(z.tuple([z.string(), z.number()])),
  seesAll: z.boolean(),
});

const longSessions: CheckQuery<z.infer<typeof sessionsSchema>> = {
  name: 'longSessions',
  nodes: 'every',
  sql: () => `WITH open AS MATERIALIZED (
  SELECT pid, usename, application_name, state, wait_event_type = 'Lock' AS waiting,
         extract(epoch FROM clock_timestamp() - xact_start) AS opened,
         extract(epoch FROM clock_timestamp() - state_change) AS lasting
    FROM pg_stat_activity
   WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' AND xact_start IS NOT NULL
), wanted AS (
  SELECT * FROM open WHERE opened >= ${longSeconds} OR state LIKE 'idle in transaction%' AND lasting >= ${idleSeconds}
      OR waiting AND lasting >= ${lockSeconds}
)
SELECT json_build_object('more', (SELECT greatest(count(*) - ${maxSessions}, 0) FROM wanted),
  'sessions', (SELECT coalesce(json_agg(json_build_object('pid', pid, 'user', usename, 'application', application_name, 'state', state,
       'transactionSeconds', round(opened), 'stateSeconds', round(lasting),
       'waitsFor', CASE WHEN waiting THEN pg_blocking_pids(pid) END) ORDER BY opened DESC), '[]')
     FROM (SELECT * FROM wanted ORDER BY opened DESC LIMIT ${maxSessions}) AS w),
  'horizon', (SELECT coalesce(json_agg(json_build_array(keeper, age) ORDER BY age DESC), '[]') FROM (
     SELECT concat('session ', pid, ' of ', usename) AS keeper, age(backend_xmin)::bigint AS age
       FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid()
      UNION ALL
     SELECT concat('slot ', slot_name), greatest(age(xmin), age(catalog_xmin))::bigint FROM pg_get_replication_slots()
      WHERE xmin IS NOT NULL OR catalog_xmin IS NOT NULL
      ORDER BY age DESC LIMIT 5) AS h WHERE age > ${horizonAge}),
  'seesAll', pg_has_role(session_user, 'pg_read_all_stats', 'USAGE'))`,
  answer: sessionsSchema,
};

const transactions = defineCheck({
  id: 'operations.transactions',
  group: 'operations',
  title: 'Long transactions and waits for locks',
  question: 'Does no session of either side keep a transaction open for long, or wait long for a lock?',
  why: 'While one is open nothing that was deleted since can be vacuumed, a copy or a slot cannot begin, and every ALTER TABLE of the migration waits behind it, with all others behind that.',
  reference: 'PostgreSQL documentation, "pg_stat_activity", "Routine Vacuuming" and "Explicit Locking"',
  severity: 'medium',
  sides,
  queries: { sessions: longSessions },
  judge({ source, target }) {
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const unknown: CheckUnknown[] = unanswered(source.answers.sessions, target.answers.sessions);
    for (const [side, { user, answers }] of eachSide({ source, target })) {
      for (const { node, answer } of answered(answers.sessions)) {
        for (const session of answer.sessions) {
          differences.push({
            what: `session ${session.pid} of ${session.user ?? 'nobody'} (${session.application || 'unnamed'})`,
            node,
            ...valueOn(side, sessionWords(session)),
          });
          if (session.waitsFor === null) remedies.push(endSession(side, node, session));
        }
        for (const [keeper, age] of answer.horizon)
          differences.push({
            what: `${keeper} keeps old rows`,
            node,
            ...valueOn(side, `${formatCount(age)} transactions ago`),
          });
        if (answer.more > 0) unknown.push({ what: `${formatCount(answer.more)} more such sessions`, node });
        if (!answer.seesAll)
          unknown.push({
            what: 'sessions of other roles are hidden',
            node,
            grant: `GRANT pg_read_all_stats TO ${quoted(user)}`,
          });
      }
    }
    return conclude({
      differences,
      remedies: joinSteps(remedies),
      unknown,
      pass: 'no session keeps a transaction open for long, and none waits long for a lock',
    });
  },
});

function sessionWords({ state, transactionSeconds, stateSeconds, waitsFor }: LongSession): string {
  const open = `its transaction is open for ${formatCount(transactionSeconds)} s`;
  if (waitsFor === null) return `${state}, for ${formatCount(stateSeconds)} s; ${open}`;
  const holders = waitsFor.length > 0 ? `session ${waitsFor.join(', ')}` : 'others';
  return `waits for a lock that ${holders} holds, for ${formatCount(stateSeconds)} s; ${open}`;
}

function endSession(side: Side, node: string, { pid, state }: LongSession): CheckRemedyStep {
  return {
    side,
    nodes: [node],
    sql: `SELECT ${state === 'active' ? 'pg_cancel_backend' : 'pg_terminate_backend'}(${pid});`,
    lock: 'none',
    rollback: 'There is none: what its transaction did is rolled back. Ask whose it is first.',
    verify: `SELECT state, xact_start FROM pg_stat_activity WHERE pid = ${pid};`,
  };
}

const preparedSchema = z.strictObject({
  database: z.string(),
  prepared: z.array(z.strictObject({ gid: z.string(), owner: z.string(), database: z.string(), seconds: z.number() })),
  more: z.number(),
});

/** Citus finishes its own every minute (citus.recover_2pc_interval); a transaction manager does it at once. */
const citusSeconds = 180;
const managerSeconds = 10;

const preparedTransactions: CheckQuery<z.infer<typeof preparedSchema>> = {
  name: 'preparedTransactions',
  nodes: 'every',
  sql: () => `WITH forgotten AS (
  SELECT gid, owner, database, round(extract(epoch FROM clock_timestamp() - prepared)) AS seconds FROM pg_prepared_xacts
   WHERE clock_timestamp() - prepared > CASE WHEN gid ~ '^citus_[0-9]+_' THEN interval '${citusSeconds} s' ELSE interval '${managerSeconds} s' END
)
SELECT json_build_object('database', current_database(), 'more', (SELECT greatest(count(*) - ${maxSessions}, 0) FROM forgotten),
  'prepared', (SELECT coalesce(json_agg(f ORDER BY seconds DESC), '[]') FROM (SELECT * FROM forgotten ORDER BY seconds DESC LIMIT ${maxSessions}) AS f))`,
  answer: preparedSchema,
};

const prepared = defineCheck({
  id: 'operations.prepared-transactions',
  group: 'operations',
  title: 'Prepared transactions',
  question: 'Is every prepared transaction finished soon, on every node?',
  why: 'It keeps its locks and old rows through a restart, for ever; a dump does not take it along, and pg_upgrade refuses to begin. On Citus it may be half of a commit.',
  reference: 'PostgreSQL documentation, "PREPARE TRANSACTION"; Citus documentation, "citus.recover_2pc_interval"',
  severity: 'high',
  sides,
  queries: { prepared: preparedTransactions },
  judge({ source, target }) {
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const unknown: CheckUnknown[] = unanswered(source.answers.prepared, target.answers.prepared);
    for (const [side, { answers }] of eachSide({ source, target })) {
      for (const { node, answer } of answered(answers.prepared)) {
        for (const { gid, owner, database, seconds } of answer.prepared) {
          differences.push({
            what: `prepared transaction ${gid}`,
            node,
            ...valueOn(side, `of ${owner} in database ${database}, for ${formatCount(seconds)} s`),
          });
          if (database !== answer.database) continue;
          const own = /^citus_[0-9]+_/.test(gid);
          remedies.push({
            side,
            nodes: [own ? (answers.prepared[0]?.node ?? node) : node],
            sql: own ? 'SELECT recover_prepared_transactions();' : `ROLLBACK PREPARED ${literal(gid)};`,
            lock: 'none; what it held is released',
            rollback: `There is none. Ask the transaction manager first: where its other part was committed, this one must be, too (COMMIT PREPARED ${literal(gid)}).`,
            verify: 'SELECT gid, prepared FROM pg_prepared_xacts;',
          });
        }
        if (answer.more > 0) unknown.push({ what: `${formatCount(answer.more)} more prepared transactions`, node });
      }
    }
    return conclude({
      differences,
      remedies: joinSteps(remedies),
      unknown,
      pass: 'no prepared transaction was left unfinished',
    });
  },
});

export const operationsSessionsChecks: readonly Check[] = [transactions, prepared];
