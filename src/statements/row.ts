/** A row of the table: what is drawn, sorted and filtered by. */
import type { RowFigures, StatementRow } from '../shared/statements';
import { at, type FigureId, type Figures, jitMsOf, meanMsOf } from './figures';
import type { JudgedClass, KnownStatement } from './statement-class';
import type { TextMemory } from './text-memory';
import type { Comparison } from './verdict';

/** One statement, on one side or on both. */
export interface Entry {
  id: string;
  source: KnownStatement | undefined;
  target: KnownStatement | undefined;
  match: StatementRow['match'];
  judged: JudgedClass;
  comparison: Comparison | undefined;
}

export function rowOf(
  entry: Entry,
  seconds: Record<'source' | 'target', number | undefined>,
  memory: TextMemory,
): StatementRow {
  const { id, source, target, match, judged, comparison } = entry;
  const { statement } = (target ?? source)!;
  const row: StatementRow = {
    id,
    title: memory.title(statement.sql),
    class: judged.class,
    scope: statement.scope,
    user: statement.user,
    database: statement.database,
    nodes: [...new Set([source, target].flatMap(side => side?.statement.nodes.map(({ node }) => node) ?? []))],
    verdict: comparison?.verdict ?? (target ? 'onlyTarget' : 'onlySource'),
  };
  if (match) row.match = match;
  if (source) row.source = rowFigures(source, seconds.source);
  if (target) row.target = rowFigures(target, seconds.target);
  if (comparison?.ratio !== undefined) row.ratio = comparison.ratio;
  if (comparison) row.impactMs = comparison.impactMs;
  return row;
}

function rowFigures(known: KnownStatement, seconds: number | undefined): RowFigures {
  const { statement, isBlind } = known;
  const { figures, tasks } = statement;
  const calls = figures[at.calls]!;
  const row: RowFigures = { calls, totalMs: figures[at.totalMs]!, meanMs: meanMsOf(figures) };
  const set = (key: keyof RowFigures, value: number) => {
    if (Number.isFinite(value)) row[key] = value;
  };
  /** Its own and its workers'; nothing where the workers' part is not known. */
  const perCall = (...ids: FigureId[]) =>
    isBlind ? Number.NaN : ids.reduce((sum, id) => sum + withTasks(figures, tasks, id), 0) / calls;
  set('stddevMs', figures[at.stddevMs]!);
  if (seconds !== undefined && seconds > 0) set('callsPerSecond', calls / seconds);
  set('rows', figures[at.rows]! / calls);
  set('jitShare', jitShareOf(known) ?? Number.NaN);
  set('pagesHit', perCall('sharedHit'));
  set('pagesRead', perCall('sharedRead'));
  set('pagesDirtied', perCall('sharedDirtied'));
  set('tempPages', perCall('tempRead', 'tempWritten'));
  set('walBytes', perCall('walBytes'));
  // Without track_planning nothing is planned, as it seems.
  if (figures[at.plans]! > 0) set('planMs', figures[at.planMs]! / figures[at.plans]!);
  set('parallelLaunched', figures[at.parallelLaunched]! / figures[at.parallelWanted]!);
  return row;
}

function withTasks(figures: Figures, tasks: Figures | undefined, id: FigureId): number {
  const more = tasks?.[at[id]] ?? 0;
  return figures[at[id]]! + (Number.isNaN(more) ? 0 : more);
}

/** JIT's share of the execution; of the tasks', where there are any: there it happens (the coordinator counts none of it). */
export function jitShareOf({ statement, isBlind, isRoutine }: KnownStatement): number | undefined {
  const { figures, tasks } = statement;
  const where = tasks ?? figures;
  const ms = jitMsOf(where);
  if (ms === undefined || (ms === 0 && (isBlind || isRoutine))) return undefined;
  const total = where[at.totalMs]!;
  return total > 0 ? Math.min(1, ms / total) : 0;
}
