/** A call drawn as a plan diff: its rows are the statements inside it, so that all that shows a plan diff shows a call. */
import { formatMs, formatNumber, formatRatio } from '../shared/format';
import type { CallView, NestedSide, NestedStatement } from '../shared/nested';
import type { Cell, PlanDiffView, Row } from '../shared/plan-diff';
import { type Side, sides } from '../shared/side';
import { isNoise, noiseMs } from './thresholds';
import { planDiffView, type SideInput } from './view';

export interface CallInput {
  id: string;
  at: string;
  migration: string;
  analyzed: boolean;
  statement: PlanDiffView['statement'];
  source: SideInput;
  target: SideInput;
  call: CallView;
}

/** Row `n + 1` is the statement `call.statements[n]`; row 0 is the call. */
export function callAsPlanDiff(input: CallInput): PlanDiffView {
  const { call, source, target } = input;
  const view = planDiffView({ ...input, notes: call.notes });
  for (const { side, error } of [source, target]) {
    const { executionMs } = call[side];
    if (!error) {
      view[side].status = 'ok';
      delete view[side].error;
    }
    if (executionMs !== undefined) view[side].executionMs = executionMs;
  }
  return { ...view, verdict: verdict(call), rows: callRows(input.statement.title, call) };
}

function verdict({ source, target, statements }: CallView): PlanDiffView['verdict'] {
  const [a, b] = [source.executionMs, target.executionMs];
  const count = `${statements.length} ${statements.length === 1 ? 'statement' : 'statements'} inside it`;
  if (a === undefined || b === undefined) {
    const [ran, ms, other] = a === undefined ? ['Target', b, 'source'] : ['Source', a, 'target'];
    const sentence =
      ms === undefined
        ? `The call was not executed; ${count}.`
        : `${ran} ran the call in ${formatMs(ms)}; it did not run on the ${other}, so times cannot be compared. ${count}.`;
    return { sentence, basis: 'none', tone: 'unknown' };
  }
  const figures = `${formatMs(b)} against ${formatMs(a)}, ${count}`;
  const ratio = a > 0 ? { ratio: b / a } : {};
  if (isNoise(a, b, noiseMs))
    return { sentence: `Target is about as fast: ${figures}.`, basis: 'executionMs', tone: 'equal', ...ratio };
  const slower = b > a;
  const times = Math.min(a, b) > 0 ? `${formatRatio(Math.max(a, b) / Math.min(a, b))} ` : '';
  return {
    sentence: `Target is ${times}${slower ? 'slower' : 'faster'}: ${figures}.`,
    basis: 'executionMs',
    tone: slower ? 'slower' : 'faster',
    ...ratio,
  };
}

function callRows(title: string, call: CallView): Row[] {
  const { statements } = call;
  const rows: Row[] = [
    { depth: 0, descendants: statements.length, mark: 'same', equal: statements.length === 0, changes: [] },
  ];
  for (const side of sides) {
    const cell: Cell = { name: title, category: 'other' };
    const total = call[side].executionMs;
    if (total !== undefined) setTimes(cell, total, innerMs(statements, side, undefined));
    rows[0]![side] = cell;
  }
  statements.forEach((statement, index) => {
    const after = statements.findIndex((other, at) => at > index && other.depth <= statement.depth);
    const row: Row = {
      depth: statement.depth + 1,
      descendants: (after < 0 ? statements.length : after) - index - 1,
      mark: statement.source ? (statement.target ? 'same' : 'sourceOnly') : 'targetOnly',
      equal: false,
      changes: (statement.view?.differences ?? [])
        .filter(({ kind }) => kind !== 'setting')
        .slice(0, 3)
        .map(({ title: what, source, target }) => `${what}: ${source} → ${target}`),
    };
    if (row.changes.length > 0 && row.mark === 'same') row.mark = 'changed';
    row.equal = row.mark === 'same' && row.descendants === 0;
    for (const side of sides) {
      const own = statement[side];
      if (own) row[side] = statementCell(statement, own, side, statements);
    }
    rows.push(row);
  });
  return rows;
}

function statementCell(
  statement: NestedStatement,
  own: NestedSide,
  side: Side,
  statements: readonly NestedStatement[],
): Cell {
  const { calls, executionMs, share, jitMs } = own;
  const cell: Cell = { name: statement.title, category: statement.class === 'write' ? 'write' : 'other' };
  const details: string[] = [];
  if (calls !== undefined && calls > 1) details.push(`${formatNumber(calls)} calls`);
  if (share !== undefined) details.push(`${formatNumber(share * 100)} % of the call`);
  if (jitMs) details.push(`JIT ${formatMs(jitMs)}`);
  if (details.length > 0) cell.detail = details.join(', ');
  if (executionMs !== undefined) setTimes(cell, executionMs, innerMs(statements, side, statement.id));
  if (calls !== undefined) cell.loops = calls;
  const { rowsActual, rowsEstimated, status } = statement.view?.[side] ?? {};
  if (status === 'ok' && rowsActual !== undefined) cell.rowsActual = rowsActual;
  if (status === 'ok' && rowsEstimated !== undefined) cell.rowsEstimated = rowsEstimated;
  return cell;
}

function setTimes(cell: Cell, total: number, inner: number): void {
  cell.totalMs = total;
  // Statements explained on their own may take longer than they did in the call.
  cell.selfMs = Math.max(0, total - inner);
}

function innerMs(statements: readonly NestedStatement[], side: Side, parent: string | undefined): number {
  return statements
    .filter(statement => statement.parent === parent)
    .reduce((total, statement) => total + (statement[side]?.executionMs ?? 0), 0);
}
