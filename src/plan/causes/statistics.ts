import type { Evidence } from '../../shared/diagnosis';
import { formatCount, formatMs, formatRows } from '../../shared/format';
import type { Side } from '../../shared/side';
import { titleName } from '../compare-nodes';
import type { PlanNode } from '../model';
import { estimateFactor } from '../thresholds';
import { bothTimed, evidence, excessMs, matters, pairs, places } from './evidence';
import type { RelationFacts, StatisticsFacts } from './facts';
import { isWorseEstimate, type PlanChange, planChange } from './plan-change';
import { placeWords, relationFacts, scanPairs, tableOf } from './relations';
import type { CauseContext, FoundCause, Rule } from './rule';
import { analyzeRemedy, analyzeStep, estimateRemedy } from './table-remedies';
import { findVisibility } from './visibility';

/** Rows changed since ANALYZE, as a share of the table, from which its statistics are stale: autovacuum comes at half of it. */
const staleShare = 0.2;

export const statisticsRules: readonly Rule[] = [
  {
    id: 'stats.missing',
    meaning:
      'The slower side has never analysed a table, so the planner guesses how many rows there are; a copy does not bring statistics along.',
    reference:
      'PostgreSQL documentation, "Statistics Used by the Planner" and "Upgrading Data via pg_dumpall"; Citus documentation, "Query Performance Tuning".',
    supersedes: ['stats.stale', 'estimate.off', 'index.unused'],
    find: findMissing,
  },
  {
    id: 'stats.stale',
    meaning:
      'Much of a table changed since the slower side analysed it, so the planner reckons with rows that are no longer so.',
    reference: 'PostgreSQL documentation, "Updating Planner Statistics".',
    supersedes: ['estimate.off', 'index.unused'],
    find: context => tables(context).flatMap(table => findStale(context, table)),
  },
  {
    id: 'estimate.off',
    meaning:
      'The planner of the slower side expected far fewer or far more rows than there were, and chose a plan for those.',
    reference: 'PostgreSQL documentation, "Row Estimation Examples" and "Extended Statistics".',
    supersedes: ['index.unused'],
    find: findOff,
  },
  {
    id: 'visibility.map',
    meaning:
      'The slower side must look into the table to see whether rows are visible, as its visibility map is not up to date.',
    reference: 'PostgreSQL documentation, "Index-Only Scans and Covering Indexes" and "Updating the Visibility Map".',
    supersedes: ['index.unused'],
    find: findVisibility,
  },
];

/** A table that both sides read, with the rows that scan it. */
interface ScannedTable {
  rows: number[];
  slower: RelationFacts;
  /** Undefined when the faster side's catalogs were not read. */
  faster: RelationFacts | undefined;
}

function tables(context: CauseContext): ScannedTable[] {
  const found = new Map<RelationFacts, ScannedTable>();
  for (const { row, slower, faster } of scanPairs(context)) {
    const here = relationFacts(context, context.slower, slower);
    if (!here) continue;
    const table = found.get(here);
    if (table) table.rows.push(row);
    else found.set(here, { rows: [row], slower: here, faster: relationFacts(context, context.faster, faster) });
  }
  return [...found.values()];
}

/** Tables, or shards, that nobody ever analysed; those that are empty do not count. */
function neverAnalysed({ statistics }: RelationFacts): StatisticsFacts[] {
  return statistics.filter(
    ({ tuples, hasColumnStatistics, analyzedAt, liveTuples, sizeBytes }) =>
      (liveTuples ?? sizeBytes ?? 1) > 0 &&
      sizeBytes !== 0 &&
      (tuples < 0 || hasColumnStatistics === false) &&
      analyzedAt === undefined,
  );
}

function changedShare({ statistics }: RelationFacts): number | undefined {
  let [changed, live] = [0, 0];
  for (const { modifiedSinceAnalyze, liveTuples, tuples } of statistics) {
    if (modifiedSinceAnalyze === undefined) return undefined;
    changed += modifiedSinceAnalyze;
    live += Math.max(0, liveTuples ?? tuples);
  }
  return statistics.length === 0 ? undefined : changed / Math.max(1, live);
}

function isMissing(facts: RelationFacts): boolean {
  return neverAnalysed(facts).length > 0;
}

function isStale(facts: RelationFacts): boolean {
  return (changedShare(facts) ?? 0) >= staleShare;
}

