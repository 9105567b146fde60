/** How figures are written, in the page, the CLI and Markdown alike: English grouping, no locale, unit last. */

function group(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** A number with thousands separators and at most `decimals` decimals, trailing zeros kept only when asked for. */
export function formatNumber(value: number, decimals = 0, keepZeros = false): string {
  if (!Number.isFinite(value)) return value > 0 ? '∞' : value < 0 ? '-∞' : '–';
  if (Math.abs(value) >= 1e21) return value.toExponential(2);
  const [whole = '', fraction = ''] = Math.abs(value).toFixed(decimals).split('.');
  const kept = keepZeros ? fraction : fraction.replace(/0+$/, '');
  const text = group(whole) + (kept ? `.${kept}` : '');
  return value < 0 && /[1-9]/.test(text) ? `-${text}` : text;
}

/** Milliseconds without the unit: `2,799`, `58`, `2.1`, `0.05`. */
export function formatMsFigure(ms: number): string {
  const size = Math.abs(ms);
  if (size >= 9.95) return formatNumber(ms);
  if (size >= 0.995) return formatNumber(ms, 1, true);
  return size >= 0.0995 ? formatNumber(ms, 2) : formatNumber(ms, 3);
}

/** `2,799 ms`. */
export function formatMs(ms: number): string {
  return `${formatMsFigure(ms)} ms`;
}

/** Rows: whole numbers from 10 on; below, the fraction PostgreSQL 18 gives per loop. */
export function formatRows(rows: number): string {
  if (Math.abs(rows) >= 1e12) return rows.toExponential(1);
  return Math.abs(rows) >= 10 ? formatNumber(rows) : formatNumber(rows, 2);
}

/** Planner cost: `2,619`, `12.6`, from 10^9 on `1.00e10`. */
export function formatCost(cost: number): string {
  if (Math.abs(cost) >= 1e9) return cost.toExponential(2).replace('e+', 'e');
  return Math.abs(cost) >= 100 ? formatNumber(cost) : formatNumber(cost, 2);
}

/** Counts, as pages and loops. */
export function formatCount(count: number): string {
  return formatNumber(count);
}

const units = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;

/** Bytes with PostgreSQL's units (1 kB = 1024 bytes): `312 kB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${formatNumber(value, unit > 0 && Math.abs(value) < 10 ? 1 : 0)} ${units[unit]}`;
}

/** `8.7×`, `24×`; always the larger over the smaller where the words say which way. */
export function formatRatio(ratio: number): string {
  return `${ratio >= 9.95 ? formatNumber(ratio) : formatNumber(ratio, ratio < 1.095 ? 2 : 1, true)}×`;
}

/** `87 %`; a share of something below one per cent is not none of it. */
export function formatShare(share: number): string {
  const value = 100 * share;
  return `${value > 0 && value < 1 ? '<1' : Math.round(value)} %`;
}
