import { formatMs, formatRatio, formatRows } from '../../shared/format';
import type { Plan, PlanNode } from '../model';
import { family, nodeName } from '../operator';
import { factor, workMinimum } from '../thresholds';
import {
  bothTimed,
  evidence,
  isSameData,
  matters,
  type Pair,
  pairs,
  places,
  rowsScanned,
  rowsThrough,
} from './evidence';
import { tableOf } from './relations';
import type { CauseContext, Rule } from './rule';
import { perRowFactor, rowsShare } from './thresholds';

/** A scan that read more rows than its counterpart, of the same table in the same way. */
interface Growth {
  pair: Pair;
  slower: number;
  faster: number;
}

const known = new WeakMap<CauseContext, Growth[]>();

/** Tables that hold more on the slower side, as the scans of them show. */
export function grownScans(context: CauseContext): readonly Growth[] {
  let grown = known.get(context);
  if (!grown) {
    grown = findGrown(context);
    known.set(context, grown);
  }
  return grown;
}

/**
 * Scans that read more rows than their counterparts. One shard may have more and another less without a difference in the
 * data: of a distributed table all shards together must have grown, where they are shown.
 */
function findGrown(context: CauseContext): Growth[] {
  const { plans, slower } = context;
  const { tasks, overlapped } = places(plans[slower]);
  const growths = pairs(context).flatMap(pair => growthOf(context, pair) ?? []);
  const allShown = showsAllTasks(plans.source) && showsAllTasks(plans.target);
  const totals = new Map<string, { slower: number; faster: number }>();
  for (const { pair, slower: ofSlower, faster: ofFaster } of growths) {
    const table = tableOf(plans[slower], pair.slower!)!;
    const total = totals.get(table) ?? { slower: 0, faster: 0 };
    totals.set(table, { slower: total.slower + ofSlower, faster: total.faster + ofFaster });
  }
  return growths.filter(({ pair, slower: ofSlower, faster: ofFaster }) => {
    const node = pair.slower!;
    if (overlapped[node.index] || !isMore(ofSlower, ofFaster)) return false;
    if (tasks[node.index]! < 0) return true;
    const total = totals.get(tableOf(plans[slower], node)!)!;
    return allShown ? isMore(total.slower, total.faster) : isSameData(context, pair) && isPlaced(context, pair);
  });
}

function isMore(slower: number, faster: number): boolean {
  return slower - faster >= workMinimum && slower - faster >= rowsShare * faster;
}

function growthOf({ plans, slower, faster }: CauseContext, pair: Pair): Growth | undefined {
  const [a, b] = [pair.slower, pair.faster];
  if (!a || !b || a.kind !== 'operator' || family(a) !== 'scan' || a.relation === undefined) return undefined;
  // Another way to the rows looks at others of them: that is a matter of the plan, not of the data.
  if (a.type !== b.type || dependsOnOthers(plans[slower], a) || dependsOnOthers(plans[faster], b)) return undefined;
  const [ofSlower, ofFaster] = [rowsScanned(a), rowsScanned(b)];
  return ofSlower === undefined || ofFaster === undefined ? undefined : { pair, slower: ofSlower, faster: ofFaster };
}

function showsAllTasks({ nodes }: Plan): boolean {
  const tasks = new Int32Array(nodes.length);
  for (const { kind, parent } of nodes) if (kind === 'task') tasks[parent]!++;
  return nodes.every(({ job, index }) => !job || job.taskCount === tasks[index]);
}

/** The metadata said which part of the hash range the task works on. */
function isPlaced({ plans, slower }: CauseContext, { slower: node }: Pair): boolean {
  const task = plans[slower].nodes[places(plans[slower]).tasks[node!.index]!];
  return task?.shardRange !== undefined;
}

/** Below a Limit, or where another node asks row by row, how much is read says little of the table. */
function dependsOnOthers({ nodes }: Plan, scan: PlanNode): boolean {
  for (let node = scan; node.parent >= 0; node = nodes[node.parent]!) {
    const parent = nodes[node.parent]!;
    if (parent.statement !== node.statement) return false;
    if (parent.type === 'Limit' || parent.type === 'Merge Join') return true;
    if (parent.type === 'Nested Loop' && node.relationship === 'Inner') return true;
  }
  return false;
}

/**
 * What more rows cost: in each node that the grown scans feed, the time by which it is slower, as far as the rows that went
 * through it grew.
 */
function costOfRows(context: CauseContext, grown: readonly Growth[]): number {
  const { plans, slower } = context;
  const { nodes } = plans[slower];
  const fed = new Uint8Array(nodes.length);
  for (const { pair } of grown) {
    for (let at = pair.slower!.index; at >= 0 && !fed[at]; at = nodes[at]!.parent) fed[at] = 1;
  }
  let ms = 0;
  for (const { slower: a, faster: b } of pairs(context)) {
    if (!a || !b || !fed[a.index] || a.kind !== 'operator' || places(plans[slower]).overlapped[a.index]) continue;
    const growth = growthOfWork(plans[slower], a, plans[context.faster], b);
    if (growth < 1 + rowsShare || a.selfMs === undefined || b.selfMs === undefined) continue;
    ms += Math.max(0, Math.min(a.selfMs - b.selfMs, a.selfMs * (1 - 1 / growth) * perRowFactor));
  }
  return ms;
}

/** How many times more rows go into a node and come out of it. */
function growthOfWork(slower: Plan, a: PlanNode, faster: Plan, b: PlanNode): number {
  const [ofSlower, ofFaster] = [rowsThrough(slower, a), rowsThrough(faster, b)];
  return ofSlower > ofFaster ? factor(ofSlower, ofFaster) : 1;
}

const rowsDiffer: Rule = {
  id: 'rows.differ',
  meaning: 'The sides do not hold the same data: more rows take more time, which is no regression.',
  reference: 'PostgreSQL documentation, "Using EXPLAIN": actual rows, rows removed by a filter',
  supersedes: [],
  find(context) {
    const { slower } = context;
    if (!bothTimed(context)) return [];
    const grown = grownScans(context);
    if (grown.length === 0) return [];
    const ms = costOfRows(context, grown);
    if (!matters(context, ms, 0)) return [];
    const main = grown.reduce((most, one) => (one.slower - one.faster > most.slower - most.faster ? one : most));
    const more = factor(main.slower, main.faster);
    const isProportional =
      factor(perRow(main.pair.slower!, main.slower), perRow(main.pair.faster!, main.faster)) < perRowFactor;
    return [
      {
        title: `${nodeName(main.pair.slower!)} reads ${formatRatio(more)} the rows on the ${slower}, which accounts for ${formatMs(ms)}${isProportional ? '; the time per row is about the same' : ''}.`,
        confidence: isProportional ? 'observed' : 'derived',
        explainedMs: ms,
        account: 'rows',
        evidence: grown
          .slice(0, 4)
          .map(one =>
            evidence(
              context,
              `Rows read by ${nodeName(one.pair.slower!)}`,
              formatRows(one.slower),
              formatRows(one.faster),
            ),
          ),
        rows: grown.map(({ pair }) => pair.row),
        settings: [],
      },
    ];
  },
};

/** Microseconds. */
function perRow(node: PlanNode, rows: number): number {
  return ((node.selfMs ?? 0) * 1000) / Math.max(1, rows);
}

export const dataRules: readonly Rule[] = [rowsDiffer];
