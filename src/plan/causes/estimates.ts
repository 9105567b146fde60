import type { Evidence } from '../../shared/diagnosis';
import { formatMs, formatRows } from '../../shared/format';
import type { Side } from '../../shared/side';
import { titleName } from '../compare-nodes';
import type { Plan, PlanNode } from '../model';
import { estimateFactor } from '../thresholds';
import { bothTimed, evidence, excessMs, matters, pairs, places } from './evidence';
import { isWorseEstimate, type PlanChange, planChange } from './plan-change';
import { below, relationFacts, type ScanPair, tableOf } from './relations';
import type { CauseContext, FoundCause } from './rule';
import { isMissing, isStale } from './statistics-age';
import { estimateRemedy } from './table-remedies';

/**
 * A finding whose harm is the change of plan. With an estimate that was far off the link is derived, without it is a guess.
 */
export function changeCause(
  context: CauseContext,
  change: PlanChange,
  scans: readonly number[],
  cause: Pick<FoundCause, 'title' | 'evidence' | 'remedy'>,
): FoundCause {
  const off = estimates(context, scans);
  return {
    ...cause,
    confidence: off.some(({ worse }) => worse) ? 'derived' : 'suspected',
    explainedMs: excessMs(context, change.slowerMs, change.fasterMs),
    account: `row ${change.heaviest}`,
    evidence: [
      ...cause.evidence,
      ...off.slice(0, 3).map(({ scan }) => estimateEvidence(context, scan)),
      ...changeEvidence(context, change),
    ],
    rows: rowsOf(scans, change),
    settings: [],
  };
}

function rowsOf(scans: readonly number[], { rows }: PlanChange): number[] {
  return [...new Set([...scans, ...rows])].sort((a, b) => a - b);
}

export function isWorth(context: CauseContext, { slowerMs = 0, fasterMs = 0 }: PlanChange): boolean {
  return !bothTimed(context) || matters(context, slowerMs, fasterMs);
}

function changeEvidence(context: CauseContext, change: PlanChange): Evidence[] {
  const { slowerWay, fasterWay, slowerMs, fasterMs } = change;
  const way = slowerWay === fasterWay ? [] : [evidence(context, 'chosen instead', slowerWay, fasterWay)];
  const time = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : formatMs(ms));
  if (slowerMs === undefined) return way;
  return [...way, evidence(context, 'time in what differs', time(slowerMs), time(fasterMs))];
}

/** Scans that somebody waited for, those first whose estimates are worse on the slower side. */
function estimates(context: CauseContext, scans: readonly number[]): { scan: ScanPair; worse: boolean }[] {
  const all = pairs(context);
  const { overlapped } = places(context.plans[context.slower]);
  return scans
    .flatMap(row => {
      const { slower, faster } = all[row]!;
      if (!slower || !faster || overlapped[slower.index]) return [];
      return [{ scan: { row, slower, faster }, worse: isWorseEstimate(slower, faster) }];
    })
    .sort((a, b) => Number(b.worse) - Number(a.worse));
}

function estimateEvidence(context: CauseContext, { slower, faster }: ScanPair): Evidence {
  const what = `rows of ${tableOf(context.plans[context.slower], slower)} estimated and found`;
  return evidence(context, what, estimateWords(slower), estimateWords(faster));
}

function estimateWords({ planRows, actualRows, actualLoops }: PlanNode): string {
  const estimated = formatRows(planRows ?? 0);
  return actualLoops ? `${estimated} and ${formatRows(actualRows ?? 0)}` : `${estimated}, not run`;
}

/** A node whose estimate is far off on the slower side, in all tasks. */
interface Culprit {
  title: string;
  rows: number[];
  node: PlanNode;
  /** The faster side's counterpart. */
  other: PlanNode;
}

const mostCulprits = 4;

