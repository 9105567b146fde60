import type { PlanDiffView, Row, RowDetails, SideView, ViewError } from '../shared/plan-diff';
import type { BySide, Side } from '../shared/side';
import { type AlignedRow, alignPlans } from './align';
import { cellOf } from './cells';
import { type Listed, listDifferences } from './differences';
import type { Plan, PlanNode } from './model';
import { PlanComparison } from './plan-comparison';
import { planNotes } from './plan-notes';
import { comparePushdown } from './pushdown';
import { nodeDetails, type PlacedNode } from './row-details';
import { planFigures } from './side-view';
import { verdictOf } from './verdict';

export interface SideInput {
  side: Side;
  label: string;
  /** A VS Code theme colour id. */
  color: string;
  address?: string;
  postgresVersion?: string;
  citusVersion?: string;
  sent: string[];
  notices: string[];
  plan?: Plan;
  error?: ViewError;
}

export interface PlanDiffInput {
  id: string;
  /** ISO 8601, UTC. */
  at: string;
  migration: string;
  analyzed: boolean;
  statement: PlanDiffView['statement'];
  source: SideInput;
  target: SideInput;
  /** Said besides what the plans themselves give reason to say, as the problems of readPlan. */
  notes?: string[];
  /** The plans lined up, where that was done already. */
  aligned?: readonly AlignedRow[];
}

/** Everything the page draws, from two plans or from one plan and the other side's error. */
export function planDiffView(input: PlanDiffInput): PlanDiffView {
  const { source, target } = input;
  const sides: BySide<SideView> = { source: sideView(source), target: sideView(target) };
  const { rows, listed } = viewRows(source.plan, target.plan, input.aligned);
  const { verdict, notes } = verdictOf(verdictSide(source), verdictSide(target));
  return {
    version: 1,
    id: input.id,
    at: input.at,
    migration: input.migration,
    analyzed: input.analyzed,
    statement: input.statement,
    verdict,
    ...sides,
    rows,
    differences:
      source.plan && target.plan
        ? listDifferences(rows, listed, { source: sides.source.settings, target: sides.target.settings })
        : [],
    notes: [...(input.notes ?? []), ...notes, ...planNotes({ source: source.plan, target: target.plan })],
  };
}

function verdictSide({ plan, error, postgresVersion }: SideInput) {
  return { plan, failed: error?.message, postgresVersion };
}

function sideView(input: SideInput): SideView {
  const { plan, error } = input;
  const view: SideView = {
    side: input.side,
    label: input.label,
    color: input.color,
    status: plan && !error ? 'ok' : 'error',
    composition: [],
    sent: input.sent,
    notices: input.notices,
  };
  if (input.address !== undefined) view.address = input.address;
  if (input.postgresVersion !== undefined) view.postgresVersion = input.postgresVersion;
  if (input.citusVersion !== undefined) view.citusVersion = input.citusVersion;
  if (error) view.error = error;
  else if (!plan) view.error = { reason: 'noPlan', message: 'There is no plan for this side.' };
  return plan ? { ...view, ...planFigures(plan) } : view;
}

/** The aligned rows with what changed in each. */
function viewRows(
  source: Plan | undefined,
  target: Plan | undefined,
  lines: readonly AlignedRow[] = alignPlans(source, target),
): { rows: Row[]; listed: Listed } {
  const listed: Listed = {
    changed: [],
    alone: new Map(),
    whole: source && target ? comparePushdown(source, target) : [],
  };
  const comparison = source && target ? new PlanComparison(source, target, lines) : undefined;
  const rows = lines.map((aligned, at): Row => {
    const [a, b] = nodesOf(aligned, source, target);
    const changes = a && b ? comparison!.changes(a, b) : [];
    const said = comparison && !(a && b) ? comparison.alone((a ?? b)!, a ? 'source' : 'target') : undefined;
    if (said) listed.alone.set(at, said);
    if (changes.length > 0) {
      const inTask = comparison!.isInTask(a!) || a!.kind === 'task';
      listed.changed.push({ row: at, title: comparison!.title(a!), inTask, changes });
    }
    const row: Row = {
      depth: aligned.depth,
      descendants: aligned.descendants,
      mark: a && b ? (changes.length > 0 ? 'changed' : 'same') : a ? 'sourceOnly' : 'targetOnly',
      equal: false,
      changes: changes.map(change => change.text),
    };
    if (a) row.source = cellOf(a);
    if (b) row.target = cellOf(b);
    return row;
  });
  markEqual(rows);
  return { rows, listed };
}

function nodesOf(
  row: AlignedRow,
  source: Plan | undefined,
  target: Plan | undefined,
): [PlanNode | undefined, PlanNode | undefined] {
  return [
    row.source === undefined ? undefined : source!.nodes[row.source],
    row.target === undefined ? undefined : target!.nodes[row.target],
  ];
}

/** From the last row up: a row is equal when it is the same and no row below it differs. */
function markEqual(rows: Row[]): void {
  const nextDifferent = new Int32Array(rows.length + 1);
  nextDifferent[rows.length] = rows.length;
  for (let at = rows.length - 1; at >= 0; at--) {
    const row = rows[at]!;
    nextDifferent[at] = row.mark === 'same' ? nextDifferent[at + 1]! : at;
    row.equal = nextDifferent[at]! > at + row.descendants;
  }
}

/** What both nodes of a row said, differing lines first. Throws a RangeError for a row the view does not have. */
export function rowDetails(
  view: PlanDiffView,
  row: number,
  source: Plan | undefined,
  target: Plan | undefined,
): RowDetails {
  const shown = view.rows[row];
  if (!shown) throw new RangeError(`The plan diff has ${view.rows.length} rows; there is no row ${row}.`);
  return nodeDetails(placed(source, shown.source?.node), placed(target, shown.target?.node));
}

function placed(plan: Plan | undefined, index: number | undefined): PlacedNode | undefined {
  const node = index === undefined ? undefined : plan?.nodes[index];
  return plan && node ? { plan, node } : undefined;
}
