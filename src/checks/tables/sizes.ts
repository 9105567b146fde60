/** Numbers 58 and 81 of the list: sizes, dead rows, and the room that the target needs. Number 57 is `tables.row-counts`. */
import * as z from 'zod/mini';
import { formatBytes, formatCount, formatRatio, formatShare } from '../../shared/format';
import { type Side, sides } from '../../shared/side';
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
import { coordinatorOf } from '../nodes';
import { statesUnknown, type TableTotal, tableStates, tableTotals, totalBytes } from './state';

/** Below, a table's size is packing: how full its last pages are. */
const grownRatio = 1.5;
const grownBytes = 8 * 2 ** 20;

const sizes = defineCheck({
  id: 'tables.sizes',
  group: 'tables',
  title: 'Table sizes',
  question: 'Does any table, with its indexes and TOAST, take much more room on the target than on the source?',
  why: 'A fresh copy is packed tighter than what it was copied from; one that is larger is bloated by the copy, or misses a compression. More pages are more to read and to cache.',
  reference: 'PostgreSQL documentation, "Routine Vacuuming: Recovering Disk Space" and "TOAST"',
  severity: 'medium',
  sides,
  queries: { states: tableStates },
  judge({ source, target }) {
    const nodes = { source: answered(source.answers.states), target: answered(target.answers.states) };
    const tables = { source: tableTotals(nodes.source), target: tableTotals(nodes.target) };
    const unknown: CheckUnknown[] = statesUnknown(source.answers.states, target.answers.states);
    const whole = unknown.length === 0;
    const differences: CheckDifference[] = [];
    const bloated: TableTotal[] = [];
    let smaller = 0;
    for (const [key, from] of tables.source) {
      const to = tables.target.get(key);
      if (!to || !whole) continue;
      if (from.locked + to.locked > 0) {
        unknown.push({ what: `${from.words} is locked, so that its size was not asked for` });
        continue;
      }
      const [a, b] = [totalBytes(from), totalBytes(to)];
      if (a > grownRatio * b && a - b > grownBytes) smaller++;
      if (b <= grownRatio * a || b - a <= grownBytes) continue;
      differences.push({
        what: `${from.words} takes ${formatRatio(b / Math.max(a, 1))} the room`,
        source: sizeWords(from),
        target: sizeWords(to),
      });
      bloated.push(to);
    }
    const remarks = sides
      .filter(side => nodes[side].length > 0)
      .map(side => {
        const all = [...tables[side].values()];
        return `${side}: ${formatBytes(all.reduce((sum, table) => sum + totalBytes(table), 0))} in ${formatCount(all.length)} tables`;
      });
    if (smaller > 0)
      remarks.push(`${formatCount(smaller)} tables are much smaller on the target: a copy leaves bloat behind`);
    return conclude({
      differences,
      remedies: scriptOf('target', coordinatorOf(nodes.target)?.node, bloated, {
        command: 'VACUUM (FULL, ANALYZE)',
        lock: 'ACCESS EXCLUSIVE on each table while it is written anew: nobody reads it; room for a second copy is needed',
      }),
      unknown,
      remarks,
      pass: 'no table takes much more room on the target',
    });
  },
});

function sizeWords(table: TableTotal): string {
  const { heapBytes, indexBytes, toastBytes, rows } = table;
  return `${formatBytes(totalBytes(table))} (table ${formatBytes(heapBytes)}, indexes ${formatBytes(indexBytes)}, TOAST ${formatBytes(toastBytes)}; about ${formatCount(rows)} rows)`;
}

/** Beyond what autovacuum waits for (autovacuum_vacuum_scale_factor: a fifth). */
const deadShare = 0.3;
const deadRows = 5_000;