/** One finding for all tables that had a part in the same change of plan. */
function findMissing(context: CauseContext): FoundCause[] {
  const found = new Map<string, FoundCause & { names: string[] }>();
  for (const { rows, slower: here, faster: there } of tables(context)) {
    const missing = neverAnalysed(here);
    if (missing.length === 0 || (there && isMissing(there))) continue;
    const table = `${here.schema}.${here.name}`;
    const seen = [
      evidence(
        context,
        `statistics of ${table}`,
        missingWords(here, missing),
        there ? missingWords(there, []) : 'not read',
      ),
    ];
    for (const cause of effect(context, rows, { title: '', evidence: seen, remedy: analyzeRemedy(context, here) })) {
      const name = here.spread === 'plain' ? table : `${table} (${missing.length} of ${here.statistics.length} shards)`;
      const same = found.get(cause.account);
      if (!same) {
        found.set(cause.account, { ...cause, names: [name] });
        continue;
      }
      same.names.push(name);
      if (cause.confidence === 'derived') same.confidence = cause.confidence;
      same.evidence.unshift(...seen);
      same.rows = [...new Set([...same.rows, ...cause.rows])].sort((a, b) => a - b);
      same.remedy = {
        ...same.remedy!,
        summary: 'Analyse the tables.',
        steps: [...same.remedy!.steps, analyzeStep(here)],
      };
    }
  }
  return [...found.values()].map(({ names, ...cause }) => ({
    ...cause,
    evidence: cause.evidence.slice(0, mostEvidence),
    title: `The ${context.slower} has never analysed ${listed(names)}; the planner guesses how many rows there are.`,
  }));
}

/** A partitioned table has many. */
const mostNames = 4;
const mostEvidence = 12;

function listed(names: readonly string[]): string {
  const more = names.length - mostNames;
  return names.slice(0, mostNames).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function missingWords({ statistics }: RelationFacts, missing: readonly StatisticsFacts[]): string {
  if (missing.length > 0) {
    const where =
      missing[0]!.shardId === undefined
        ? ''
        : `: ${missing.slice(0, 3).map(placeWords).join('; ')}${missing.length > 3 ? '; …' : ''}`;
    return `never analysed${where}`;
  }
  const last = statistics.flatMap(({ analyzedAt }) => analyzedAt ?? []).sort();
  return last.length > 0 ? `analysed ${last[0]}` : 'there';
}

function findStale(context: CauseContext, { rows, slower: here, faster: there }: ScannedTable): FoundCause[] {
  const [share, reference] = [changedShare(here), there && changedShare(there)];
  if (share === undefined || share < staleShare || isMissing(here)) return [];
  if (reference !== undefined && reference >= share / 2) return [];
  const table = `${here.schema}.${here.name}`;
  const times = (value: number | undefined): string | undefined =>
    value === undefined ? undefined : `${formatCount(Math.round(value * 100))} % of the rows`;
  return effect(context, rows, {
    title: `${times(share)} of ${table} changed since the ${context.slower} analysed it.`,
    evidence: [
      evidence(context, `changed in ${table} since ANALYZE`, times(share), times(reference)),
      evidence(context, `statistics of ${table}`, missingWords(here, []), there && missingWords(there, [])),
    ],
    remedy: analyzeRemedy(context, here),
  });
}

/**
 * Bad statistics do harm through the plan alone: where the sides do the same in the same way, they explain nothing. With an
 * estimate that was far off the link is derived, without it is a guess.
 */
function effect(
  context: CauseContext,
  scans: readonly number[],
  cause: Pick<FoundCause, 'title' | 'evidence' | 'remedy'>,
): FoundCause[] {
  const change = planChange(context, scans);
  if (!change || !isWorth(context, change)) return [];
  const off = estimates(context, scans);
  return [
    {
      ...cause,
      confidence: off.some(({ worse }) => worse) ? 'derived' : 'suspected',
      explainedMs: excessMs(context, change.slowerMs, change.fasterMs),
      account: `row ${change.heaviest}`,
      evidence: [...cause.evidence, ...off.slice(0, 3).map(({ seen }) => seen), ...changeEvidence(context, change)],
      rows: [...new Set([...scans, ...change.rows])].sort((a, b) => a - b),
      settings: [],
    },
  ];
}

function isWorth(context: CauseContext, { slowerMs = 0, fasterMs = 0 }: PlanChange): boolean {
  return !bothTimed(context) || matters(context, slowerMs, fasterMs);
}

function changeEvidence(context: CauseContext, change: PlanChange): Evidence[] {
  const { slowerWay, fasterWay, slowerMs, fasterMs } = change;
  const way = slowerWay === fasterWay ? [] : [evidence(context, 'chosen instead', slowerWay, fasterWay)];
  const time = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : formatMs(ms));
  if (slowerMs === undefined) return way;
  return [...way, evidence(context, 'time in what differs', time(slowerMs), time(fasterMs))];
}

