/** Causes, fixes, experiments and the statements inside a call, for a terminal. */
import { causeFigures } from '../playbook/causes-markdown';
import { visibleText } from '../playbook/visible';
import { type Cause, type Experiment, outcomeWords, stepPlaces } from '../shared/diagnosis';
import { formatMs, formatRatio, formatShare } from '../shared/format';
import type { CallView, NestedSide, NestedStatement } from '../shared/nested';
import type { PlanDiffView } from '../shared/plan-diff';
import { sqlComment } from '../sql/comment';
import { paint, type Style, wrap } from './terminal';

export function causesText({ diagnosis }: PlanDiffView, style: Style): string[] {
  if (!diagnosis || (diagnosis.causes.length === 0 && diagnosis.slower === undefined)) return [];
  return [
    paint('Causes', 'bold', style),
    ...diagnosis.causes.flatMap((cause, i) => causeLines(cause, i + 1, style)),
    ...wrap(diagnosis.sentence, style.width, '  '),
  ];
}

export function experimentsText({ diagnosis }: PlanDiffView, style: Style): string[] {
  const experiments = diagnosis?.experiments ?? [];
  if (experiments.length === 0) return [];
  const side = experiments[0]!.side;
  return [
    paint(`Experiments on the ${side} (medians, 95 % interval of the ratio)`, 'bold', style),
    ...experiments.flatMap(experiment => experimentLines(experiment, style)),
  ];
}

export function callText(call: CallView, style: Style): string[] {
  const lines = [paint('Inside the call (source → target)', 'bold', style)];
  if (call.statements.length === 0) lines.push('  No statement was found inside.');
  for (const statement of call.statements) {
    const indent = '  '.repeat(1 + Math.min(statement.depth, 8));
    lines.push(...wrap(`${statement.title}: ${nestedFigures(statement)}`, style.width, indent));
    for (const text of statement.unresolved) lines.push(...wrap(text, style.width, `${indent}  `));
  }
  const missing = [...new Set([...call.source.missing, ...call.target.missing])];
  return [...lines, ...missing.flatMap(text => wrap(text, style.width, '  '))];
}

function causeLines(cause: Cause, number: number, style: Style): string[] {
  const { remedy, evidence } = cause;
  const lines = wrap(`${number}. ${cause.title} [${cause.id}: ${causeFigures(cause)}]`, style.width, '  ').map(line =>
    paint(line, cause.confidence === 'verified' ? 'green' : 'yellow', style),
  );
  for (const { what, node, source, target } of evidence)
    lines.push(
      ...wrap(
        `${what}: ${source ?? '–'} → ${target ?? '–'}${node === undefined ? '' : ` (${node})`}`,
        style.width,
        '     ',
      ),
    );
  if (!remedy) return lines;
  lines.push(...wrap(`Fix for the ${remedy.side}, not run: ${remedy.summary}`, style.width, '     '));
  for (const step of remedy.steps) {
    lines.push(...wrap(`${stepPlaces[step.on]}; locks: ${step.lock}`, style.width, '       '));
    lines.push(
      ...sqlLines(step.sql),
      // Whoever copies the fix must not run its rollback.
      ...sqlLines(sqlComment(`rollback: ${step.rollback}`)),
    );
  }
  return [...lines, ...wrap(`Verify: ${remedy.verify}`, style.width, '     ')];
}

/** Never cut nor wrapped: it is to be copied. */
function sqlLines(sql: string): string[] {
  return sql.split('\n').map(line => `         ${visibleText(line)}`);
}

function experimentLines(experiment: Experiment, style: Style): string[] {
  const { changed, outcome, unchanged, changedTo, ratio, explainedShare, workersHeard, note } = experiment;
  const parts = [
    `${changed.map(({ name, to }) => `${name} = ${to}`).join(', ')}: ${outcomeWords[outcome]}`,
    unchanged && changedTo && `${formatMs(unchanged.median)} → ${formatMs(changedTo.median)}`,
    ratio && `${formatRatio(ratio.median)} (${formatRatio(ratio.low)} to ${formatRatio(ratio.high)})`,
    explainedShare !== undefined && `${formatShare(explainedShare)} of the difference`,
    workersHeard !== undefined && (workersHeard ? 'the workers heard it' : 'the workers did not hear it'),
    note,
  ];
  return wrap(parts.filter(Boolean).join(', '), style.width, '  ').map(line =>
    paint(line, outcome === 'explains' ? 'green' : undefined, style),
  );
}

function nestedFigures({ source, target }: NestedStatement): string {
  const one = (side: NestedSide | undefined) => {
    if (!side) return '–';
    const { executionMs, share, jitMs, calls } = side;
    const about = [
      share !== undefined && formatShare(share),
      calls !== undefined && calls !== 1 && `${calls} calls`,
      jitMs !== undefined && jitMs > 0 && `JIT ${formatMs(jitMs)}`,
    ].filter(Boolean);
    return `${executionMs === undefined ? 'not run' : formatMs(executionMs)}${about.length > 0 ? ` (${about.join(', ')})` : ''}`;
  };
  const ratio =
    source?.executionMs && target?.executionMs !== undefined
      ? `, ${formatRatio(target.executionMs / source.executionMs)}`
      : '';
  return `${one(source)} → ${one(target)}${ratio}`;
}
