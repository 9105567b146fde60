/** The scatter plot without the page: where each statement lies, what lies under the pointer, and how all is drawn. */
import { formatNumber } from '../../src/shared/format';
import { isProposed, type StatementRow } from '../../src/shared/statements';

export type PointKind = 'plain' | 'improvement' | 'unconfirmed' | 'regression';

export interface Point {
  /** Position of the row. */
  row: number;
  kind: PointKind;
  /** Decimal logarithms of the means, in ms. */
  x: number;
  y: number;
  radius: number;
}

/** Both axes alike, in whole decades, so that the diagonal is where nothing changed. */
export interface Decades {
  low: number;
  high: number;
}

const smallestRadius = 2;
const largestRadius = 9;
/** A mean that was rounded to nothing. */
const nothingMs = 0.001;

/** Of all pairs, shown or not: the axes stay while rows are filtered. */
export function decadesOf(list: readonly StatementRow[]): Decades {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { source, target } of list) {
    if (!source || !target) continue;
    for (const { meanMs } of [source, target]) {
      const at = Math.log10(Math.max(meanMs, nothingMs));
      low = Math.min(low, at);
      high = Math.max(high, at);
    }
  }
  if (low > high) return { low: 0, high: 3 };
  return { low: Math.floor(low), high: Math.max(Math.floor(low) + 1, Math.ceil(high)) };
}

/** The pairs among the shown rows; what matters most comes last and so lies on top. */
export function pointsOf(list: readonly StatementRow[], shown: readonly number[]): Point[] {
  const mostCalls = list.reduce((most, { target }) => Math.max(most, target?.calls ?? 0), 1);
  const points: Point[] = [];
  for (const row of shown) {
    const { source, target, match, verdict } = list[row]!;
    if (!source || !target) continue;
    // The area stands for the calls.
    const radius = Math.max(smallestRadius, largestRadius * Math.sqrt(target.calls / mostCalls));
    const x = Math.log10(Math.max(source.meanMs, nothingMs));
    const y = Math.log10(Math.max(target.meanMs, nothingMs));
    const kind = isProposed(match)
      ? 'unconfirmed'
      : verdict === 'regression' || verdict === 'improvement'
        ? verdict
        : 'plain';
    points.push({ row, kind, x, y, radius });
  }
  const order: PointKind[] = ['plain', 'improvement', 'unconfirmed', 'regression'];
  return points.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || b.radius - a.radius);
}

export interface Frame {
  width: number;
  height: number;
  decades: Decades;
}

const margin = { left: 46, right: 12, top: 10, bottom: 34 };

export function place({ width, height, decades }: Frame, x: number, y: number): { left: number; top: number } {
  const span = decades.high - decades.low;
  return {
    left: margin.left + ((x - decades.low) / span) * (width - margin.left - margin.right),
    top: height - margin.bottom - ((y - decades.low) / span) * (height - margin.top - margin.bottom),
  };
}

const reach = 4;

/** The topmost point under the pointer or just beside it. */
export function pointAt(points: readonly Point[], frame: Frame, left: number, top: number): Point | undefined {
  let found: Point | undefined;
  let nearest = Number.POSITIVE_INFINITY;
  for (const point of points) {
    const at = place(frame, point.x, point.y);
    const distance = Math.max(0, Math.hypot(at.left - left, at.top - top) - point.radius);
    if (distance <= reach && distance <= nearest) {
      nearest = distance;
      found = point;
    }
  }
  return found;
}

export interface PlotColors {
  text: string;
  dim: string;
  line: string;
  plain: string;
  worse: string;
  better: string;
  background: string;
  selected: string;
  font: string;
}

export function drawPlot(
  context: CanvasRenderingContext2D,
  frame: Frame,
  points: readonly Point[],
  colors: PlotColors,
): void {
  drawAxes(context, frame, colors);
  for (const point of points) drawPoint(context, frame, point, colors);
}

/** On top of all others, with a ring around it. */
export function drawSelected(context: CanvasRenderingContext2D, frame: Frame, chosen: Point, colors: PlotColors): void {
  drawPoint(context, frame, chosen, colors);
  const { left, top } = place(frame, chosen.x, chosen.y);
  context.strokeStyle = colors.selected;
  context.lineWidth = 2;
  context.beginPath();
  context.arc(left, top, chosen.radius + 5, 0, 2 * Math.PI);
  context.stroke();
}

function drawAxes(context: CanvasRenderingContext2D, frame: Frame, colors: PlotColors): void {
  const { low, high } = frame.decades;
  const start = place(frame, low, low);
  const end = place(frame, high, high);
  // With many decades every second or third is named.
  const step = Math.ceil((high - low) / 6);
  context.font = colors.font;
  context.fillStyle = colors.dim;
  context.strokeStyle = colors.line;
  context.lineWidth = 1;
  context.beginPath();
  for (let decade = low; decade <= high; decade++) {
    const { left, top } = place(frame, decade, decade);
    const [x, y] = [Math.round(left) + 0.5, Math.round(top) + 0.5];
    context.moveTo(x, start.top);
    context.lineTo(x, decade === low ? end.top : start.top + 4);
    context.moveTo(start.left, y);
    context.lineTo(decade === low ? end.left : start.left - 4, y);
    if ((decade - low) % step !== 0) continue;
    const label = formatNumber(10 ** decade, Math.max(0, -decade));
    context.textAlign = decade === high ? 'right' : 'center';
    context.textBaseline = 'top';
    context.fillText(label, decade === high ? left + 4 : left, start.top + 6);
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    context.fillText(label, start.left - 7, Math.max(top, 7));
  }
  context.stroke();
  context.beginPath();
  context.setLineDash([3, 3]);
  context.moveTo(start.left, start.top);
  context.lineTo(end.left, end.top);
  context.stroke();
  context.setLineDash([]);
  context.textAlign = 'center';
  context.textBaseline = 'bottom';
  context.fillText('mean on source, ms (log)', (start.left + end.left) / 2, frame.height - 2);
  context.textAlign = 'left';
  context.textBaseline = 'top';
  context.fillText('target, ms', start.left + 8, end.top);
}

/** Shapes tell the kinds apart where colours do not: ring and triangle for worse, hollow for unconfirmed. */
function drawPoint(context: CanvasRenderingContext2D, frame: Frame, point: Point, colors: PlotColors): void {
  const { left, top } = place(frame, point.x, point.y);
  const { radius, kind } = point;
  context.beginPath();
  if (kind === 'regression') {
    // As large as the circle that it stands for.
    const size = Math.max(5, radius * 1.35);
    context.moveTo(left, top - size);
    context.lineTo(left + size * 0.9, top + size * 0.6);
    context.lineTo(left - size * 0.9, top + size * 0.6);
    context.closePath();
    context.fillStyle = colors.worse;
    context.fill();
    context.strokeStyle = colors.background;
    context.lineWidth = 1;
    context.stroke();
    return;
  }
  context.arc(left, top, radius, 0, 2 * Math.PI);
  if (kind === 'unconfirmed') {
    context.strokeStyle = colors.text;
    context.lineWidth = 1.2;
    context.stroke();
    return;
  }
  context.globalAlpha = kind === 'plain' ? 0.55 : 0.8;
  context.fillStyle = kind === 'plain' ? colors.plain : colors.better;
  context.fill();
  context.globalAlpha = 1;
}
