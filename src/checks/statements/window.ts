/** Numbers 65 and 82 of the list: since when is counted, and whether anything was thrown away. */
import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { formatCount } from '../../shared/format';
import { eachSide, sides } from '../../shared/side';
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
import { joinSteps, valueOn } from '../nodes';

const seconds = z.nullable(z.number());
const windowSchema = z.strictObject({
  /** Of the cumulative statistics of the database; null: never reset. */
  sinceReset: seconds,
  /** Of pg_stat_statements; null: there is none, or its version does not tell. */
  statements: z.nullable(
    z.strictObject({
      schema: z.string(),
      /** Null: the role may not use the schema. */
      dealloc: z.nullable(z.number()),
      since: seconds,
      max: z.number(),
    }),
  ),
  serverUp: z.number(),
});

/** pg_stat_statements_info came with version 1.9 of the extension, and stands in whatever schema that one does. */
const statisticsWindows: CheckQuery<z.infer<typeof windowSchema>> = {
  name: 'statisticsWindows',
  nodes: 'every',
  sql: () => `SELECT json_build_object(
  'sinceReset', (SELECT round(extract(epoch FROM now() - stats_reset)) FROM pg_stat_database WHERE datname = current_database()),
  'serverUp', round(extract(epoch FROM now() - pg_postmaster_start_time())),
  'statements', (SELECT json_build_object('schema', n.nspname, 'max', s.setting::bigint,
       'dealloc', nullif(split_part(told, ' ', 1), '')::bigint, 'since', nullif(split_part(told, ' ', 2), '')::float8)
     FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
     JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'pg_stat_statements_info'
     JOIN pg_settings s ON s.name = 'pg_stat_statements.max'
    CROSS JOIN LATERAL (SELECT CASE WHEN has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
       THEN substring(query_to_xml(format('SELECT concat(dealloc, '' '', round(extract(epoch FROM now() - stats_reset))) AS v FROM %I.%I',
         n.nspname, c.relname), false, true, '')::text FROM '<v>(.*)</v>') END AS told) AS t
    WHERE e.extname = 'pg_stat_statements'))`,
  answer: windowSchema,
};

const window = defineCheck({
  id: 'statements.window',
  group: 'statements',
  title: 'Statistics windows',
  question: 'Do the counters of every node hold all statements since they were last reset?',
  why: 'Where more different statements run than pg_stat_statements.max, the rarest are thrown away and come back with counts from zero: comparing them says nothing.',
  reference: 'PostgreSQL documentation, "pg_stat_statements: The pg_stat_statements_info View" and "pg_stat_database"',
  severity: 'low',
  sides,
  queries: { windows: statisticsWindows },
  judge({ source, target }) {
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const remarks: string[] = [];
    const unknown: CheckUnknown[] = unanswered(source.answers.windows, target.answers.windows);
    for (const [side, { user, answers }] of eachSide({ source, target })) {
      for (const { node, answer } of answered(answers.windows)) {
        const { statements, sinceReset, serverUp } = answer;
        remarks.push(
          `${side}: ${node} counts ${[
            `tables and indexes ${sinceReset === null ? 'since it was made' : `for ${spanWords(sinceReset)}`}`,
            ...(statements && statements.dealloc !== null
              ? [
                  `statements ${statements.since === null ? 'since they were first loaded' : `for ${spanWords(statements.since)}`}`,
                ]
              : []),
          ].join(', ')}; it is up for ${spanWords(serverUp)}`,
        );
        if (!statements) continue;
        if (statements.dealloc === null) {
          unknown.push({
            what: 'pg_stat_statements_info cannot be read',
            node,
            grant: `GRANT USAGE ON SCHEMA ${quoted(statements.schema)} TO ${quoted(user)}`,
          });
          continue;
        }
        if (statements.dealloc === 0) continue;
        const { max } = statements;
        differences.push({
          what: 'statements were thrown away',
          node,
          ...valueOn(
            side,
            `${formatCount(statements.dealloc)} times since the last reset, as more than ${formatCount(max)} ran`,
          ),
        });
        remedies.push({
          side,
          nodes: [node],
          sql: `ALTER SYSTEM SET pg_stat_statements.max = ${Math.max(10_000, 2 * max)};\n-- then restart the server and SELECT pg_stat_statements_reset();`,
          lock: 'a restart of the server',
          rollback: `ALTER SYSTEM SET pg_stat_statements.max = ${max}; then a restart.`,
          verify: 'SELECT dealloc FROM pg_stat_statements_info; stays 0.',
        });
      }
    }
    return conclude({
      differences,
      remedies: joinSteps(remedies),
      remarks,
      unknown,
      pass: 'no node threw statements away',
    });
  },
});

/** `3 d`, `5 h`, `12 min`. */
function spanWords(seconds: number): string {
  if (seconds >= 172_800) return `${formatCount(Math.floor(seconds / 86_400))} d`;
  if (seconds >= 7_200) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 60)} min`;
}

export const statementsWindowChecks: readonly Check[] = [window];
