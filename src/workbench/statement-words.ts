/** How the side bar says what a statement is and does. No editor here. */
import { formatMs, formatNumber, formatRatio, formatShare } from '../shared/format';
import {
  isProposed,
  matchWords,
  type RowFigures,
  type StatementRow,
  type StatementVerdict,
} from '../shared/statements';

export const verdictWords: Record<StatementVerdict, string> = {
  regression: 'slower on the target',
  improvement: 'quicker on the target',
  same: 'about the same',
  noise: 'too few or too varied calls to tell',
  differentData: 'rows per call differ: the data or the work do',
  unconfirmed: 'proposed pair, not confirmed',
  onlySource: 'on the source only',
  onlyTarget: 'on the target only',
};

/** `+2,535 s`, `-12 ms`: what the target's calls cost more, or less. */
export function signedDuration(ms: number): string {
  const size = Math.abs(ms);
  const text =
    size >= 10_000
      ? `${formatNumber(size / 1000)} s`
      : size >= 1000
        ? `${formatNumber(size / 1000, 1)} s`
        : formatMs(size);
  return `${ms < 0 ? '−' : '+'}${text}`;
}

/** `3.1× · +2,535 s`, or the time of what one side has. */
export function rowDescription({ ratio, impactMs, match, source, target }: StatementRow): string {
  if (ratio === undefined || impactMs === undefined) {
    const alone = target ?? source;
    return alone ? `${formatNumber(alone.calls)} calls · ${formatMs(alone.totalMs)}` : '';
  }
  const shown = ratio >= 0.995 ? formatRatio(ratio) : `${formatNumber(ratio, 2)}×`;
  return `${isProposed(match) ? '? ' : ''}${shown} · ${signedDuration(impactMs)}`;
}

/** One line a fact, for a tooltip that is plain text. */
export function rowTooltip(row: StatementRow): string {
  const figures = (name: string, side: RowFigures | undefined) =>
    side === undefined
      ? `${name}: not seen`
      : `${name}: ${formatMs(side.meanMs)} a call, ${formatNumber(side.calls)} calls, ${formatMs(side.totalMs)} in all${
          side.jitShare ? `, JIT ${formatShare(side.jitShare)}` : ''
        }`;
  return [
    row.title,
    '',
    verdictWords[row.verdict],
    figures('source', row.source),
    figures('target', row.target),
    `${row.class}, as ${row.user}${row.scope === 'client' ? '' : row.scope === 'nested' ? ', inside a function' : ', seen on workers'}`,
    row.match ? `match: ${matchWords[row.match]}` : '',
  ]
    .filter((line, index) => line !== '' || index === 1)
    .join('\n');
}
