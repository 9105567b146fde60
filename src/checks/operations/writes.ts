/** Numbers 84 and 85 of the list: what must happen on one side only. */
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
import { jsonWhere } from '../guarded';
import { coordinatorOf } from '../nodes';

const maxWriters = 20;
/** A last statement that is older says nothing of now. */
const recentSeconds = 300;

const writerSchema = z.strictObject({ user: z.string(), application: z.string(), sessions: z.number() });
const writersSchema = z.strictObject({
  database: z.string(),
  writers: z.array(writerSchema),
  /** What fills the target before the cut-over. */
  loaders: z.array(z.string()),
  /** New sessions of the database begin read-only. */
  readOnly: z.boolean(),
  seesAll: z.boolean(),
});

/** A session writes when it has a transaction id, or its last statement was one that writes. */
const writers: CheckQuery<z.infer<typeof writersSchema>> = {
  name: 'writers',
  nodes: 'every',
  sql: () => `WITH writing AS (
  SELECT coalesce(usename, '') AS "user", coalesce(application_name, '') AS application, count(*) AS sessions,
         application_name ~* '^(pg_restore|pg_dump|pgcopydb|pgloader|debezium)' AS loads
    FROM pg_stat_activity
   WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' AND datname = current_database()
     AND application_name !~ '^(cutover$|citus_)'
     AND (backend_xid IS NOT NULL
          OR query_start > clock_timestamp() - interval '${recentSeconds} s'
             AND query ~* '^[[:space:]]*(/[*][^*]*[*]/[[:space:]]*)?(insert|update|delete|merge|truncate|copy .* from stdin)')
   GROUP BY 1, 2, 4
)
SELECT json_build_object('database', current_database(),
  'writers', (SELECT coalesce(json_agg(json_build_object('user', "user", 'application', application, 'sessions', sessions)), '[]')
     FROM (SELECT * FROM writing WHERE NOT coalesce(loads, false) ORDER BY sessions DESC, "user", application LIMIT ${maxWriters}) AS w),
  'loaders', (SELECT coalesce(json_agg(application), '[]') FROM (SELECT * FROM writing WHERE loads LIMIT ${maxWriters}) AS l),
  'readOnly', pg_is_in_recovery() OR EXISTS (SELECT FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) AS entry
     WHERE s.setrole = 0 AND s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND entry ~* '^default_transaction_read_only=(on|true|yes|1)$'),
  'seesAll', pg_has_role(session_user, 'pg_read_all_stats', 'USAGE'))`,
  answer: writersSchema,
};

const writes = defineCheck({
  id: 'operations.writes',
  group: 'operations',
  title: 'Writes on both sides',
  question: 'Do clients write to one side only?',
  why: 'After the cut-over every write that still reaches the source is lost; before it, one that reaches the target collides with what is replicated.',
  reference:
    'PostgreSQL documentation, "pg_stat_activity" and "default_transaction_read_only"; a look at one moment: sessions that write now, or whose last statement within 5 minutes wrote',
  severity: 'critical',
  sides,
  queries: { writers },
  judge({ source, target }) {
    const nodes = { source: answered(source.answers.writers), target: answered(target.answers.writers) };
    const unknown: CheckUnknown[] = unanswered(source.answers.writers, target.answers.writers);
    const remarks: string[] = [];
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const found = { source: wordsOf(nodes.source), target: wordsOf(nodes.target) };
    const own = coordinatorOf(nodes.source);
    for (const [side, { user }] of eachSide({ source, target }))
      for (const { node, answer } of nodes[side]) {
        if (answer.loaders.length > 0)
          remarks.push(`${side}: ${[...new Set(answer.loaders)].join(', ')} loads on ${node}`);
        if (!answer.seesAll)
          unknown.push({
            what: 'what other roles do is hidden',
            node,
            grant: `GRANT pg_read_all_stats TO ${quoted(user)}`,
          });
      }
    const closed = own?.answer.readOnly === true;
    if (found.source && found.target)
      differences.push({ what: 'both sides are written to', source: found.source, target: found.target });
    else if (found.source && closed)
      differences.push({ what: 'written to, though its database is set read-only', source: found.source });
    else for (const side of sides) if (found[side]) remarks.push(`${side} is written to: ${found[side]}`);
    if (differences.length > 0 && own && !closed) {
      const database = quoted(own.answer.database);
      remedies.push({
        side: 'source',
        nodes: [own.node],
        sql: `ALTER DATABASE ${database} SET default_transaction_read_only = on;`,
        lock: 'none; sessions that are open go on as before: end them, or restart their pooler. After the cut-over only',
        rollback: `SET default_transaction_read_only = off; ALTER DATABASE ${database} RESET default_transaction_read_only;`,
        verify: 'SHOW default_transaction_read_only; in a new session, then this check again.',
      });
    }
    return conclude({
      differences,
      remedies,
      remarks,
      unknown,
      pass:
        found.source || found.target
          ? `clients write to the ${found.source ? 'source' : 'target'} only`
          : 'no client writes to either side',
    });
  },
});

