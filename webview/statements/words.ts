/** What the page calls things, and how it writes figures that only it has. */
import { formatCount, formatMsFigure, formatNumber, formatRows } from '../../src/shared/format';
import type { StatementClass } from '../../src/shared/plan-diff';
import type { StatementScope, StatementVerdict } from '../../src/shared/statements';
import type { Presence } from './filters';

export const classTitles: Record<StatementClass, string> = {
  write: 'Writes',
  read: 'Reads',
  utility: 'Utility',
  unknown: 'Unknown',
};

export const presenceTitles: Record<Presence, string> = {
  pairs: 'Pairs',
  onlyTarget: 'Only on target',
  onlySource: 'Only on source',
};

export const verdictWords: Record<StatementVerdict, string> = {
  regression: 'regression',
  improvement: 'improvement',
  same: 'no difference',
  noise: 'within noise',
  differentData: 'different data',
  unconfirmed: 'unconfirmed pair',
  onlySource: 'only on source',
  onlyTarget: 'only on target',
};

export const scopeWords: Record<StatementScope, string> = {
  client: 'client',
  nested: 'inside a function',
  tasks: 'tasks on workers',
};

/** `+2,535 s`, `−8.8 s`: time gained or lost, always in seconds so that a column of it can be compared. */
export function signedSeconds(ms: number): string {
  const figure = formatMsFigure(Math.abs(ms) / 1000);
  if (!/[1-9]/.test(figure)) return '0 s';
  return `${ms < 0 ? '−' : '+'}${figure} s`;
}

/** `38k`, `1.2M`: counts with little room. */
export function shortCount(count: number): string {
  const size = Math.abs(count);
  if (size < 9_999.5) return formatRows(count);
  if (size < 999_500) return `${formatCount(count / 1e3)}k`;
  if (size < 999.5e6) return `${formatNumber(count / 1e6, size < 99.5e6 ? 1 : 0)}M`;
  return `${formatNumber(count / 1e9, 1)}G`;
}

/** `0 % → 64 %`; one figure where both are nothing, a dash where a side has none. */
export function sourceToTarget(
  source: number | undefined,
  target: number | undefined,
  format: (value: number) => string,
): string {
  if (source === undefined && target === undefined) return '';
  if (source === 0 && target === 0) return format(0);
  return `${source === undefined ? '—' : format(source)} → ${target === undefined ? '—' : format(target)}`;
}
