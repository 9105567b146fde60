/** What every page says with figures, colours and times. Figures themselves are written by src/shared/format.ts. */
import { formatRatio, formatRows } from '../../src/shared/format';
import type { Side } from '../../src/shared/side';

const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 });

/** A ratio with little room: `8.7×`, and `831K×` where costs carry a penalty. */
export function shortRatio(ratio: number): string {
  return ratio >= 10_000 ? `${compact.format(ratio)}×` : formatRatio(ratio);
}

export function plural(count: number, noun: string): string {
  return `${formatRows(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/**
 * The CSS value of a theme colour id such as `charts.blue`, opaque: some theme colours are not, and text is drawn in it.
 * An id that is none, or that the theme leaves out, falls back to the side's own colour.
 */
export function themeColor(id: string, side: Side): string {
  const fallback = `var(--default-${side})`;
  const color = /^[A-Za-z][\w.-]*$/.test(id) ? `var(--vscode-${id.replaceAll('.', '-')}, ${fallback})` : fallback;
  return `rgb(from ${color} r g b / 1)`;
}

/** `22 Nov, 18:00:04` in the reader's own time zone; the exact time stands in the title. */
export function atText(at: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  return date.toLocaleString('en-GB', {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
}

/** A place in a statement, as psql shows it. */
export interface Place {
  /** 1-based. */
  line: number;
  /** The line, cut around the place when it is long. */
  text: string;
  /** Characters of `text` before the place. */
  column: number;
}
