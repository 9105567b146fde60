import type { Evidence } from '../../shared/diagnosis';
import { formatMs } from '../../shared/format';
import type { Plan, PlanNode } from '../model';
import { workFactor } from '../thresholds';
import { bothTimed, evidence, excessMs, matters, pairs } from './evidence';
import {
  citusNodes,
  citusPairs,
  layoutEvidence,
  layoutRemedy,
  shardsBelow,
  sizeOf,
  slowestTaskMs,
  tablesOfTasks,
} from './layout';
import { findLostLocal } from './local-execution';
import { below } from './relations';
import type { CauseContext, FoundCause, Rule } from './rule';
import { differing } from './setting-facts';

export const distributionRules: readonly Rule[] = [
  {
    id: 'pruning.lost',
    meaning: 'The slower side asks many shards where the faster side knows the few that can hold the rows.',
    reference: 'Citus documentation, "Query Processing" and "Choosing Distribution Column".',
    supersedes: ['network.share', 'connections.exhausted'],
    find: findPruning,
  },
  {
    id: 'pushdown.lost',
    meaning:
      'Work that the faster side does inside the shards goes through the coordinator on the slower side, as intermediate results.',
    reference:
      'Citus documentation, "Query Processing", "INSERT ... SELECT Commands" and "Subquery/CTE Push-Pull Execution".',
    supersedes: ['subplan.heavy'],
    find: context => [...findPulledWrites(context), ...findAddedSubplans(context)],
  },
  {
    id: 'repartition',
    meaning:
      'The slower side must send the rows of a join between the workers first, since the tables are not spread by the join column there.',
    reference: 'Citus documentation, "Joins", section "Repartition joins".',
    supersedes: ['network.share', 'connections.exhausted'],
    find: findRepartition,
  },
  {
    id: 'subplan.heavy',
    meaning:
      'A subplan of the slower side makes a larger intermediate result, which is written and sent before the statement itself starts.',
    reference: 'Citus documentation, "Subquery/CTE Push-Pull Execution" and "Join Local and Distributed Tables".',
    supersedes: [],
    find: findHeavySubplans,
  },
  {
    id: 'local-execution.lost',
    meaning: 'What the faster coordinator reads from its own placements, the slower one asks of another node.',
    reference: 'Citus documentation, "Reference Tables" and configuration reference, citus.enable_local_execution.',
    supersedes: ['network.share'],
    find: findLostLocal,
  },
];

function findPruning(context: CauseContext): FoundCause[] {
  const { plans, slower: side, faster: other } = context;
  return citusPairs(context).flatMap(({ row, slower, faster }) => {
    const [here, there] = [slower.job!.taskCount, faster.job!.taskCount];
    if (here === undefined || there === undefined || here <= there || isRepartitioned(plans[side], slower)) return [];
    if (!readSameTable(context, slower, faster)) return [];
    const [shards, otherShards] = [shardsBelow(context, 'slower', slower), shardsBelow(context, 'faster', faster)];
    // All shards on both sides is no pruning at all; a table of one shard is not pruned either.
    const pruned = otherShards === undefined ? there === 1 : there < otherShards;
    if (!pruned || (shards !== undefined && otherShards !== undefined && here / shards < (2 * there) / otherShards))
      return [];
    const ms = [slower.totalMs ?? 0, faster.totalMs ?? 0] as const;
    if (bothTimed(context) && !matters(context, ...ms)) return [];
    const slowest = [slowestTaskMs(plans[side], slower), slowestTaskMs(plans[other], faster)] as const;
    const inTasks = slowest[0] - slowest[1] > (ms[0] - ms[1]) / 2;
    return [
      cause(context, {
        title: `The ${side} asks ${here} shards where the ${other} asks ${there}.`,
        confidence: 'observed',
        explainedMs: excessMs(context, slower.totalMs, faster.totalMs),
        account: inTasks ? 'tasks' : 'network',
        evidence: [
          evidence(context, 'tasks', ofShards(here, shards), ofShards(there, otherShards)),
          ...layoutEvidence(context),
          ...timeEvidence(context, 'time of the distributed query', slower, faster),
        ],
        rows: [row],
      }),
    ];
  });
}

/** A task may also read nothing but an intermediate result, which is one wherever its rows came from. */
function readSameTable({ plans, slower, faster }: CauseContext, here: PlanNode, there: PlanNode): boolean {
  const [mine, theirs] = [tablesOfTasks(plans[slower], here), tablesOfTasks(plans[faster], there)];
  return [...mine].some(table => theirs.has(table));
}

function ofShards(tasks: number, shards: number | undefined): string {
  return shards === undefined ? String(tasks) : `${tasks}, of ${shards} shards`;
}

