/** Everything about one statement: the figures of both sides, node by node, and why it was judged as it was. */
import { type Side, sides } from '../shared/side';
import type { DetailFigure, NodeFigures, SideText, StatementDetails, StatementRow } from '../shared/statements';
import { at, type FigureId, type Figures, figureIds, figureOf, figureSpecs, jitMsOf, meanMsOf } from './figures';
import type { SideStatement } from './fold';
import type { Entry } from './row';
import type { FoldedSide } from './side';

export function detailsOf(
  entry: Entry,
  row: StatementRow,
  compared: Record<Side, FoldedSide | undefined>,
): StatementDetails {
  const details: StatementDetails = {
    row,
    classReasons: entry.judged.reasons,
    reasons: entry.comparison?.reasons ?? [],
    figures: figureIds.flatMap(id => detailFigure(id, entry)),
    nodes: sides.flatMap(side => entry[side]?.statement.nodes.map(part => nodeFigures(side, part)) ?? []),
  };
  for (const side of sides) {
    const statement = entry[side]?.statement;
    if (statement) details[side] = sideText(statement, compared[side]!);
  }
  return details;
}

function sideText(statement: SideStatement, { reading }: FoldedSide): SideText {
  const { sql, truncated, texts, queryIds, user, database, citus } = statement;
  return {
    ...{ sql, truncated, texts, queryIds, user },
    database: database || reading.database,
    ...(citus ? { citus } : {}),
  };
}

/** Own figures and, on Citus, the workers': together, as a coordinator counts no page and no JIT of its tasks. */
function detailFigure(id: FigureId, entry: Entry): DetailFigure[] {
  const { title, unit, fold } = figureSpecs[id];
  const of = (side: Side): number | undefined => {
    const statement = entry[side]?.statement;
    return statement && withTasks(statement, id);
  };
  const both = { source: of('source'), target: of('target') };
  if (both.source === undefined && both.target === undefined) return [];
  if (fold !== 'sum') return [{ title, unit, perCall: present(both) }];
  const calls = (side: Side) => entry[side]?.statement.figures[at.calls] ?? 0;
  const perCall = (side: Side) => (both[side] === undefined ? undefined : both[side] / calls(side));
  const figure: DetailFigure & { total: DetailFigure['perCall'] } = { title, unit, total: present(both) };
  // How often it ran belongs beside what one run takes.
  figure.perCall = id === 'calls' ? figure.total : present({ source: perCall('source'), target: perCall('target') });
  return [figure];
}

/** Time, rows and planning are the statement's own: tasks run inside it, at the same time. */
const ownFigures: ReadonlySet<FigureId> = new Set(['calls', 'totalMs', 'rows', 'plans', 'planMs']);

function withTasks({ figures, tasks }: SideStatement, id: FigureId): number | undefined {
  const own = figureOf(figures, id);
  const more = tasks && !ownFigures.has(id) && figureSpecs[id].fold === 'sum' ? figureOf(tasks, id) : undefined;
  return more === undefined ? own : (own ?? 0) + more;
}

function present({ source, target }: { source: number | undefined; target: number | undefined }) {
  return { ...(source === undefined ? {} : { source }), ...(target === undefined ? {} : { target }) };
}

function nodeFigures(side: Side, part: SideStatement['nodes'][number]): NodeFigures {
  const { node, role, as, rows, figures } = part;
  const calls = figures[at.calls]!;
  const found: NodeFigures = {
    ...{ side, node, role, as, rows, calls },
    totalMs: figures[at.totalMs]!,
    meanMs: meanMsOf(figures),
  };
  const jit = jitMsOf(figures);
  if (jit !== undefined) found.jitShare = found.totalMs > 0 ? Math.min(1, jit / found.totalMs) : 0;
  const set = (key: 'pagesRead' | 'walBytes', value: number, all: Figures) => {
    if (!Number.isNaN(value)) found[key] = value / all[at.calls]!;
  };
  set('pagesRead', figures[at.sharedRead]!, figures);
  set('walBytes', figures[at.walBytes]!, figures);
  return found;
}
