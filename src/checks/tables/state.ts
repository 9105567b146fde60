/** What the nodes know of the state of their tables, in one query that several checks share. */
import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { formatCount } from '../../shared/format';
import type { Answered, NodeAnswer } from '../answers';
import { answered, unanswered } from '../answers';
import type { CheckQuery, CheckUnknown } from '../check';
import { maxTables, storedTables } from './tables-sql';

const stateSchema = z.strictObject({
  schema: z.string(),
  name: z.string(),
  /** Null: an ordinary table, else `distributed` or `reference`. */
  spread: z.nullable(z.string()),
  /** Tables or shards of it on this node. */
  stored: z.number(),
  /** By the last count of each. */
  rows: z.number(),
  heapBytes: z.number(),
  indexBytes: z.number(),
  toastBytes: z.number(),
  /** Heap, indexes and TOAST of the largest, and of the one in the middle. */
  largestBytes: z.number(),
  medianBytes: z.number(),
  /** Since each was last vacuumed, as the cumulative statistics saw it. */
  deadRows: z.number(),
  liveRows: z.number(),
  /** Of those that were analysed once: changed by more than {@link staleShare} since. */
  stale: z.number(),
  staleRows: z.number(),
  pages: z.number(),
  visiblePages: z.number(),
  /** Locked, so that their size was not asked for. */
  locked: z.number(),
});
const statesSchema = z.strictObject({ tables: z.array(stateSchema), more: z.number() });
export type TableState = z.infer<typeof stateSchema>;
type TableStates = z.infer<typeof statesSchema>;

/** Autovacuum would have analysed after a tenth (autovacuum_analyze_scale_factor); twice that is late. */
export const staleShare = 0.2;
const staleRows = 1_000;

export const tableStates: CheckQuery<TableStates> = {
  name: 'tableStates',
  nodes: 'every',
  sql: server => `WITH ${storedTables(server)}, sized AS (
  SELECT t.schema, t.name, t.spread, greatest(t.reltuples, 0) AS rows, t.relpages, c.relallvisible, t.bytes IS NULL AS locked,
         coalesce(t.bytes, 0) AS heap,
         coalesce((SELECT sum(pg_relation_size(i.indexrelid)) FROM pg_index i
            WHERE i.indrelid = t.oid AND t.bytes IS NOT NULL AND NOT EXISTS (SELECT FROM locked k WHERE k.relation = i.indexrelid)), 0) AS indexes,
         CASE WHEN t.bytes IS NOT NULL AND c.reltoastrelid <> 0 THEN coalesce(pg_relation_size(c.reltoastrelid), 0) ELSE 0 END AS toast,
         pg_stat_get_dead_tuples(t.oid) AS dead, pg_stat_get_live_tuples(t.oid) AS live,
         CASE WHEN greatest(pg_stat_get_last_analyze_time(t.oid), pg_stat_get_last_autoanalyze_time(t.oid)) IS NOT NULL
              THEN pg_stat_get_mod_since_analyze(t.oid) ELSE 0 END AS changed
    FROM stored t JOIN pg_class c ON c.oid = t.oid
), found AS (
  SELECT schema, name, spread, count(*) AS stored, round(sum(rows::float8)) AS rows,
         sum(heap) AS "heapBytes", sum(indexes) AS "indexBytes", sum(toast) AS "toastBytes",
         max(heap + indexes + toast) AS "largestBytes",
         percentile_disc(0.5) WITHIN GROUP (ORDER BY heap + indexes + toast) AS "medianBytes",
         sum(dead) AS "deadRows", sum(live) AS "liveRows",
         count(*) FILTER (WHERE changed >= ${staleRows} AND changed > ${staleShare} * rows) AS stale,
         coalesce(sum(changed) FILTER (WHERE changed >= ${staleRows} AND changed > ${staleShare} * rows), 0) AS "staleRows",
         sum(relpages) AS pages, sum(relallvisible) AS "visiblePages", count(*) FILTER (WHERE locked) AS locked
    FROM sized GROUP BY schema, name, spread
)
SELECT json_build_object('more', (SELECT greatest(count(*) - ${maxTables}, 0) FROM found),
  'tables', (SELECT coalesce(json_agg(f), '[]') FROM (SELECT * FROM found
     ORDER BY "heapBytes" + "indexBytes" + "toastBytes" DESC, schema, name LIMIT ${maxTables}) AS f))`,
  answer: statesSchema,
};

/** A table of a side, its shards added up; each node has all of a reference table, which counts once. */
export interface TableTotal extends TableState {
  /** As SQL names it. */
  quoted: string;
  /** As people read it. */
  words: string;
  nodes: string[];
}

export function tableTotals(nodes: readonly Answered<TableStates>[]): Map<string, TableTotal> {
  const totals = new Map<string, TableTotal>();
  for (const { node, role, answer } of nodes) {
    for (const table of answer.tables) {
      // What lies on a worker besides shards is nobody's table.
      if (role === 'worker' && table.spread === null) continue;
      const key = quoted(table.schema, table.name);
      const known = totals.get(key);
      if (!known) {
        totals.set(key, { ...table, quoted: key, words: `${table.schema}.${table.name}`, nodes: [node] });
        continue;
      }
      known.nodes.push(node);
      if (table.spread === 'reference') continue;
      for (const figure of addedUp) known[figure] += table[figure];
      for (const figure of ['largestBytes', 'medianBytes'] as const)
        known[figure] = Math.max(known[figure], table[figure]);
    }
  }
  return totals;
}

const addedUp = [
  'stored',
  'rows',
  'heapBytes',
  'indexBytes',
  'toastBytes',
  'deadRows',
  'liveRows',
  'stale',
  'staleRows',
  'pages',
  'visiblePages',
  'locked',
] as const;

export function totalBytes({
  heapBytes,
  indexBytes,
  toastBytes,
}: Pick<TableState, 'heapBytes' | 'indexBytes' | 'toastBytes'>): number {
  return heapBytes + indexBytes + toastBytes;
}

/** Nodes that did not answer, and tables that an answer had no room for. */
export function statesUnknown(...sides: readonly (readonly NodeAnswer<TableStates>[])[]): CheckUnknown[] {
  const left = sides.flatMap(answered).flatMap(({ node, answer: { more } }): CheckUnknown[] => {
    return more > 0 ? [{ what: `${formatCount(more)} smaller tables were not looked at`, node }] : [];
  });
  return [...unanswered(...sides), ...left];
}
