/**
 * Which rows of a long list lie in view. Browsers clamp an element's height (Chromium at 2^25 px, Firefox lower), so a
 * list taller than {@link maxHeightPx} gets a shorter scroll range, and its scroll offset is stretched to the real one.
 */
export const maxHeightPx = 8_000_000;

export interface Viewport {
  rowHeightPx: number;
  rowCount: number;
  /** Height that rows can be seen in. */
  heightPx: number;
}

/** Height of the scrolled content. */
export function contentHeightPx({ rowHeightPx, rowCount }: Viewport): number {
  return Math.min(rowCount * rowHeightPx, maxHeightPx);
}

/** How many real pixels one scrolled pixel stands for; 1 unless the list is too tall for the browser. */
function stretch(viewport: Viewport): number {
  const real = viewport.rowCount * viewport.rowHeightPx - viewport.heightPx;
  const scrolled = contentHeightPx(viewport) - viewport.heightPx;
  return real > scrolled && scrolled > 0 ? real / scrolled : 1;
}

export interface Window {
  first: number;
  /** Exclusive. */
  end: number;
  /** Where the first row's top edge lies in the scrolled content. */
  topPx: number;
}

/** How many rows {@link windowAt} gives at most: two of them may be cut by the edges. */
export function mostRows(viewport: Viewport, overscan: number): number {
  return Math.ceil(viewport.heightPx / viewport.rowHeightPx) + 1 + 2 * overscan;
}

/** The rows to draw at a scroll offset: those in view and at least `overscan` more on either side. */
export function windowAt(viewport: Viewport, scrollTopPx: number, overscan: number): Window {
  const offset = scrollTopPx * stretch(viewport);
  const first = Math.max(0, Math.floor(offset / viewport.rowHeightPx) - overscan);
  const end = Math.min(viewport.rowCount, first + mostRows(viewport, overscan));
  return { first: Math.min(first, end), end, topPx: scrollTopPx + first * viewport.rowHeightPx - offset };
}

/** The scroll offset that shows the row with the least movement, or the middle of the view when it was out of sight. */
export function scrollToRow(viewport: Viewport, scrollTopPx: number, row: number): number {
  const factor = stretch(viewport);
  const offset = scrollTopPx * factor;
  const top = row * viewport.rowHeightPx;
  const bottom = top + viewport.rowHeightPx;
  const away = viewport.heightPx;
  let wanted = offset;
  if (bottom < offset - away || top > offset + viewport.heightPx + away) wanted = top - viewport.heightPx / 2;
  else if (top < offset) wanted = top;
  else if (bottom > offset + viewport.heightPx) wanted = bottom - viewport.heightPx;
  const last = viewport.rowCount * viewport.rowHeightPx - viewport.heightPx;
  return Math.max(0, Math.min(wanted, last)) / factor;
}