/** Estimated and found rows of the scans, those that are worse on the slower side first. */
function estimates(context: CauseContext, scans: readonly number[]): { seen: Evidence; worse: boolean }[] {
  const all = pairs(context);
  const overlapped = places(context.plans[context.slower]).overlapped;
  return scans
    .flatMap(row => {
      const { slower, faster } = all[row]!;
      if (!slower || !faster || overlapped[slower.index]) return [];
      const what = `rows of ${tableOf(context.plans[context.slower], slower)} estimated and found`;
      const seen = evidence(context, what, estimateWords(slower), estimateWords(faster));
      return [{ seen, worse: isWorseEstimate(slower, faster) }];
    })
    .sort((a, b) => Number(b.worse) - Number(a.worse));
}

function estimateWords({ planRows, actualRows, actualLoops }: PlanNode): string {
  const estimated = formatRows(planRows ?? 0);
  return actualLoops ? `${estimated} and ${formatRows(actualRows ?? 0)}` : `${estimated}, not run`;
}

/** The lowest nodes whose estimate is far off on the slower side alone: what is wrong above follows from them. */
function findOff(context: CauseContext): FoundCause[] {
  const { plans, slower, faster } = context;
  const plan = plans[slower];
  const { tasks, overlapped } = places(plan);
  const culprits = new Map<string, { rows: number[]; node: PlanNode; other: PlanNode }>();
  const covered = new Uint8Array(plan.nodes.length);
  // Children come after their parents, so the lowest are met first from the end.
  for (const { row, slower: node, faster: other } of [...pairs(context)].sort(
    (a, b) => (b.slower?.index ?? -1) - (a.slower?.index ?? -1),
  )) {
    if (!node) break;
    if (node.parent >= 0 && covered[node.index]) covered[node.parent] = 1;
    if (node.kind !== 'operator' || node.job || !other || covered[node.index] || !isWorseEstimate(node, other))
      continue;
    if (isStoppedEarly(context, slower, node)) continue;
    if (node.parent >= 0) covered[node.parent] = 1;
    const title = titleName(node, tasks[node.index]! >= 0);
    const culprit = culprits.get(title);
    if (culprit) culprit.rows.push(row);
    if (!culprit || (overlapped[culprit.node.index] && !overlapped[node.index])) {
      culprits.set(title, { rows: culprit?.rows ?? [row], node, other });
    }
  }
  return [...culprits].flatMap(([title, { rows, node, other }]) => {
    const facts = node.relation === undefined ? undefined : relationFacts(context, slower, node);
    if (facts && (isMissing(facts) || isStale(facts))) return [];
    const change = planChange(context, rows);
    if (!change || !isWorth(context, change)) return [];
    const remedy = facts && estimateRemedy(context, facts, node);
    const cause: FoundCause = {
      title: `${title}: the ${slower} expected ${formatRows(node.planRows ?? 0)} rows and found ${formatRows(node.actualRows ?? 0)}.`,
      confidence: facts && other.actualLoops !== undefined ? 'derived' : 'suspected',
      explainedMs: excessMs(context, change.slowerMs, change.fasterMs),
      account: `row ${change.heaviest}`,
      evidence: [
        evidence(context, 'rows estimated and found', estimateWords(node), estimateWords(other)),
        ...targetEvidence(context),
        ...changeEvidence(context, change),
      ],
      rows: [...new Set([...rows, ...change.rows])].sort((a, b) => a - b),
      settings: [],
    };
    if (remedy) cause.remedy = remedy;
    return [cause];
  });

  function targetEvidence({ facts }: CauseContext): Evidence[] {
    const of = (side: Side): string | undefined =>
      (facts[side]?.nodes.find(({ role }) => role === 'worker') ?? facts[side]?.nodes[0])?.settings.get(
        'default_statistics_target',
      )?.value;
    const [here, there] = [of(slower), of(faster)];
    return here === there ? [] : [evidence(context, 'default_statistics_target', here, there)];
  }
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
