import { type Cause, type Diagnosis, type Interval, outcomeWords } from '../shared/diagnosis';
import { formatMs, formatRatio, formatShare } from '../shared/format';
import type { PlanDiffView } from '../shared/plan-diff';
import { codeSpan, escapeMarkdown, fence, markdownTable, type TableColumn } from './escape';
import { remedyScript } from './remedy-script';

/**
 * Why one side is slower, as Markdown without headings: the causes with their evidence and fixes, and the experiments.
 * Empty when there is nothing to say. All text of others is escaped; a fix is a fenced script.
 */
export function causesMarkdown(view: PlanDiffView): string {
  const { diagnosis } = view;
  if (!diagnosis || (diagnosis.causes.length === 0 && diagnosis.slower === undefined)) return '';
  const parts = [
    `**Causes.** ${escapeMarkdown(diagnosis.sentence)}`,
    ...diagnosis.causes.flatMap((cause, i) => causeParts(cause, i + 1, view)),
    ...experimentParts(diagnosis),
  ];
  if (diagnosis.notes.length > 0)
    parts.push(`Not looked at:\n\n${diagnosis.notes.map(note => `- ${escapeMarkdown(note)}`).join('\n')}`);
  return parts.join('\n\n');
}

/** `verified, 2,161 ms, 87 % of the difference`. */
export function causeFigures({ confidence, explainedMs, explainedShare }: Cause): string {
  return [
    confidence,
    explainedMs !== undefined && formatMs(explainedMs),
    explainedShare !== undefined && `${formatShare(explainedShare)} of the difference`,
  ]
    .filter(Boolean)
    .join(', ');
}

function causeParts(cause: Cause, number: number, view: PlanDiffView): string[] {
  const parts = [
    `**${number}. ${escapeMarkdown(cause.title)}** (${codeSpan(cause.id)}, ${causeFigures(cause)})`,
    `${escapeMarkdown(cause.meaning)} Source: ${escapeMarkdown(cause.reference)}.`.replace(/\.\.$/, '.'),
  ];
  if (cause.evidence.length > 0) {
    const onNodes = cause.evidence.some(({ node }) => node !== undefined);
    const columns = [
      left('Evidence'),
      ...(onNodes ? [left('Node')] : []),
      left(view.source.label),
      left(view.target.label),
    ];
    const rows = cause.evidence.map(({ what, node, source, target }) => [
      what,
      ...(onNodes ? [node ?? ''] : []),
      source ?? '—',
      target ?? '—',
    ]);
    parts.push(markdownTable(columns, rows));
  }
  const script = remedyScript(cause, view[cause.side].label);
  if (script !== undefined) parts.push(fence(script, 'sql'));
  return parts;
}

function experimentParts({ experiments, slower }: Diagnosis): string[] {
  if (experiments.length === 0) return [];
  const columns = [
    left('Changed'),
    left('Outcome'),
    ...['Unchanged', 'Changed to', 'Ratio', 'Explains'].map(right),
    left('Plan'),
  ];
  const rows = experiments.map(each => [
    each.changed.map(({ name, from, to }) => `${name} = ${to} (was ${from})`).join(', '),
    [outcomeWords[each.outcome], each.note].filter(Boolean).join(': '),
    interval(each.unchanged, formatMs),
    interval(each.changedTo, formatMs),
    interval(each.ratio, formatRatio),
    each.explainedShare === undefined ? '' : formatShare(each.explainedShare),
    each.planChanged === undefined ? '' : each.planChanged ? 'another' : 'the same',
  ]);
  const side = experiments[0]?.side ?? slower;
  return [
    `**Experiments** on the ${side}, each in a transaction that was rolled back; medians with a 95 % interval:`,
    markdownTable(columns, rows),
  ];
}

function interval(of: Interval | undefined, format: (value: number) => string): string {
  return of ? `${format(of.median)} (${format(of.low)} to ${format(of.high)})` : '';
}

const left = (title: string): TableColumn => ({ title, align: 'left' });
const right = (title: string): TableColumn => ({ title, align: 'right' });
