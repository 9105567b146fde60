import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { formatCount, formatShare } from '../../shared/format';
import { type Side, sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import { type Check, type CheckDifference, type CheckQuery, type CheckUnknown, defineCheck } from '../check';
import { conclude } from '../conclude';
import { maxTables, storedTables } from './tables-sql';

/** An estimate from a sample is this good. */
const tolerance = 0.05;

const rowCountsSchema = z.strictObject({
  tables: z.array(
    z.strictObject({
      schema: z.string(),
      name: z.string(),
      spread: z.nullable(z.string()),
      /** Estimated, of what has an estimate on this node. */
      rows: z.number(),
      /** Tables or shards that hold something, whose rows nobody has counted. */
      uncounted: z.number(),
    }),
  ),
  more: z.number(),
});
type RowCounts = z.infer<typeof rowCountsSchema>;

/**
 * As the planner reckons: rows for each page at the last count, times the pages of now. Before a first count, as right after
 * a copy, what the cumulative statistics saw come and go.
 */
const rowCounts: CheckQuery<RowCounts> = {
  name: 'rowCounts',
  nodes: 'every',
  sql: server => `WITH ${storedTables(server)}, estimated AS (
  SELECT schema, name, spread, bytes,
         CASE WHEN bytes = 0 THEN 0
              WHEN reltuples >= 0 AND relpages > 0
              THEN reltuples::float8 * coalesce(bytes::float8 / current_setting('block_size')::int / relpages, 1)
              WHEN pg_stat_get_live_tuples(oid) + pg_stat_get_dead_tuples(oid) > 0 THEN pg_stat_get_live_tuples(oid) END AS rows
    FROM stored
), found AS (
  SELECT schema, name, spread, round(coalesce(sum(rows), 0)) AS rows, count(*) FILTER (WHERE rows IS NULL) AS uncounted,
         row_number() OVER (ORDER BY sum(bytes) DESC NULLS LAST, schema, name) AS place
    FROM estimated GROUP BY schema, name, spread
)
SELECT json_build_object('more', (SELECT greatest(count(*) - ${maxTables}, 0) FROM found),
  'tables', (SELECT coalesce(json_agg(json_build_object('schema', schema, 'name', name, 'spread', spread, 'rows', rows,
                                                        'uncounted', uncounted)), '[]') FROM found WHERE place <= ${maxTables}))`,
  answer: rowCountsSchema,
};

interface Table {
  schema: string;
  name: string;
  rows: number;
  uncounted: number;
}
/** By quoted name. */
type Tables = Map<string, Table>;

const rows = defineCheck({
  id: 'tables.row-counts',
  group: 'tables',
  title: 'Row counts',
  question: "Has every table about as many rows on the target as on the source, by the planner's estimates?",
  why: 'A table that was not copied, or not all of it, is the costliest thing to find after go-live. Exact counts would read every table.',
  reference: 'PostgreSQL documentation, "Row Estimation Examples" and "pg_class: reltuples"',
  severity: 'critical',
  sides,
  queries: { counts: rowCounts },
  judge({ source, target }) {
    const nodes = { source: answered(source.answers.counts), target: answered(target.answers.counts) };
    const tables = { source: tablesOf(nodes.source), target: tablesOf(nodes.target) };
    const unknown: CheckUnknown[] = unanswered(source.answers.counts, target.answers.counts);
    const remarks: string[] = [];
    const differences: CheckDifference[] = [];
    const asked = { source: source.nodes.length, target: target.nodes.length };
    const isWhole = (side: Side) =>
      nodes[side].length === asked[side] && nodes[side].every(({ answer }) => answer.more === 0);
    let compared = 0;
    for (const [key, from] of tables.source) {
      const to = tables.target.get(key);
      const what = `${from.schema}.${from.name}`;
      if (!to) {
        if (isWhole('target')) differences.push({ what, source: words(from), target: 'no such table' });
        continue;
      }
      if (from.uncounted > 0 || to.uncounted > 0) {
        const where = sides.filter(side => ({ source: from, target: to })[side].uncounted > 0).join(' and ');
        unknown.push({ what: `${what}: no estimate on the ${where}; ANALYZE ${key}; makes one` });
        continue;
      }
      compared++;
      const share = Math.abs(to.rows - from.rows) / Math.max(from.rows, to.rows, 1);
      if (share > tolerance && isWhole('source') && isWhole('target'))
        differences.push({
          what,
          source: words(from),
          target: `${words(to)}, ${formatShare(share)} ${to.rows < from.rows ? 'fewer' : 'more'}`,
        });
    }
    const added = [...tables.target].filter(([key]) => !tables.source.has(key));
    if (added.length > 0 && isWhole('source'))
      remarks.push(`on the target only: ${added.map(([, { schema, name }]) => `${schema}.${name}`).join(', ')}`);
    for (const side of sides)
      for (const { node, answer } of nodes[side])
        if (answer.more > 0)
          unknown.push({ what: `${formatCount(answer.more)} smaller tables were not compared`, node });
    if (differences.length > 0)
      remarks.push('estimates: SELECT count(*) on both sides, with writes stopped, gives the exact figures');
    return conclude({
      differences: differences.sort((a, b) => a.what.localeCompare(b.what, 'en')),
      unknown,
      remarks,
      pass: `${formatCount(compared)} tables have the same number of rows, within ${formatShare(tolerance)}`,
    });
  },
});

function words({ rows: count }: Table): string {
  return `about ${formatCount(count)} rows`;
}

/** Shards add up over the nodes; each node has all of a reference table. */
function tablesOf(nodes: readonly Answered<RowCounts>[]): Tables {
  const tables: Tables = new Map();
  for (const { role, answer } of nodes) {
    for (const { schema, name, spread, rows: count, uncounted } of answer.tables) {
      // What lies on a worker besides shards is nobody's table.
      if (role === 'worker' && spread === null) continue;
      const key = quoted(schema, name);
      const known = tables.get(key);
      if (!known) tables.set(key, { schema, name, rows: count, uncounted });
      else if (spread === 'reference') {
        // One node that has counted it tells for all.
        known.rows = Math.max(known.rows, count);
        known.uncounted = Math.min(known.uncounted, uncounted);
      } else {
        known.rows += count;
        known.uncounted += uncounted;
      }
    }
  }
  return tables;
}

export const tableChecks: readonly Check[] = [rows];
