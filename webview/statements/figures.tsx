/** The figures of one statement: both sides beside one another, and each node's share. */
import { formatBytes, formatCount, formatMs, formatRows, formatShare } from '../../src/shared/format';
import { sides } from '../../src/shared/side';
import type { DetailFigure, FigureUnit, NodeFigures } from '../../src/shared/statements';
import { shortRatio } from '../common/format';
import { shortCount } from './words';

const formats: Record<FigureUnit, (value: number) => string> = {
  count: formatRows,
  ms: formatMs,
  pages: formatRows,
  bytes: formatBytes,
  rows: formatRows,
  share: formatShare,
};

type Both = { source?: number | undefined; target?: number | undefined };

/** Nothing on either side, or not kept by either. */
function isNothing({ total, perCall }: DetailFigure): boolean {
  return [total, perCall].every(both => !both?.source && !both?.target);
}

interface FiguresProps {
  figures: readonly DetailFigure[];
  all: boolean;
  showAll(all: boolean): void;
}

export function Figures({ figures, all, showAll }: FiguresProps) {
  const nothing = figures.filter(isNothing).length;
  const shown = all ? figures : figures.filter(figure => !isNothing(figure));
  return (
    <>
      <table class="table figures">
        <thead>
          <tr>
            <th scope="col">per call</th>
            {sides.map(side => (
              <th key={side} scope="col" class={`numeric ${side}`}>
                {side}
              </th>
            ))}
            <th scope="col" class="numeric">
              ratio
            </th>
            {sides.map(side => (
              <th key={side} scope="col" class={`numeric total ${side}`}>
                {`${side} total`}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map(({ title, unit, total, perCall }) => (
            <tr key={title}>
              <th scope="row">{title}</th>
              <Value both={perCall} side="source" unit={unit} />
              <Value both={perCall} side="target" unit={unit} />
              <Ratio both={perCall ?? total} unit={unit} />
              <Value both={total} side="source" unit={unit} />
              <Value both={total} side="target" unit={unit} />
            </tr>
          ))}
        </tbody>
      </table>
      {nothing > 0 && (
        <button type="button" class="link" aria-expanded={all} onClick={() => showAll(!all)}>
          {all
            ? `Hide the ${nothing} that are nothing on both sides`
            : `Show all: ${nothing} more are nothing on both sides`}
        </button>
      )}
    </>
  );
}

function Value({ both, side, unit }: { both: Both | undefined; side: 'source' | 'target'; unit: FigureUnit }) {
  const value = both?.[side];
  if (!both) return <td />;
  if (value === undefined) return <td class="numeric dim">—</td>;
  const exact = unit === 'share' ? undefined : `${value}`;
  return (
    <td class="numeric" title={exact}>
      {formats[unit](value)}
    </td>
  );
}

/** Less than this is no difference worth a figure. */
const sameWithin = 0.02;

function Ratio({ both, unit }: { both: Both | undefined; unit: FigureUnit }) {
  const { source, target } = both ?? {};
  if (source === undefined || target === undefined || (source === 0 && target === 0)) return <td />;
  if (source === 0) return <td class={`numeric ${unit === 'ms' ? 'worse' : ''}`}>new</td>;
  const ratio = target / source;
  if (Math.abs(ratio - 1) <= sameWithin) return <td class="numeric dim">same</td>;
  const tone = unit !== 'ms' ? '' : ratio >= 1.1 ? 'worse' : ratio <= 0.9 ? 'better' : '';
  return <td class={`numeric ${tone}`}>{target === 0 ? 'gone' : shortRatio(ratio)}</td>;
}

const roleWords: Record<NodeFigures['role'], string> = {
  coordinator: 'coordinator',
  worker: 'worker',
  standalone: 'server',
};

export function Nodes({ nodes }: { nodes: readonly NodeFigures[] }) {
  const has = (figure: 'jitShare' | 'pagesRead' | 'walBytes') => nodes.some(node => node[figure] !== undefined);
  const [jit, read, wal] = [has('jitShare'), has('pagesRead'), has('walBytes')];
  return (
    <table class="table nodes">
      <thead>
        <tr>
          <th scope="col">node</th>
          <th scope="col">as</th>
          {['calls', 'total', 'mean', jit && 'JIT', read && 'read pages', wal && 'WAL'].map(
            title =>
              title && (
                <th key={title} scope="col" class="numeric">
                  {title}
                </th>
              ),
          )}
        </tr>
      </thead>
      <tbody>
        {sides.flatMap(side =>
          nodes
            .filter(node => node.side === side)
            .map(node => (
              <tr key={`${side} ${node.node} ${node.as}`}>
                <th scope="row">
                  <span class={`side-word ${side}`}>{side}</span>
                  {` ${node.node} `}
                  <span class="dim">{roleWords[node.role]}</span>
                </th>
                <td
                  title={
                    node.rows > 1 ? `${formatCount(node.rows)} rows of pg_stat_statements, taken as one` : undefined
                  }
                >
                  {node.as === 'tasks' ? `tasks (${formatCount(node.rows)})` : 'statement'}
                </td>
                <td class="numeric">{formatCount(node.calls)}</td>
                <td class="numeric">{formatMs(node.totalMs)}</td>
                <td class="numeric">{formatMs(node.meanMs)}</td>
                {jit && <td class="numeric">{node.jitShare === undefined ? '—' : formatShare(node.jitShare)}</td>}
                {read && <td class="numeric">{node.pagesRead === undefined ? '—' : shortCount(node.pagesRead)}</td>}
                {wal && <td class="numeric">{node.walBytes === undefined ? '—' : formatBytes(node.walBytes)}</td>}
              </tr>
            )),
        )}
      </tbody>
    </table>
  );
}
