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
import { coordinatorOf, valueOn } from '../nodes';
import { maxTables, storedTables } from '../tables/tables-sql';

const tableSchema = z.strictObject({
  schema: z.string(),
  name: z.string(),
  /** Null: an ordinary table. */
  spread: z.nullable(z.string()),
  /** Of its tables or shards on this node that hold rows: all, never analysed, not to be told. */
  stored: z.number(),
  never: z.number(),
  untold: z.number(),
});
const analyzedSchema = z.strictObject({ tables: z.array(tableSchema), more: z.number() });

/**
 * Neither an analysis in the cumulative statistics, which a crash or an upgrade empties, nor statistics of a column. Those
 * are hidden from a role that may not read the table: a row count kept by a VACUUM then leaves the question open.
 */
const analyzedTables: CheckQuery<z.infer<typeof analyzedSchema>> = {
  name: 'analyzedTables',
  nodes: 'every',
  sql: server => `WITH ${storedTables(server)}, judged AS (
  SELECT t.schema, t.name, t.spread, t.oid,
         greatest(pg_stat_get_last_analyze_time(t.oid), pg_stat_get_last_autoanalyze_time(t.oid)) IS NULL AS unseen,
         has_any_column_privilege(t.oid, 'SELECT') AND NOT row_security_active(t.oid) AS readable,
         t.reltuples < 0 OR t.relpages = 0 AS uncounted,
         c.relname, c.relnamespace
    FROM stored t JOIN pg_class c ON c.oid = t.oid
   WHERE coalesce(t.bytes > 0, t.relpages > 0)
), found AS (
  SELECT schema, name, spread, count(*) AS stored,
         count(*) FILTER (WHERE unseen AND CASE WHEN readable
           THEN NOT EXISTS (SELECT FROM pg_stats s WHERE s.schemaname = j.schema AND s.tablename = j.relname) ELSE uncounted END) AS never,
         count(*) FILTER (WHERE unseen AND NOT readable AND NOT uncounted) AS untold
    FROM judged j GROUP BY schema, name, spread
), wanted AS (
  SELECT * FROM found WHERE never > 0 OR untold > 0
)
SELECT json_build_object(
  'tables', (SELECT coalesce(json_agg(w), '[]') FROM (SELECT * FROM wanted ORDER BY schema, name LIMIT ${maxTables}) AS w),
  'more', (SELECT greatest(count(*) - ${maxTables}, 0) FROM wanted))`,
  answer: analyzedSchema,
};

const neverAnalyzed = defineCheck({
  id: 'statistics.never-analyzed',
  group: 'statistics',
  title: 'Tables never analysed',
  question: 'Was every table and every shard that holds rows analysed on the target?',
  why: 'A copy brings no statistics along: until the first ANALYZE the planner guesses, shard by shard.',
  reference: 'PostgreSQL documentation, "Updating Planner Statistics" and "pg_dump: Notes"',
  severity: 'high',
  sides,
  queries: { analyzed: analyzedTables },
  judge({ source, target }) {
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const remarks: string[] = [];
    const unknown: CheckUnknown[] = unanswered(source.answers.analyzed, target.answers.analyzed);
    for (const [side, { user, answers }] of eachSide({ source, target })) {
      const nodes = answered(answers.analyzed);
      const coordinator = coordinatorOf(nodes);
      const never = new Map<string, { words: string; stored: number; count: number; nodes: string[] }>();
      for (const { node, role, answer } of nodes) {
        if (answer.more > 0)
          unknown.push({ what: `${formatCount(answer.more)} more such tables are not listed`, node });
        for (const { schema, name, spread, stored, never: count, untold } of answer.tables) {
          // What lies on a worker besides shards is nobody's table.
          if (role === 'worker' && spread === null) continue;
          const table = quoted(schema, name);
          if (untold > 0)
            unknown.push({
              what: `${schema}.${name}: its column statistics are hidden`,
              node,
              grant: `GRANT SELECT ON ${table} TO ${quoted(user)}`,
            });
          if (count === 0) continue;
          const entry = never.get(table) ?? { words: `${schema}.${name}`, stored: 0, count: 0, nodes: [] };
          entry.stored += stored;
          entry.count += count;
          if (spread !== null) entry.nodes.push(node);
          never.set(table, entry);
        }
      }
      for (const [table, { words, stored, count, nodes: on }] of never) {
        const value = on.length > 0 ? `${count} of ${stored} shards with rows, on ${on.join(', ')}` : 'never analysed';
        if (side === 'source') remarks.push(`source: ${words}: ${value}`);
        else differences.push({ what: `${words} never analysed`, ...valueOn(side, value) });
        if (side === 'target')
          remedies.push({
            side,
            nodes: [coordinator?.node ?? 'the coordinator'],
            sql: `ANALYZE ${table};`,
            lock: 'nobody reads or writes any slower; DDL and VACUUM of the table wait',
            rollback: 'Nothing needs to be taken back.',
            verify: 'Run this check again.',
          });
      }
    }
    return conclude({
      differences,
      remedies: mergeAnalyze(remedies),
      remarks,
      unknown,
      pass: 'every table with rows on the target was analysed',
    });
  },
});

/** One script for all tables. */
function mergeAnalyze(steps: readonly CheckRemedyStep[]): CheckRemedyStep[] {
  const [first] = steps;
  return first ? [{ ...first, sql: steps.map(({ sql }) => sql).join('\n') }] : [];
}

export const statisticsChecks: readonly Check[] = [neverAnalyzed];
