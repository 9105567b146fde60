import { formatMs, formatRatio, formatRows } from '../../shared/format';
import type { Plan, PlanNode } from '../model';
import { family, nodeName } from '../operator';
import { factor, workMinimum } from '../thresholds';
import { allRows, bothTimed, evidence, isSameData, matters, type Pair, pairs, places } from './evidence';
import type { CauseContext, Rule } from './rule';
import { perRowFactor, rowsShare } from './thresholds';

/** A scan that read more rows than its counterpart, of the same table in the same way. */
interface Growth {
  pair: Pair;
  slower: number;
  faster: number;
}

/** Rows a scan looked at, those its filter threw away included. */
function scanned(node: PlanNode): number | undefined {
  if (node.actualRows === undefined || !node.actualLoops) return undefined;
  const removed = ['Rows Removed by Filter', 'Rows Removed by Index Recheck']
    .map(name => node.properties.number(name) ?? 0)
    .reduce((sum, rows) => sum + rows, 0);
  return (node.actualRows + removed) * node.actualLoops;
}

/** Tables that hold more on the slower side, as the scans of them show. */
export function grownScans(context: CauseContext): Growth[] {
  const { plans, slower, faster } = context;
  return pairs(context).flatMap(pair => {
    const [a, b] = [pair.slower, pair.faster];
    if (!a || !b || a.kind !== 'operator' || family(a) !== 'scan' || a.relation === undefined) return [];
    // Another way to the rows looks at others of them: that is a matter of the plan, not of the data.
    if (a.type !== b.type || !isSameData(context, pair) || places(plans[slower]).overlapped[a.index]) return [];
    if (dependsOnOthers(plans[slower], a) || dependsOnOthers(plans[faster], b)) return [];
    const [ofSlower, ofFaster] = [scanned(a), scanned(b)];
    if (ofSlower === undefined || ofFaster === undefined) return [];
    const more = ofSlower - ofFaster;
    return more >= workMinimum && more >= rowsShare * ofFaster ? [{ pair, slower: ofSlower, faster: ofFaster }] : [];
  });
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
    const growth = factorOfWork(plans[slower], a, plans[context.faster], b);
    if (growth < 1 + rowsShare || a.selfMs === undefined || b.selfMs === undefined) continue;
    ms += Math.max(0, Math.min(a.selfMs - b.selfMs, a.selfMs * (1 - 1 / growth) * perRowFactor));
  }
  return ms;
}

/** How many times more rows go into a node and come out of it. */
function factorOfWork(slower: Plan, a: PlanNode, faster: Plan, b: PlanNode): number {
  const work = (plan: Plan, node: PlanNode): number => {
    let rows = scanned(node) ?? 0;
    const end = node.index + node.subtreeSize;
    for (let at = node.index + 1; at < end; at += plan.nodes[at]!.subtreeSize) rows += allRows(plan.nodes[at]!) ?? 0;
    return rows;
  };
  const [ofSlower, ofFaster] = [work(slower, a), work(faster, b)];
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