/** How far a write is from being done inside the shards. */
const detours = ['inside the shards', 'repartition', 'pull to coordinator'];

/** The way an INSERT … SELECT or MERGE takes; Citus names it only when it is not the straight one. */
function writeMethod(node: PlanNode): string | undefined {
  if (!/^Citus (?:INSERT|MERGE)/.test(node.provider ?? '')) return undefined;
  // The key of MERGE holds the table's name: `MERGE INTO rollups method`.
  const name = node.properties.names.find(candidate => /^(?:INSERT\/SELECT|MERGE INTO .*) method$/.test(candidate));
  return name === undefined ? undefined : node.properties.text(name);
}

function writeWords(method: string): string {
  if (method === detours[0]) return method;
  return method === 'repartition' ? 'by repartitioning' : 'by way of the coordinator';
}

function findPulledWrites(context: CauseContext): FoundCause[] {
  const { plans, slower: side, faster: other } = context;
  const node = plans[side].nodes.find(candidate => writeMethod(candidate) !== undefined);
  if (!node) return [];
  const reference = plans[other].nodes.find(candidate => writeMethod(candidate) !== undefined);
  const isWrite = plans[other].nodes.some(({ type }) => type === 'ModifyTable');
  if (!reference && !isWrite) return [];
  const [here, there] = [writeMethod(node)!, (reference && writeMethod(reference)) ?? detours[0]!];
  if (detours.indexOf(here) <= detours.indexOf(there)) return [];
  const row = rowOf(context, node);
  return [
    cause(context, {
      title: `The ${side} writes ${writeWords(here)}, the ${other} ${writeWords(there)}.`,
      confidence: 'observed',
      explainedMs: excessMs(context, node.totalMs, (reference ?? plans[other].nodes[0])?.totalMs),
      account: `row ${row}`,
      evidence: [evidence(context, 'way of the write', here, there), ...layoutEvidence(context)],
      rows: [row],
      settings: ['citus.enable_repartitioned_insert_select', 'citus.enable_merge_repartition'],
    }),
  ];
}

/** Subplans of the slower side alone, and what they move. */
function findAddedSubplans(context: CauseContext): FoundCause[] {
  const { plans, slower: side, faster: other, differenceMs } = context;
  const count = (plan: Plan): number => plan.nodes.filter(({ kind }) => kind === 'subplan').length;
  const added = pairs(context).filter(
    ({ slower, faster }) => slower?.kind === 'subplan' && !faster && isOfShards(plans[side], slower),
  );
  if (added.length === 0 || count(plans[side]) <= count(plans[other])) return [];
  const total = added.reduce((sum, { slower }) => sum + (slower!.totalMs ?? 0), 0);
  const explainedMs = excessMs(context, context.executionMs[side] === undefined ? undefined : total, 0);
  const least = explainedMs === undefined ? undefined : Math.min(explainedMs, differenceMs ?? explainedMs);
  if (least !== undefined && !matters(context, least, 0)) return [];
  const heaviest = added.reduce((a, b) => ((b.slower!.totalMs ?? 0) > (a.slower!.totalMs ?? 0) ? b : a));
  const moved = added
    .map(({ slower }) => slower!.properties.text('Intermediate Data Size'))
    .filter(size => size !== undefined);
  return [
    cause(context, {
      title: `The ${side} runs ${added.length === 1 ? 'a subplan' : `${added.length} subplans`} first and sends the result on; the ${other} does that work inside the shards.`,
      confidence: 'observed',
      explainedMs: least,
      account: `row ${heaviest.row}`,
      evidence: [
        evidence(context, 'subplans', String(count(plans[side])), String(count(plans[other]))),
        ...(moved.length > 0 ? [evidence(context, 'intermediate results', moved.join(', '), 'none')] : []),
        ...(explainedMs === undefined
          ? []
          : [evidence(context, 'time of the added subplans', formatMs(total), undefined)]),
        ...layoutEvidence(context),
      ],
      rows: added.map(({ row }) => row),
      settings: [
        'citus.subquery_pushdown',
        'citus.enable_cte_inlining',
        'citus.enable_recurring_outer_join_pushdown',
        'citus.local_table_join_policy',
      ],
    }),
  ];
}

/** The subplan itself asks shards; one that does not sends a local table to where the shards are. */
function isOfShards(plan: Plan, subplan: PlanNode): boolean {
  return below(plan, subplan).some(({ job }) => job !== undefined);
}

function isRepartitioned(plan: Plan, node: PlanNode): boolean {
  return below(plan, node).some(({ kind }) => kind === 'mapMergeJob');
}

