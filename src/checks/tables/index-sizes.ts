/** Of number 58 of the list: bloat of indexes. */
import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { formatBytes, formatCount, formatRatio } from '../../shared/format';
import { type Side, sides } from '../../shared/side';
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
import { coordinatorOf, joinSteps } from '../nodes';
import { storedTables } from './tables-sql';

const maxIndexes = 2_000;

const sizedSchema = z.strictObject({
  schema: z.string(),
  table: z.string(),
  /** Of a shard's index, the distributed table's. */
  index: z.string(),
  /** Null: of an ordinary table, else `distributed` or `reference`. */
  spread: z.nullable(z.string()),
  exclusion: z.boolean(),
  bytes: z.number(),
  /** Of its table, by the last count of each shard. */
  rows: z.number(),
  /** It, or its table, was locked or never counted, on so many shards. */
  untold: z.number(),
});
type SizedIndex = z.infer<typeof sizedSchema>;
const sizesSchema = z.strictObject({ indexes: z.array(sizedSchema), more: z.number() });
type Sizes = z.infer<typeof sizesSchema>;

const indexSizes: CheckQuery<Sizes> = {
  name: 'indexSizes',
  nodes: 'every',
  sql: server => `WITH ${storedTables(server)}, sized AS (
  SELECT t.schema, t.name AS "table", t.spread, i.indisexclusion AS exclusion,
         CASE WHEN c.relname <> t.name AND right(x.relname, length(e.number)) = e.number
              THEN left(x.relname, -length(e.number)) ELSE x.relname END AS index,
         CASE WHEN t.bytes IS NOT NULL AND NOT EXISTS (SELECT FROM locked k WHERE k.relation = x.oid) THEN pg_relation_size(x.oid) END AS bytes,
         CASE WHEN t.reltuples > 0 OR t.bytes = 0 THEN t.reltuples END AS rows
    FROM stored t JOIN pg_class c ON c.oid = t.oid JOIN pg_index i ON i.indrelid = t.oid AND i.indisvalid
    JOIN pg_class x ON x.oid = i.indexrelid CROSS JOIN LATERAL (SELECT substring(c.relname FROM '_[0-9]+$') AS number) AS e
), found AS (
  SELECT schema, "table", index, spread, bool_or(exclusion) AS exclusion, coalesce(sum(bytes), 0) AS bytes,
         round(coalesce(sum(greatest(rows, 0)::float8), 0)) AS rows, count(*) FILTER (WHERE bytes IS NULL OR rows IS NULL) AS untold
    FROM sized GROUP BY schema, "table", index, spread
)
SELECT json_build_object('more', (SELECT greatest(count(*) - ${maxIndexes}, 0) FROM found),
  'indexes', (SELECT coalesce(json_agg(f), '[]') FROM (SELECT * FROM found ORDER BY bytes DESC, schema, index LIMIT ${maxIndexes}) AS f))`,
  answer: sizesSchema,
};

/** An index that grew by random inserts is a third empty; a fresh one a tenth (fillfactor). More is bloat. */
const grownRatio = 1.5;
const grownBytes = 8 * 2 ** 20;
const leastRows = 1_000;

const indexes = defineCheck({
  id: 'tables.index-sizes',
  group: 'tables',
  title: 'Bloat of indexes',
  question: 'Does any index take much more room for each row of its table on the target than on the source?',
  why: 'A lookup reads and caches more pages for the same rows. An index keeps the size that it once had: one loaded row by row, or of a table that shrank, stays large.',
  reference: 'PostgreSQL documentation, "Routine Reindexing" and "Index Storage Parameters: fillfactor"',
  severity: 'low',
  sides,
  queries: { sizes: indexSizes },
  judge({ source, target }) {
    const nodes = { source: answered(source.answers.sizes), target: answered(target.answers.sizes) };
    const all = { source: added(nodes.source), target: added(nodes.target) };
    const unknown: CheckUnknown[] = unanswered(source.answers.sizes, target.answers.sizes);
    const whole = unknown.length === 0;
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    let compared = 0;
    let leftBehind = 0;
    for (const [key, from] of all.source) {
      const to = all.target.get(key);
      if (!to || !whole || Math.max(from.bytes, to.bytes) < grownBytes) continue;
      if (from.untold + to.untold > 0) {
        unknown.push({
          what: `${nameOf(to)}: its table is locked, or its rows were never counted: ANALYZE counts them`,
        });
        continue;
      }
      if (Math.min(from.rows, to.rows) < leastRows) continue;
      compared++;
      const ratio = to.bytes / to.rows / (from.bytes / from.rows);
      if (1 / ratio > grownRatio && from.bytes - to.bytes > grownBytes) leftBehind += from.bytes - to.bytes;
      if (ratio <= grownRatio || to.bytes * (1 - 1 / ratio) <= grownBytes) continue;
      differences.push({
        what: `${nameOf(to)} takes ${formatRatio(ratio)} the room for each row`,
        source: sizeWords(from),
        target: sizeWords(to),
      });
      remedies.push(reindex('target', coordinatorOf(nodes.target)?.node ?? 'the coordinator', to));
    }
    for (const { node, answer } of [...nodes.source, ...nodes.target])
      if (answer.more > 0)
        unknown.push({ what: `${formatCount(answer.more)} smaller indexes were not looked at`, node });
    return conclude({
      differences,
      remedies: joinSteps(remedies),
      unknown,
      remarks: leftBehind > 0 ? [`the copy left ${formatBytes(leftBehind)} of bloat of indexes behind`] : [],
      pass: `${formatCount(compared)} indexes of ${formatBytes(grownBytes)} or more take about the room for each row that they take on the source`,
    });
  },
});

/** Of a side, shards added up; each node has all of a reference table, which counts once. */
function added(nodes: readonly Answered<Sizes>[]): Map<string, SizedIndex> {
  const all = new Map<string, SizedIndex>();
  for (const { role, answer } of nodes)
    for (const index of answer.indexes) {
      if (role === 'worker' && index.spread === null) continue;
      const key = quoted(index.schema, index.table, index.index);
      const known = all.get(key);
      if (!known) all.set(key, { ...index });
      else if (index.spread !== 'reference')
        for (const figure of ['bytes', 'rows', 'untold'] as const) known[figure] += index[figure];
    }
  return all;
}

function nameOf({ schema, table, index }: SizedIndex): string {
  return `index ${index} of ${schema}.${table}`;
}

function sizeWords({ bytes, rows }: SizedIndex): string {
  return `${formatBytes(bytes)}, ${formatCount(Math.round(bytes / rows))} bytes for each of about ${formatCount(rows)} rows`;
}

function reindex(side: Side, node: string, { schema, index, exclusion }: SizedIndex): CheckRemedyStep {
  return {
    side,
    nodes: [node],
    sql: `REINDEX INDEX ${exclusion ? '' : 'CONCURRENTLY '}${quoted(schema, index)};`,
    lock: exclusion
      ? 'ACCESS EXCLUSIVE on the index, SHARE on its table: writes wait (an exclusion constraint takes no CONCURRENTLY)'
      : 'SHARE UPDATE EXCLUSIVE: DDL and VACUUM of the table wait; not inside a transaction; room for a second index is needed',
    rollback: exclusion
      ? 'Nothing needs to be taken back.'
      : 'Nothing needs to be taken back. One that was interrupted leaves an invalid index ending in _ccnew: DROP INDEX CONCURRENTLY it.',
    verify: 'Run this check again.',
  };
}

export const indexSizeChecks: readonly Check[] = [indexes];