/** The lowest nodes whose estimate is far off on the slower side alone: what is wrong above follows from them. */
export function findOff(context: CauseContext): FoundCause[] {
  const { plans, slower } = context;
  const plan = plans[slower];
  const { tasks, overlapped } = places(plan);
  const culprits = new Map<string, Culprit>();
  const covered = new Uint8Array(plan.nodes.length);
  // Children come after their parents, so the lowest are met first from the end.
  for (const { row, slower: node, faster: other } of [...pairs(context)].sort(
    (a, b) => (b.slower?.index ?? -1) - (a.slower?.index ?? -1),
  )) {
    if (!node) break;
    if (node.parent >= 0 && covered[node.index]) covered[node.parent] = 1;
    if (node.kind !== 'operator' || node.job || !other || covered[node.index] || !isWorseEstimate(node, other))
      continue;
    if (isStoppedEarly(context, slower, node) || readsIntermediateResult(plan, node)) continue;
    if (node.parent >= 0) covered[node.parent] = 1;
    const title = titleName(node, tasks[node.index]! >= 0);
    const culprit = culprits.get(title);
    if (culprit) culprit.rows.push(row);
    if (!culprit || (overlapped[culprit.node.index] && !overlapped[node.index])) {
      culprits.set(title, { title, rows: culprit?.rows ?? [row], node, other });
    }
  }
  const found = new Map<PlanChange, Culprit[]>();
  for (const culprit of culprits.values()) {
    const { node } = culprit;
    const facts = node.relation === undefined ? undefined : relationFacts(context, slower, node);
    if (facts && (isMissing(facts) || isStale(facts))) continue;
    const change = planChange(context, culprit.rows);
    if (!change || !isWorth(context, change)) continue;
    const same = found.get(change);
    if (same) same.push(culprit);
    else found.set(change, [culprit]);
  }
  return [...found].map(([change, together]) => offCause(context, change, together));
}

/** What is far off and had a part in the same change is one finding, told by what is off by most rows. */
function offCause(context: CauseContext, change: PlanChange, culprits: Culprit[]): FoundCause {
  const { slower } = context;
  const wrong = ({ node }: Culprit): number =>
    Math.abs((node.planRows ?? 0) - (node.actualRows ?? 0)) * (node.actualLoops ?? 1);
  culprits.sort((a, b) => wrong(b) - wrong(a));
  const { title, node, other } = culprits[0]!;
  const facts = node.relation === undefined ? undefined : relationFacts(context, slower, node);
  const scans = culprits.flatMap(({ rows }) => rows);
  const cause: FoundCause = {
    title: `${title}: the ${slower} expected ${formatRows(node.planRows ?? 0)} rows and found ${formatRows(node.actualRows ?? 0)}.`,
    confidence: facts && other.actualLoops !== undefined ? 'derived' : 'suspected',
    explainedMs: excessMs(context, change.slowerMs, change.fasterMs),
    account: `row ${change.heaviest}`,
    evidence: [
      ...culprits
        .slice(0, mostCulprits)
        .map(each =>
          evidence(
            context,
            `rows of ${each.title} estimated and found`,
            estimateWords(each.node),
            estimateWords(each.other),
          ),
        ),
      ...targetEvidence(context),
      ...changeEvidence(context, change),
    ],
    rows: rowsOf(scans, change),
    settings: [],
  };
  if (facts) cause.remedy = estimateRemedy(context, facts, node);
  return cause;
}

function targetEvidence(context: CauseContext): Evidence[] {
  const of = (side: Side): string | undefined => {
    const nodes = context.facts[side]?.nodes;
    const planner = nodes?.find(({ role }) => role === 'worker') ?? nodes?.[0];
    return planner?.settings.get('default_statistics_target')?.value;
  };
  const [here, there] = [of(context.slower), of(context.faster)];
  return here === there ? [] : [evidence(context, 'default_statistics_target', here, there)];
}

/** A node above may have had enough before the rows ran out: fewer rows than estimated are no mistake there. */
function isStoppedEarly({ plans }: CauseContext, side: Side, node: PlanNode): boolean {
  if ((node.actualRows ?? 0) * estimateFactor > (node.planRows ?? 0)) return false;
  const { nodes } = plans[side];
  for (let at = node.parent; at >= 0 && nodes[at]!.statement === node.statement; at = nodes[at]!.parent) {
    const { type, joinType } = nodes[at]!;
    if (type === 'Limit' || type === 'Merge Join' || joinType === 'Semi' || joinType === 'Anti') return true;
  }
  return false;
}

/** Of an intermediate result Citus knows the size alone: how many rows it holds is a guess, and the subplan is the cause. */
function readsIntermediateResult(plan: Plan, node: PlanNode): boolean {
  return below(plan, node).some(({ functionName }) => functionName?.startsWith('read_intermediate_result'));
}
