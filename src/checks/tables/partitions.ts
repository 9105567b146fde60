/** Number 59 of the list. */
import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { formatCount } from '../../shared/format';
import { sides } from '../../shared/side';
import { answered, unanswered } from '../answers';
import { type Check, type CheckDifference, type CheckQuery, type CheckUnknown, defineCheck } from '../check';
import { conclude } from '../conclude';
import { coordinatorOf } from '../nodes';
import { isUsers } from './tables-sql';

const maxParents = 200;
const maxPartitions = 5_000;

const parentSchema = z.strictObject({
  schema: z.string(),
  name: z.string(),
  /** Rows that fit no partition have somewhere to go. */
  hasDefault: z.boolean(),
  /** Schema, name, and `FOR VALUES …` in the server's own spelling. */
  partitions: z.array(z.tuple([z.string(), z.string(), z.string()])),
  /** Where the last range of days or times ends, and whether that is still to come; null: not partitioned so. */
  end: z.nullable(z.string()),
  open: z.nullable(z.boolean()),
});
type Parent = z.infer<typeof parentSchema>;
const partitionsSchema = z.strictObject({ parents: z.array(parentSchema), more: z.number() });

/** Bounds are spelled alike on both sides: by sessions of one time zone and date style. */
const partitionLists: CheckQuery<z.infer<typeof partitionsSchema>> = {
  name: 'partitionLists',
  nodes: 'coordinator',
  sql: () => `WITH parents AS (
  SELECT c.oid, n.nspname AS schema, c.relname AS name, p.partdefid <> 0 AS "hasDefault",
         p.partstrat = 'r' AND p.partnatts = 1 AND a.atttypid IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype) AS timed
    FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
   WHERE ${isUsers('n.nspname')}
), listed AS (
  SELECT * FROM parents ORDER BY schema, name LIMIT ${maxParents}
), partitions AS (
  SELECT i.inhparent, n.nspname AS schema, c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound, l.timed
    FROM listed l JOIN pg_inherits i ON i.inhparent = l.oid JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   ORDER BY l.schema, l.name, c.relname LIMIT ${maxPartitions}
), bounded AS (
  SELECT *, CASE WHEN timed THEN substring(bound FROM ' TO [(](?:''([^'']+)''|MAXVALUE)[)]$') END AS upper,
         timed AND bound LIKE '% TO (MAXVALUE)' AS endless
    FROM partitions
)
SELECT CASE WHEN set_config('timezone', 'UTC', true) IS NOT NULL AND set_config('datestyle', 'ISO, MDY', true) IS NOT NULL
  THEN (SELECT json_build_object('more', (SELECT greatest(count(*) - ${maxParents}, 0) FROM parents)
    + (SELECT greatest(count(*) - ${maxPartitions}, 0) FROM listed l JOIN pg_inherits i ON i.inhparent = l.oid),
  'parents', coalesce(json_agg(json_build_object('schema', l.schema, 'name', l.name, 'hasDefault', l."hasDefault",
    'partitions', (SELECT coalesce(json_agg(json_build_array(b.schema, b.name, b.bound)), '[]') FROM bounded b WHERE b.inhparent = l.oid),
    'end', (SELECT CASE WHEN bool_or(b.endless) THEN 'never' ELSE max(b.upper::timestamptz)::text END FROM bounded b WHERE b.inhparent = l.oid),
    'open', (SELECT bool_or(b.endless) OR max(b.upper::timestamptz) > now() FROM bounded b WHERE b.inhparent = l.oid))
    ORDER BY l.schema, l.name), '[]'))
  FROM listed l) END`,
  answer: partitionsSchema,
};

