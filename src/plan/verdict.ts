import { formatCost, formatMs, formatRatio, formatRows } from '../shared/format';
import type { PlanDiffView } from '../shared/plan-diff';
import type { Plan, PlanNode } from './model';
import { isDistributed } from './operator';
import { executionMs, taskCost, totalBuffers } from './side-view';
import { disableCost, disabledNodesMajor, isNoise, noiseMs } from './thresholds';

type Verdict = PlanDiffView['verdict'];

export interface VerdictSide {
  plan: Plan | undefined;
  /** The error's message when there is no plan. */
  failed: string | undefined;
  postgresVersion: string | undefined;
}

export interface VerdictAndNotes {
  verdict: Verdict;
  notes: string[];
}

/** The answer in one or two sentences. Source is the baseline of the ratio; within noise nobody is slower. */
export function verdictOf(source: VerdictSide, target: VerdictSide): VerdictAndNotes {
  if (!source.plan || !target.plan) return { verdict: withoutPlan(source, target), notes: [] };
  const [a, b] = [executionMs(source.plan), executionMs(target.plan)];
  if (a !== undefined && b !== undefined) {
    const times = `${formatMs(b)} against ${formatMs(a)}`;
    const verdict = compared(a, b, 'executionMs', noiseMs, ['slower', 'faster', 'as fast'], times);
    return {
      verdict: { ...verdict, sentence: `${verdict.sentence} ${workSentence(source.plan, target.plan)}`.trim() },
      notes: [],
    };
  }
  if ((a === undefined) !== (b === undefined)) {
    const [ran, planned] = a === undefined ? ['Target', 'source'] : ['Source', 'target'];
    return {
      verdict: {
        sentence: `${ran} was executed in ${formatMs((a ?? b)!)}; the ${planned}'s plan was not executed, so times cannot be compared.`,
        basis: 'none',
        tone: 'unknown',
      },
      notes: [],
    };
  }
  return costVerdict(source, target);
}

function compared(
  source: number,
  target: number,
  basis: 'executionMs' | 'totalCost',
  smallest: number,
  [more, less, alike]: [string, string, string],
  figures: string,
): Verdict {
  const ratio = source > 0 ? target / source : undefined;
  const measured = ratio === undefined ? {} : { ratio };
  if (isNoise(source, target, smallest))
    return { sentence: `Target is about ${alike}: ${figures}.`, basis, tone: 'equal', ...measured };
  const isMore = target > source;
  const times =
    Math.min(source, target) > 0 ? `${formatRatio(Math.max(source, target) / Math.min(source, target))} ` : '';
  return {
    sentence: `Target is ${times}${isMore ? more : less}: ${figures}.`,
    basis,
    tone: isMore ? 'slower' : 'faster',
    ...measured,
  };
}

function withoutPlan(source: VerdictSide, target: VerdictSide): Verdict {
  const unknown = (sentence: string): Verdict => ({ sentence, basis: 'none', tone: 'unknown' });
  if (!source.plan && !target.plan) return unknown('Neither side gave a plan.');
  const [plan, ran, failed, error] = source.plan
    ? ([source.plan, 'Source', 'target', target.failed] as const)
    : ([target.plan!, 'Target', 'source', source.failed] as const);
  const ms = executionMs(plan);
  const what = ms === undefined ? `${ran} gave a plan` : `${ran} took ${formatMs(ms)}`;
  return unknown(`${what}; the ${failed} failed${error ? `: ${error.replace(/\.$/, '')}` : ''}.`);
}

/** Rows and pages, when both sides say them of the same part of the plan. */
function workSentence(source: Plan, target: Plan): string {
  const parts: string[] = [];
  const [rowsA, rowsB] = [rowsOf(source), rowsOf(target)];
  if (rowsA !== undefined && rowsB !== undefined) {
    parts.push(rowsA === rowsB ? 'the same rows' : `${formatRows(rowsB)} rows against ${formatRows(rowsA)}`);
  }
  const [pagesA, pagesB] = [pagesOf(source), pagesOf(target)];
  if (pagesA !== undefined && pagesB !== undefined && shownTasks(source) === shownTasks(target)) {
    if (isNoise(pagesA, pagesB, 10)) parts.push('the same pages read');
    else if (pagesB > pagesA)
      parts.push(pagesA > 0 ? `${formatRatio(pagesB / pagesA)} the pages read` : 'more pages read');
    else parts.push(pagesB > 0 ? `${formatRatio(pagesA / pagesB)} fewer pages read` : 'fewer pages read');
  }
  if (parts.length === 0) return '';
  const sentence = parts.join(', ');
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
}