function wordsOf(nodes: readonly { node: string; answer: z.infer<typeof writersSchema> }[]): string {
  return nodes
    .flatMap(({ node, answer }) =>
      answer.writers.map(
        ({ user, application, sessions }) =>
          `${formatCount(sessions)} sessions of ${user} (${application || 'unnamed'}) on ${node}`,
      ),
    )
    .join(', ');
}

const maxJobs = 500;
const cronSchema = z.strictObject({
  /** Null: no pg_cron in this database. */
  jobs: z.nullable(
    z.array(z.strictObject({ id: z.number(), schedule: z.string(), command: z.string(), database: z.string() })),
  ),
  /** It is loaded, and keeps its jobs in another database. */
  elsewhere: z.nullable(z.string()),
  readable: z.nullable(z.boolean()),
});

/** By the table, which pg_cron has under this name in every version. It shows each role its own jobs; a superuser all. */
const cronJobs: CheckQuery<z.infer<typeof cronSchema>> = {
  name: 'cronJobs',
  nodes: 'coordinator',
  sql: () => `SELECT json_build_object(
  'elsewhere', (SELECT nullif(setting, current_database()) FROM pg_settings WHERE name = 'cron.database_name'),
  'readable', (SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'cron' AND c.relname = 'job'),
  'jobs', ${jsonWhere(
    `(SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'cron' AND c.relname = 'job')`,
    `SELECT coalesce(json_agg(j), '[]') FROM (SELECT jobid AS id, schedule, command, database FROM cron.job WHERE active ORDER BY jobid LIMIT ${maxJobs}) AS j`,
  )})`,
  answer: cronSchema,
};

const jobs = defineCheck({
  id: 'operations.jobs',
  group: 'operations',
  title: 'Scheduled jobs',
  question: 'Does every job of pg_cron run on one side only?',
  why: 'A job that is active on both sides runs twice: what it writes on the target collides with what is replicated, mails and calls go out twice.',
  reference: 'citusdata/pg_cron, "README"',
  severity: 'high',
  sides,
  queries: { cron: cronJobs },
  judge({ source, target }) {
    const own = {
      source: coordinatorOf(answered(source.answers.cron)),
      target: coordinatorOf(answered(target.answers.cron)),
    };
    const unknown: CheckUnknown[] = unanswered(source.answers.cron, target.answers.cron);
    const remarks: string[] = [];
    for (const [side, { user }] of eachSide({ source, target })) {
      const found = own[side];
      if (!found) continue;
      if (found.answer.readable === false)
        unknown.push({
          what: 'the jobs of pg_cron are hidden',
          node: found.node,
          grant: `GRANT USAGE ON SCHEMA cron TO ${quoted(user)}; GRANT SELECT ON cron.job TO ${quoted(user)}`,
        });
      if (found.answer.elsewhere !== null && found.answer.readable === null)
        remarks.push(`${side}: pg_cron keeps its jobs in database ${found.answer.elsewhere}: compare that one, too`);
    }
    const keyOf = ({ command, database }: { command: string; database: string }) =>
      JSON.stringify([command.trim(), database]);
    const there = new Map((own.target?.answer.jobs ?? []).map(job => [keyOf(job), job]));
    const doubled = (own.source?.answer.jobs ?? []).flatMap(job => {
      const other = there.get(keyOf(job));
      return other ? [{ job, other }] : [];
    });
    const words = (side: Side) => own[side]?.answer.jobs?.length ?? 0;
    if (words('source') + words('target') > 0)
      remarks.push(
        `${formatCount(words('source'))} jobs are active on the source, ${formatCount(words('target'))} on the target`,
      );
    return conclude({
      differences: doubled.map(({ job, other }) => ({
        what: `active on both sides: ${job.command.slice(0, 200)}`,
        source: `job ${job.id}, ${job.schedule}`,
        target: `job ${other.id}, ${other.schedule}`,
      })),
      remedies:
        doubled.length === 0
          ? []
          : [
              {
                side: 'target',
                nodes: [own.target!.node],
                sql: doubled
                  .map(({ other }) => `UPDATE cron.job SET active = false WHERE jobid = ${other.id};`)
                  .join('\n'),
                lock: 'none; pg_cron notices within a minute',
                rollback: doubled
                  .map(({ other }) => `UPDATE cron.job SET active = true WHERE jobid = ${other.id};`)
                  .join(' '),
                verify: 'SELECT jobid, active, command FROM cron.job; at the cut-over the other way about.',
              },
            ],
      remarks,
      unknown,
      pass: 'no job is active on both sides',
    });
  },
});

export const operationsWritesChecks: readonly Check[] = [writes, jobs];
