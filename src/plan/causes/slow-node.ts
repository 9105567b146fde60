import { formatMs, formatRatio } from '../../shared/format';
import type { Side } from '../../shared/side';
import { evidence, matters } from './evidence';
import { citusNodes } from './layout';
import type { CauseContext, FoundCause } from './rule';
import { rowOfNode, type TaskWork, tasksBelow } from './task-work';

/** The slow worker takes this many times as long per row and page as the others … */
const slowFactor = 1.5;

/** … and the other side's workers are apart by less than this part of it: tasks on a busy machine differ by a third. */
const growth = 1.25;

/** So many tasks on each worker let chance out of it: one or two are slow for reasons of their own. */
const fewestTasks = 2;

/** A task with less to do says more about its start than about its worker. */
const leastWork = 1000;

/** Same work, more time, on one worker alone. Judged by time per row and page, since shards are never of one size. */
export function findSlowNode(context: CauseContext): FoundCause[] {
  const { plans, slower: side, faster: other } = context;
  return citusNodes(plans[side]).flatMap(citusNode => {
    const tasks = tasksBelow(plans[side], citusNode).filter(({ work }) => work >= leastWork);
    const costs = costsPerNode(tasks);
    if (costs.length < 2) return [];
    const [slow, ...others] = costs;
    const usual = median(others.map(({ cost }) => cost));
    const ratio = slow!.cost / usual;
    const reference = spreadOf(context, other);
    if (ratio < slowFactor || !isApart(tasks, slow!.node) || (reference !== undefined && ratio < growth * reference))
      return [];
    const [itsSlowest, othersSlowest] = [true, false].map(its =>
      tasks.reduce((most, { ms, node }) => Math.max(most, (node === slow!.node) === its ? ms : 0), 0),
    );
    const lostMs = Math.min(itsSlowest! - itsSlowest! / ratio, itsSlowest! - othersSlowest!);
    if (!matters(context, lostMs, 0)) return [];
    const slowest = tasks.find(({ ms, node }) => node === slow!.node && ms === itsSlowest)!;
    return [
      {
        title: `${slow!.node} takes ${formatRatio(ratio)} as long as the other workers of the ${side} for the same amount of work.`,
        confidence: 'derived',
        explainedMs: lostMs,
        account: 'cpu',
        evidence: [
          evidence(context, 'time per 1,000 rows and pages there', perThousand(slow!.cost), undefined, slow!.node),
          evidence(context, 'time per 1,000 rows and pages on the other workers', perThousand(usual), undefined),
          ...(reference === undefined
            ? []
            : [
                evidence(
                  context,
                  'slowest worker per work, against the others',
                  formatRatio(ratio),
                  formatRatio(reference),
                ),
              ]),
          evidence(
            context,
            'slowest task there and elsewhere',
            `${formatMs(itsSlowest!)} and ${formatMs(othersSlowest!)}`,
            undefined,
            slow!.node,
          ),
          ...oddSettings(context, slow!.node),
        ],
        remedy: {
          summary: `Look at ${slow!.node} itself: processor, disk, memory, neighbours, another load, settings; or move its shards elsewhere.`,
          side,
          steps: [
            {
              on: 'coordinator',
              sql: `SELECT citus_set_node_property(${nodeLiteral(slow!.node)}, 'shouldhaveshards', false);\nSELECT citus_rebalance_start(drain_only := true);`,
              lock: 'Reads and writes go on while shards are copied; writes to a shard wait for a moment when it changes place.',
              rollback: `SELECT citus_rebalance_stop();\nSELECT citus_set_node_property(${nodeLiteral(slow!.node)}, 'shouldhaveshards', true);\nSELECT citus_rebalance_start();`,
            },
          ],
          verify: 'Explain the statement again: tasks of all workers take about as long for the same rows.',
        },
        rows: rowOfNode(context, slowest.task),
        settings: [],
      },
    ];
  });
}

/** Every task of that worker is slower for its work than every task elsewhere. */
function isApart(tasks: readonly TaskWork[], slow: string): boolean {
  const costs = (its: boolean): number[] =>
    tasks.filter(({ node }) => (node === slow) === its).map(({ ms, work }) => ms / work);
  const [there, elsewhere] = [costs(true), costs(false)];
  if (there.length < fewestTasks || elsewhere.length < fewestTasks) return false;
  return Math.min(...there) > Math.max(...elsewhere);
}

/** Median time per row and page of each worker, the slowest first. */
function costsPerNode(tasks: readonly TaskWork[]): { node: string; cost: number }[] {
  const byNode = new Map<string, number[]>();
  for (const { node, ms, work } of tasks) {
    const costs = byNode.get(node);
    if (costs) costs.push(ms / work);
    else byNode.set(node, [ms / work]);
  }
  return [...byNode].map(([node, costs]) => ({ node, cost: median(costs) })).sort((a, b) => b.cost - a.cost);
}

/** How far the other side's slowest worker is from the others; undefined where it has none to compare. */
function spreadOf({ plans }: CauseContext, side: Side): number | undefined {
  const ratios = citusNodes(plans[side]).flatMap(node => {
    const [slow, ...others] = costsPerNode(tasksBelow(plans[side], node).filter(({ work }) => work >= leastWork));
    return slow && others.length > 0 ? [slow.cost / median(others.map(({ cost }) => cost))] : [];
  });
  return ratios.length === 0 ? undefined : Math.max(...ratios);
}

/** Settings that the slow worker alone has. */
function oddSettings(context: CauseContext, address: string): FoundCause['evidence'] {
  const workers = context.facts[context.slower]?.nodes.filter(({ role }) => role === 'worker') ?? [];
  const slow = workers.find(({ node }) => node === address);
  const others = workers.filter(worker => worker !== slow && worker.settings.size > 0);
  if (!slow || others.length === 0) return [];
  return [...slow.settings].flatMap(([name, { value }]) => {
    const usual = others.map(({ settings }) => settings.get(name)?.value);
    if (usual.includes(value) || usual[0] === undefined) return [];
    return [evidence(context, `${name}, ${usual[0]} on its fellows`, value, undefined, address)];
  });
}

function perThousand(cost: number): string {
  return formatMs(cost * 1000);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** `'10.0.0.5', 5432` of `10.0.0.5:5432`, as functions on nodes take it. */
function nodeLiteral(address: string): string {
  const colon = address.lastIndexOf(':');
  return `'${address.slice(0, colon).replaceAll("'", "''")}', ${Number(address.slice(colon + 1)) || 5432}`;
}