const dead = defineCheck({
  id: 'tables.dead-rows',
  group: 'tables',
  title: 'Dead rows',
  question: 'Is any table of the target full of dead rows?',
  why: 'Every scan reads them, and every index keeps entries for them; autovacuum is off, too slow, or held back by an old transaction.',
  reference: 'PostgreSQL documentation, "Routine Vacuuming" and "pg_stat_all_tables"',
  severity: 'low',
  sides,
  queries: { states: tableStates },
  judge({ source, target }) {
    const found = { source: [] as TableTotal[], target: [] as TableTotal[] };
    const nodes = { source: answered(source.answers.states), target: answered(target.answers.states) };
    for (const side of sides)
      found[side] = [...tableTotals(nodes[side]).values()].filter(
        ({ deadRows: gone, liveRows: live }) => gone >= deadRows && gone > deadShare * (gone + live),
      );
    const words = ({ deadRows: gone, liveRows: live }: TableTotal) =>
      `${formatCount(gone)} dead rows, ${formatShare(gone / (gone + live))} of all`;
    return conclude({
      differences: found.target.map(table => ({ what: table.words, target: words(table) })),
      remedies: scriptOf('target', coordinatorOf(nodes.target)?.node, found.target, {
        command: 'VACUUM (ANALYZE)',
        lock: 'nobody reads or writes any slower; DDL and another VACUUM of the table wait',
      }),
      unknown: statesUnknown(source.answers.states, target.answers.states),
      remarks: found.source.map(table => `source: ${table.words}: ${words(table)}`),
      pass: 'no table of the target is full of dead rows',
    });
  },
});

/** One script for all tables; Citus carries it to the shards. */
export function scriptOf(
  side: Side,
  node: string | undefined,
  tables: readonly TableTotal[],
  { command, lock }: { command: string; lock: string },
): CheckRemedyStep[] {
  if (tables.length === 0) return [];
  const sql = tables.map(table => `${command} ${table.quoted};`).join('\n');
  return [
    {
      side,
      nodes: [node ?? 'the coordinator'],
      sql,
      lock,
      rollback: 'Nothing needs to be taken back.',
      verify: 'Run this check again.',
    },
  ];
}

const storageSchema = z.strictObject({
  /** Settings that only a copy-on-write file system calls for, as `name = value`. */
  copyOnWrite: z.array(z.string()),
});

const storageHints: CheckQuery<z.infer<typeof storageSchema>> = {
  name: 'storageHints',
  nodes: 'every',
  sql: () => `SELECT json_build_object('copyOnWrite', coalesce(json_agg(concat(name, ' = ', setting) ORDER BY name), '[]'))
  FROM pg_settings WHERE name IN ('wal_init_zero', 'wal_recycle') AND setting = 'off'`,
  answer: storageSchema,
};

const compression = defineCheck({
  id: 'tables.compression',
  group: 'tables',
  title: 'Compression by the file system',
  question: 'Does the source seem to lie on a file system that compresses, and the target not?',
  why: 'PostgreSQL knows sizes before compression only. ZFS commonly halves a database or better: without it the same data needs 2 to 3 times the disk and as much more reading from it.',
  reference:
    'PostgreSQL documentation, "wal_init_zero" and "wal_recycle", which are off for copy-on-write file systems; the ratio of 2 to 3 is experience, no measurement of this cluster',
  severity: 'medium',
  sides,
  queries: { hints: storageHints, states: tableStates },
  judge({ source, target }) {
    const hints = { source: answered(source.answers.hints), target: answered(target.answers.hints) };
    const bytes = [...tableTotals(answered(source.answers.states)).values()].reduce(
      (sum, table) => sum + totalBytes(table) * (table.spread === 'reference' ? table.nodes.length : 1),
      0,
    );
    const differences: CheckDifference[] = [];
    const hinted = hints.source.filter(({ answer }) => answer.copyOnWrite.length > 0);
    const known = hints.target.some(({ answer }) => answer.copyOnWrite.length > 0);
    const [first] = hinted;
    if (first && !known && hints.target.length > 0)
      differences.push({
        what: `a file system that may compress (suspected, as ${first.answer.copyOnWrite.join(' and ')})`,
        node: first.node,
        source: `${formatBytes(bytes)} of tables and indexes, ${formatBytes(bytes / 3)} to ${formatBytes(bytes / 2)} on disk if it is ZFS with compression`,
        target: `no sign of it: ${formatBytes(bytes)} on disk`,
      });
    return conclude({
      differences,
      unknown: [
        ...unanswered(source.answers.hints, target.answers.hints),
        ...statesUnknown(source.answers.states, target.answers.states),
      ],
      remarks: [
        `the tables and indexes of the source need ${formatBytes(bytes)} before compression; no function of PostgreSQL tells how much of a disk is free (df does, and zfs get compressratio what a file system saves)`,
      ],
      pass: 'no sign that the source lies on a file system that compresses and the target not',
    });
  },
});

export const tableSizeChecks: readonly Check[] = [sizes, dead, compression];