function findRepartition(context: CauseContext): FoundCause[] {
  const { plans, slower: side, faster: other } = context;
  const jobs = (plan: Plan, node: PlanNode): PlanNode[] =>
    below(plan, node).filter(({ kind }) => kind === 'mapMergeJob');
  const total = (plan: Plan): number => plan.nodes.filter(({ kind }) => kind === 'mapMergeJob').length;
  if (total(plans[side]) <= total(plans[other])) return [];
  return citusNodes(plans[side]).flatMap(node => {
    const mine = jobs(plans[side], node);
    if (mine.length === 0) return [];
    const row = rowOf(context, node);
    const faster = plans[other].nodes[context.rows[row]![other] ?? -1];
    const theirs = faster ? jobs(plans[other], faster).length : 0;
    if (mine.length <= theirs) return [];
    if (bothTimed(context) && !matters(context, node.totalMs ?? 0, faster?.totalMs ?? 0)) return [];
    return [
      cause(context, {
        title: `The ${side} repartitions ${mine.length === 1 ? 'the rows' : `${mine.length} sets of rows`} for the join; the ${other} joins inside the shards.`,
        confidence: 'observed',
        explainedMs: excessMs(context, node.totalMs, faster?.totalMs),
        account: `row ${row}`,
        evidence: [
          evidence(context, 'repartitioned', mine.map(jobWords).join('; '), theirs === 0 ? 'nothing' : String(theirs)),
          ...layoutEvidence(context),
          ...(faster ? timeEvidence(context, 'time of the distributed query', node, faster) : []),
        ],
        rows: [row, ...mine.map(job => rowOf(context, job))],
      }),
    ];
  });
}

function jobWords({ properties }: PlanNode): string {
  const tasks = ['Map Task Count', 'Merge Task Count'].map(name => properties.text(name) ?? '?');
  return `${tasks[0]} map and ${tasks[1]} merge tasks`;
}

function findHeavySubplans(context: CauseContext): FoundCause[] {
  const { plans, slower: side, faster: other } = context;
  const size = (node: PlanNode | undefined): string | undefined => node?.properties.text('Intermediate Data Size');
  const goal = (node: PlanNode | undefined): string | undefined => node?.properties.text('Result destination');
  return pairs(context).flatMap(({ row, slower, faster }) => {
    if (slower?.kind !== 'subplan') return [];
    const [here, there] = [sizeOf(size(slower)), sizeOf(size(faster))];
    const isAdded = !faster && !isOfShards(plans[side], slower);
    const isLarger = here !== undefined && there !== undefined && here >= workFactor * Math.max(1, there);
    const isFarther = goal(faster) === 'Write locally' && (goal(slower) ?? '').startsWith('Send to');
    if (!isAdded && !(faster && (isLarger || isFarther))) return [];
    if (bothTimed(context) && !matters(context, slower.totalMs ?? 0, faster?.totalMs ?? 0)) return [];
    const moved = size(slower) ?? 'the rows';
    return [
      cause(context, {
        title: isAdded
          ? `The ${side} sends ${moved} of a local table to the shards for each execution; the ${other} has nothing to send.`
          : `A subplan of the ${side} makes ${moved} of intermediate results, ${size(faster)} on the ${other}.`,
        confidence: 'observed',
        explainedMs: excessMs(context, slower.totalMs, faster?.totalMs),
        account: `row ${row}`,
        evidence: [
          evidence(context, 'intermediate data size', size(slower), size(faster) ?? 'none'),
          evidence(context, 'result destination', goal(slower), goal(faster)),
          ...timeEvidence(context, 'subplan duration', slower, faster),
          ...layoutEvidence(context),
        ],
        rows: [row],
        settings: ['citus.local_table_join_policy', 'citus.enable_cte_inlining', 'citus.enable_binary_protocol'],
      }),
    ];
  });
}

function timeEvidence(context: CauseContext, what: string, slower: PlanNode, faster: PlanNode | undefined): Evidence[] {
  if (slower.totalMs === undefined) return [];
  return [
    evidence(
      context,
      what,
      formatMs(slower.totalMs),
      faster?.totalMs === undefined ? undefined : formatMs(faster.totalMs),
    ),
  ];
}

function rowOf({ rows, slower }: CauseContext, node: PlanNode): number {
  return rows.findIndex(row => row[slower] === node.index);
}

/** Settings are those named in which the sides differ; the remedy is the faster side's layout where it is another. */
function cause(context: CauseContext, found: Omit<FoundCause, 'settings'> & { settings?: string[] }): FoundCause {
  const whole: FoundCause = { ...found, settings: differing(context, found.settings ?? []) };
  const remedy = layoutRemedy(context);
  if (remedy) whole.remedy = remedy;
  return whole;
}