const partitions = defineCheck({
  id: 'tables.partitions',
  group: 'tables',
  title: 'Partitions',
  question: 'Has the target every partition of the source, and one for what is written now?',
  why: 'A row that fits no partition is refused. What makes partitions ahead (pg_partman, pg_cron) is not copied with the tables.',
  reference: 'PostgreSQL documentation, "Table Partitioning"',
  severity: 'high',
  sides,
  queries: { lists: partitionLists },
  judge({ source, target }) {
    const from = coordinatorOf(answered(source.answers.lists));
    const to = coordinatorOf(answered(target.answers.lists));
    const differences: CheckDifference[] = [];
    const remarks: string[] = [];
    const script: string[] = [];
    const rollback: string[] = [];
    const unknown: CheckUnknown[] = unanswered(source.answers.lists, target.answers.lists);
    const byName = (parents: readonly Parent[] = []) =>
      new Map(parents.map(parent => [quoted(parent.schema, parent.name), parent]));
    const here = byName(from?.answer.parents);
    const there = byName(to?.answer.parents);
    for (const parent of from && to ? from.answer.parents : []) {
      const other = there.get(quoted(parent.schema, parent.name));
      const words = `${parent.schema}.${parent.name}`;
      if (!other) {
        remarks.push(`${words} is not partitioned, or not there, on the target`);
        continue;
      }
      const bounds = new Map(other.partitions.map(([schema, name, bound]) => [quoted(schema, name), bound]));
      const missing = parent.partitions.filter(([schema, name]) => !bounds.has(quoted(schema, name)));
      if (missing.length > 0)
        differences.push({
          what: `partitions of ${words}`,
          source: `${formatCount(parent.partitions.length)}, among them ${missing
            .slice(0, 5)
            .map(([schema, name]) => `${schema}.${name}`)
            .join(', ')}${missing.length > 5 ? ` and ${missing.length - 5} more` : ''}`,
          target: `${formatCount(other.partitions.length)}, without these`,
        });
      for (const [schema, name, bound] of missing) {
        if (!isBound(bound)) {
          remarks.push(`${schema}.${name} is to be made by hand: ${bound}`);
          continue;
        }
        script.push(
          `CREATE TABLE ${quoted(schema, name)} PARTITION OF ${quoted(parent.schema, parent.name)} ${bound};`,
        );
        rollback.push(`DROP TABLE ${quoted(schema, name)};`);
      }
      for (const [schema, name, bound] of parent.partitions) {
        const own = bounds.get(quoted(schema, name));
        if (own !== undefined && own !== bound)
          differences.push({ what: `partition ${schema}.${name}`, source: bound, target: own });
      }
    }
    for (const parent of to?.answer.parents ?? []) {
      if (parent.open !== false) continue;
      const words = `${parent.schema}.${parent.name}`;
      const value = `the last one ends ${parent.end}`;
      if (parent.hasDefault) remarks.push(`${words} on the target: ${value}; newer rows go to its default partition`);
      else if (here.get(quoted(parent.schema, parent.name))?.open === false)
        remarks.push(`${words}: ${value}, on the source, too`);
      else differences.push({ what: `${words} has no partition for rows of today`, target: value });
    }
    for (const { node, answer } of [from, to].flatMap(each => each ?? []))
      if (answer.more > 0) unknown.push({ what: `${formatCount(answer.more)} partitions are not listed`, node });
    return conclude({
      differences,
      remedies:
        script.length === 0
          ? []
          : [
              {
                side: 'target',
                nodes: [to!.node],
                sql: script.join('\n'),
                lock: 'SHARE UPDATE EXCLUSIVE on the partitioned table; ACCESS EXCLUSIVE on its default partition, which is read through',
                rollback: rollback.join(' '),
                verify: 'Run this check again.',
              },
            ],
      remarks,
      unknown,
      pass: `${formatCount(from?.answer.parents.length ?? 0)} partitioned tables have the same partitions`,
    });
  },
});

/** The text comes from a server, and goes into SQL that somebody will run: literals, numbers, words and casts alone. */
function isBound(bound: string): boolean {
  const bare = bound.replace(/'(?:[^'\\]|'')*'/g, '');
  return /^(?:DEFAULT|FOR VALUES [\w\s(),.:[\]"+-]+)$/.test(bare) && !bare.includes('--');
}

export const partitionChecks: readonly Check[] = [partitions];
