/** Number 62 of the list: what the planner knows of columns, on both sides. */
import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { formatCount, formatNumber } from '../../shared/format';
import { sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import { type Check, type CheckDifference, type CheckQuery, type CheckUnknown, defineCheck } from '../check';
import { conclude } from '../conclude';
import { literal } from '../literal';
import { coordinatorOf } from '../nodes';
import { storedTables } from '../tables/tables-sql';

/** Of the largest tables; of a table with shards, the largest shard on each node stands for all. */
const maxColumns = 500;
const maxColumnTables = 150;
const leastRows = 1_000;

const columnSchema = z.strictObject({
  schema: z.string(),
  name: z.string(),
  column: z.string(),
  spread: z.nullable(z.string()),
  /** False: the role may not read the column, which hides its statistics. */
  readable: z.boolean(),
  /** Null: as default_statistics_target says. */
  statisticsTarget: z.nullable(z.number()),
  /** There are statistics of it. */
  known: z.boolean(),
  /** Absolute; null without statistics. */
  distinct: z.nullable(z.number()),
  correlation: z.nullable(z.number()),
  nullShare: z.nullable(z.number()),
});
type Column = z.infer<typeof columnSchema>;
const columnsSchema = z.strictObject({ columns: z.array(columnSchema), more: z.number() });

/** Columns that an index begins with: those that statements are selective by. */
const indexedColumns: CheckQuery<z.infer<typeof columnsSchema>> = {
  name: 'indexedColumns',
  nodes: 'every',
  sql: server => `WITH ${storedTables(server)}, ranked AS (
  SELECT t.*, row_number() OVER (PARTITION BY schema, name ORDER BY reltuples DESC, oid) AS place FROM stored t
), largest AS (
  SELECT * FROM ranked WHERE place = 1 AND reltuples >= ${leastRows} ORDER BY reltuples DESC, schema, name LIMIT ${maxColumnTables}
), beginning AS (
  SELECT DISTINCT l.oid, l.schema, l.name, l.spread, l.reltuples, a.attname AS column,
         nullif(a.attstattarget, -1) AS target,
         has_column_privilege(l.oid, a.attnum, 'SELECT') AND NOT row_security_active(l.oid) AS readable
    FROM largest l JOIN pg_index i ON i.indrelid = l.oid AND i.indkey[0] > 0
    JOIN pg_attribute a ON a.attrelid = l.oid AND a.attnum = i.indkey[0]
), judged AS (
  SELECT d.*, s.n_distinct, s.correlation, s.null_frac
    FROM (SELECT * FROM beginning ORDER BY reltuples DESC, schema, name, "column" LIMIT ${maxColumns}) AS d
    JOIN pg_class c ON c.oid = d.oid
    LEFT JOIN pg_stats s ON s.schemaname = d.schema AND s.tablename = c.relname AND s.attname = d.column AND NOT s.inherited
)
SELECT json_build_object('more', (SELECT greatest(count(*) - ${maxColumns}, 0) FROM beginning),
  'columns', (SELECT coalesce(json_agg(json_build_object('schema', schema, 'name', name, 'column', "column", 'spread', spread,
     'readable', readable, 'statisticsTarget', target, 'known', n_distinct IS NOT NULL,
     'distinct', CASE WHEN n_distinct < 0 THEN round((-n_distinct * reltuples)::numeric) ELSE n_distinct END,
     'correlation', correlation, 'nullShare', null_frac)), '[]') FROM judged))`,
  answer: columnsSchema,
};

interface Merged extends Column {
  nodes: number;
}

/** Distinct values of one shard say little of the other side's, which may have another number of them. */
const distinctRatio = 10;
const correlationGap = 0.5;
const nullGap = 0.3;

const columns = defineCheck({
  id: 'statistics.columns',
  group: 'statistics',
  title: 'Statistics of columns',
  question: 'Does the planner of the target know of the indexed columns what the planner of the source knows?',
  why: 'Number of values, order on disk and share of NULLs decide between index and scan. A copy loads rows in another order, and a statistics target set for one column is easily lost.',
  reference: 'PostgreSQL documentation, "pg_stats" and "Statistics Used by the Planner"',
  severity: 'medium',
  sides,
  queries: { columns: indexedColumns },
  judge({ source, target }) {
    const nodes = { source: answered(source.answers.columns), target: answered(target.answers.columns) };
    const there = merged(nodes.target);
    const differences: CheckDifference[] = [];
    const hidden = new Set<string>();
    const analyze = new Set<string>();
    const script: string[] = [];
    const rollback: string[] = [];
    let compared = 0;
    for (const [key, from] of merged(nodes.source)) {
      const to = there.get(key);
      if (!to) continue;
      const table = quoted(from.schema, from.name);
      if (!from.readable || !to.readable) {
        hidden.add(table);
        continue;
      }
      compared++;
      const what = `${from.schema}.${from.name}.${from.column}`;
      if (from.statisticsTarget !== to.statisticsTarget) {
        differences.push({
          what: `${what}: statistics target`,
          source: targetWords(from),
          target: targetWords(to),
        });
        script.push(setTarget(to, from.statisticsTarget));
        rollback.push(setTarget(to, to.statisticsTarget));
        analyze.add(table);
      }
      const drift = from.known ? driftOf(from, to) : undefined;
      if (!drift) continue;
      differences.push({ what: `${what}: ${drift.what}`, source: drift.source, target: drift.target });
      if (drift.helps) analyze.add(table);
    }
    script.push(...[...analyze].map(table => `ANALYZE ${table};`));
    const unknown: CheckUnknown[] = unanswered(source.answers.columns, target.answers.columns);
    for (const table of hidden)
      unknown.push({
        what: `${table}: statistics of its columns are hidden`,
        grant: `GRANT SELECT ON ${table} TO ${quoted(source.user)}`,
      });
    for (const { node, answer } of [...nodes.source, ...nodes.target])
      if (answer.more > 0) unknown.push({ what: `${formatCount(answer.more)} columns were not looked at`, node });
    return conclude({
      differences,
      remedies:
        script.length === 0
          ? []
          : [
              {
                side: 'target',
                nodes: [coordinatorOf(nodes.target)?.node ?? 'the coordinator'],
                sql: script.join('\n'),
                lock: 'SHARE UPDATE EXCLUSIVE: nobody reads or writes any slower; DDL and VACUUM of the table wait',
                rollback: rollback.join(' ') || 'Nothing needs to be taken back.',
                verify: 'Run this check again.',
              },
            ],
      unknown,
      remarks: differences.some(({ what }) => what.endsWith('order on disk'))
        ? ['order on disk: CLUSTER on the target brings that of the index back, under ACCESS EXCLUSIVE']
        : [],
      pass: `${formatCount(compared)} indexed columns are known alike`,
    });
  },
});

/** Each node's word counts the same. */
function merged(nodes: readonly Answered<z.infer<typeof columnsSchema>>[]): Map<string, Merged> {
  const all = new Map<string, Merged>();
  for (const { role, answer } of nodes) {
    for (const column of answer.columns) {
      if (role === 'worker' && column.spread === null) continue;
      const key = quoted(column.schema, column.name, column.column);
      const known = all.get(key);
      if (!known) {
        all.set(key, { ...column, nodes: 1 });
        continue;
      }
      known.readable &&= column.readable;
      known.known &&= column.known;
      for (const figure of ['distinct', 'correlation', 'nullShare'] as const) {
        const [sum, more] = [known[figure], column[figure]];
        known[figure] = sum === null || more === null ? (sum ?? more) : (sum * known.nodes + more) / (known.nodes + 1);
      }
      known.nodes++;
    }
  }
  return all;
}

function driftOf(
  from: Merged,
  to: Merged,
): { what: string; source: string; target: string; helps: boolean } | undefined {
  if (!to.known) return { what: 'statistics', source: 'there', target: 'none', helps: true };
  const [a, b] = [Math.max(from.distinct ?? 1, 1), Math.max(to.distinct ?? 1, 1)];
  if (Math.max(a, b) > distinctRatio * Math.min(a, b))
    return {
      what: 'distinct values',
      source: `about ${formatCount(a)}`,
      target: `about ${formatCount(b)}`,
      helps: true,
    };
  if (Math.abs((from.nullShare ?? 0) - (to.nullShare ?? 0)) > nullGap)
    return {
      what: 'share of NULLs',
      source: formatNumber(from.nullShare ?? 0, 2),
      target: formatNumber(to.nullShare ?? 0, 2),
      helps: true,
    };
  const [here, there] = [Math.abs(from.correlation ?? 0), Math.abs(to.correlation ?? 0)];
  if (from.correlation !== null && to.correlation !== null && here - there > correlationGap)
    return {
      what: 'order on disk',
      source: `correlation ${formatNumber(from.correlation, 2)}`,
      target: `correlation ${formatNumber(to.correlation, 2)}`,
      helps: false,
    };
  return undefined;
}

/** Citus has no such ALTER TABLE for a distributed table; its shards have. */
function setTarget({ schema, name, column, spread }: Column, value: number | null): string {
  const change = `ALTER COLUMN ${quoted(column)} SET STATISTICS ${value ?? -1}`;
  if (spread === null) return `ALTER TABLE ${quoted(schema, name)} ${change};`;
  return `SELECT * FROM run_command_on_shards(${literal(quoted(schema, name))}, ${literal(`ALTER TABLE %s ${change.replaceAll('%', '%%')}`)});`;
}

function targetWords({ statisticsTarget }: Column): string {
  return statisticsTarget === null ? 'the default' : String(statisticsTarget);
}

export const statisticsColumnChecks: readonly Check[] = [columns];