/** Rows returned, or of a write the rows it was given; unknown for a write on Citus that shows some of its tasks only. */
function rowsOf(plan: Plan): number | undefined {
  const root = plan.nodes[plan.statements[0]?.root ?? -1];
  if (!root) return undefined;
  if (!root.job) return rowsInto(plan, root);
  const tasks = plan.nodes.filter(node => node.kind === 'task' && node.parent === root.index);
  const writes = tasks.flatMap(task => {
    const remote = plan.nodes[task.index + 1];
    return remote?.type === 'ModifyTable' ? [remote] : [];
  });
  if (writes.length === 0) return root.actualRows;
  if (root.job.taskCount !== tasks.length) return undefined;
  return writes.reduce((total, write) => total + (rowsInto(plan, write) ?? 0), 0);
}

function rowsInto(plan: Plan, node: PlanNode): number | undefined {
  const child = plan.nodes[node.index + 1];
  const counted = node.type === 'ModifyTable' && child?.parent === node.index ? child : node;
  return counted.actualRows === undefined ? undefined : Math.round(counted.actualRows * (counted.actualLoops ?? 1));
}

function pagesOf(plan: Plan): number | undefined {
  const roots = plan.statements.flatMap(({ container, root }) =>
    container < 0 && root >= 0 ? [plan.nodes[root]!] : [],
  );
  const buffers = totalBuffers(plan, roots);
  return buffers ? buffers.sharedHit + buffers.sharedRead + buffers.localHit + buffers.localRead : undefined;
}

function shownTasks(plan: Plan): number {
  return plan.nodes.reduce((count, node) => count + (node.kind === 'task' ? 1 : 0), 0);
}

/** Estimates, where they mean the same on both sides. */
function costVerdict(source: VerdictSide, target: VerdictSide): VerdictAndNotes {
  const [a, b] = [comparableCost(source), comparableCost(target)];
  const notes = [note('source', a), note('target', b)].filter(text => text !== undefined);
  if (a.cost === undefined || b.cost === undefined) {
    return {
      verdict: { sentence: 'Not executed; the estimates cannot be compared.', basis: 'none', tone: 'unknown' },
      notes,
    };
  }
  if (a.counted !== b.counted && (a.disabled || b.disabled)) {
    return {
      verdict: {
        sentence:
          'Not executed; the estimates cannot be compared: a node is forbidden by a setting, which PostgreSQL 18 counts beside the cost and older versions count in it.',
        basis: 'none',
        tone: 'unknown',
      },
      notes,
    };
  }
  const figures = `cost ${formatCost(b.cost)} against ${formatCost(a.cost)}`;
  const verdict = compared(a.cost, b.cost, 'totalCost', 0.01, ['more expensive', 'cheaper', 'as expensive'], figures);
  return {
    verdict: {
      ...verdict,
      sentence: `By the planners' estimates, ${verdict.sentence.replace(/^T/, 't')} Not executed.`,
    },
    notes,
  };
}

interface ComparableCost {
  cost: number | undefined;
  /** How often the penalty for disabled nodes was taken off. */
  penalties: number;
  /** Forbidden nodes are counted beside the cost. */
  counted: boolean;
  /** There are such nodes. */
  disabled: boolean;
  ofTask: boolean;
}

/**
 * Up to PostgreSQL 17 each node that a setting forbids costs 1e10 more; 18 counts disabled nodes apart. The penalty is taken
 * off, so that what remains compares. A Citus node's own cost is a placeholder: there the most expensive task shown counts.
 */
function comparableCost({ plan, postgresVersion }: VerdictSide): ComparableCost {
  const root = plan!.nodes[plan!.statements[0]?.root ?? -1];
  const isCitus = plan!.nodes.some(isDistributed);
  const cost = isCitus ? taskCost(plan!) : root?.totalCost;
  const counted = Number.parseInt(postgresVersion ?? '', 10) >= disabledNodesMajor;
  const penalties = counted || cost === undefined ? 0 : Math.floor(cost / disableCost);
  return {
    cost: cost === undefined ? undefined : cost - penalties * disableCost,
    penalties,
    counted,
    disabled: penalties > 0 || plan!.nodes.some(({ disabled }) => disabled === true),
    ofTask: isCitus,
  };
}

function note(side: string, { penalties, ofTask }: ComparableCost): string | undefined {
  const parts: string[] = [];
  if (penalties > 0) {
    parts.push(
      `the ${side}'s plan uses ${penalties === 1 ? 'a node' : 'nodes'} that a setting such as enable_nestloop = off forbids; the penalty of ${penalties === 1 ? '' : `${penalties} × `}1e10 is taken off its cost here, but it still counts for jit_above_cost`,
    );
  }
  if (ofTask)
    parts.push(`the cost compared on the ${side} is that of a task, since Citus estimates none for the whole`);
  if (parts.length === 0) return undefined;
  const text = parts.join('; ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
