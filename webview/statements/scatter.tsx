/** Every pair at its mean on the source and on the target: what lies above the diagonal became slower. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { formatMs } from '../../src/shared/format';
import { isProposed, type StatementRow } from '../../src/shared/statements';
import { plural, shortRatio } from '../common/format';
import { decadesOf, drawPlot, drawSelected, type Frame, type PlotColors, pointAt, pointsOf } from './scatter-plot';
import { verdictWords } from './words';

interface ScatterProps {
  list: readonly StatementRow[];
  /** Positions of the rows that are shown. */
  shown: readonly number[];
  /** Position of the selected row, −1 for none. */
  selected: number;
  select(row: number): void;
}

interface Hovered {
  row: number;
  left: number;
  top: number;
}

export function Scatter({ list, shown, selected, select }: ScatterProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [hovered, setHovered] = useState<Hovered>();
  const decades = useMemo(() => decadesOf(list), [list]);
  const points = useMemo(() => pointsOf(list, shown), [list, shown]);
  const { width, height, looks } = useLooks(canvas);
  const frame: Frame = { width, height, decades };

  // Thousands of points are drawn once; as the selection moves among them only its ring is drawn anew.
  const picture = useMemo(() => document.createElement('canvas'), []);
  useLayoutEffect(() => {
    const element = canvas.current!;
    if (width === 0 || height === 0) return;
    const ratio = window.devicePixelRatio;
    for (const each of [element, picture]) {
      each.width = Math.round(width * ratio);
      each.height = Math.round(height * ratio);
      each.getContext('2d')!.scale(ratio, ratio);
    }
    drawPlot(picture.getContext('2d')!, frame, points, colorsOf(element));
  }, [points, decades, width, height, looks]);
  useLayoutEffect(() => {
    if (width === 0 || height === 0) return;
    const context = canvas.current!.getContext('2d')!;
    context.clearRect(0, 0, width, height);
    context.drawImage(picture, 0, 0, width, height);
    const chosen = points.find(({ row }) => row === selected);
    if (chosen) drawSelected(context, frame, chosen, colorsOf(canvas.current!));
  }, [points, selected, decades, width, height, looks]);
  // What the pointer was on may be gone.
  useEffect(() => setHovered(undefined), [points]);

  const at = (event: MouseEvent) => pointAt(points, frame, event.offsetX, event.offsetY);
  const count = (kind: string) => points.filter(point => point.kind === kind).length;
  const words =
    `${plural(points.length, 'pair')} by mean time on the source and on the target, both logarithmic: ` +
    `${plural(count('regression'), 'regression')} above the diagonal as triangles, ${plural(count('improvement'), 'improvement')} below, ` +
    `${count('unconfirmed')} unconfirmed as rings. The table has the same figures.`;
  return (
    <aside class="plot" aria-label="Scatter plot">
      <canvas
        ref={canvas}
        role="img"
        aria-label={words}
        class={hovered ? 'over-point' : ''}
        onMouseMove={event => {
          const point = at(event);
          setHovered(point && { row: point.row, left: event.offsetX, top: event.offsetY });
        }}
        onMouseLeave={() => setHovered(undefined)}
        onClick={event => {
          const point = at(event);
          if (point) select(point.row);
        }}
      />
      {points.length === 0 && <p class="plot-empty dim">No pair is shown.</p>}
      {hovered && <Tooltip row={list[hovered.row]!} hovered={hovered} width={width} height={height} />}
    </aside>
  );
}

function Tooltip({
  row,
  hovered,
  width,
  height,
}: {
  row: StatementRow;
  hovered: Hovered;
  width: number;
  height: number;
}) {
  const { source, target, ratio } = row;
  const figures = [source, target].map(figures => (figures ? formatMs(figures.meanMs) : '—')).join(' → ');
  const style = {
    ...(hovered.left < width / 2 ? { left: `${hovered.left + 12}px` } : { right: `${width - hovered.left + 12}px` }),
    ...(hovered.top < height / 2 ? { top: `${hovered.top + 8}px` } : { bottom: `${height - hovered.top + 8}px` }),
  };
  return (
    <div class="plot-tooltip" style={style} aria-hidden>
      <code>{row.title}</code>
      <span>
        {figures}
        {ratio !== undefined && <b>{` ${shortRatio(ratio)}`}</b>}
      </span>
      <span class="dim">{`${verdictWords[row.verdict]}${isProposed(row.match) ? '' : `, ${plural(target?.calls ?? 0, 'call')}`}`}</span>
    </div>
  );
}

/** The canvas's size, and a number that changes when its colours may have: VS Code changes classes and variables. */
function useLooks(canvas: { readonly current: HTMLCanvasElement | null }) {
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [looks, setLooks] = useState(0);
  useLayoutEffect(() => {
    const element = canvas.current!;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    const lookAgain = () => setLooks(now => now + 1);
    measure();
    const resized = new ResizeObserver(measure);
    resized.observe(element);
    const themed = new MutationObserver(lookAgain);
    themed.observe(document.body, { attributes: true, attributeFilter: ['class', 'style'] });
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });
    // Another zoom is another number of pixels.
    window.addEventListener('resize', lookAgain);
    return () => {
      resized.disconnect();
      themed.disconnect();
      window.removeEventListener('resize', lookAgain);
    };
  }, [canvas]);
  return { ...size, looks };
}

function colorsOf(element: Element): PlotColors {
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(name).trim() || style.color;
  return {
    text: style.color,
    dim: color('--dim'),
    line: color('--plot-line'),
    plain: color('--dim'),
    worse: color('--worse'),
    better: color('--better'),
    background: color('--vscode-editor-background'),
    selected: color('--vscode-focusBorder'),
    font: `${style.fontSize} ${style.fontFamily}`,
  };
}
