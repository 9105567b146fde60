/**
 * What pg_stat_statements counts, by extension version. The version is that of the extension (`extversion`), not of the
 * server: an upgraded server may keep an old one. Columns as read off PostgreSQL 12 to 18 (documentation,
 * "pg_stat_statements"; the upgrade scripts of contrib/pg_stat_statements).
 */
import type { FigureUnit } from '../shared/statements';

interface FigureColumn {
  /** What the column is called. */
  name: string;
  /** Extension version, as 1.08, from which it is there by this name. */
  since: number;
  /** From which it is there no more, or by another name. */
  until?: number;
}

interface FigureSpec {
  columns: readonly FigureColumn[];
  title: string;
  unit: FigureUnit;
  /** How figures of several rows become one; `spread` and `mean` follow from sums of squares. */
  fold: 'sum' | 'least' | 'most' | 'spread';
}

/** `1.10` as 1.1 would sort before 1.9, so minor versions count in hundredths. */
export function extensionVersion(extversion: string): number {
  const [major = '0', minor = '0'] = extversion.split('.');
  return Number(major) + Number.parseInt(minor, 10) / 100;
}

const always = (name: string): FigureColumn[] => [{ name, since: 1 }];
const from = (since: number, name: string): FigureColumn[] => [{ name, since }];
const renamed = (name: string, until: number, next: string): FigureColumn[] => [
  { name, since: 1, until },
  { name: next, since: until },
];

const sum = (columns: FigureColumn[], title: string, unit: FigureUnit): FigureSpec => ({
  columns,
  title,
  unit,
  fold: 'sum',
});

/** In the order in which rows are read and shown. */
export const figureSpecs = {
  calls: sum(always('calls'), 'calls', 'count'),
  totalMs: sum(renamed('total_time', 1.08, 'total_exec_time'), 'execution', 'ms'),
  minMs: { columns: renamed('min_time', 1.08, 'min_exec_time'), title: 'shortest', unit: 'ms', fold: 'least' },
  maxMs: { columns: renamed('max_time', 1.08, 'max_exec_time'), title: 'longest', unit: 'ms', fold: 'most' },
  stddevMs: {
    columns: renamed('stddev_time', 1.08, 'stddev_exec_time'),
    title: 'standard deviation',
    unit: 'ms',
    fold: 'spread',
  },
  rows: sum(always('rows'), 'rows', 'rows'),
  sharedHit: sum(always('shared_blks_hit'), 'shared pages hit', 'pages'),
  sharedRead: sum(always('shared_blks_read'), 'shared pages read', 'pages'),
  sharedDirtied: sum(always('shared_blks_dirtied'), 'shared pages dirtied', 'pages'),
  sharedWritten: sum(always('shared_blks_written'), 'shared pages written', 'pages'),
  sharedReadMs: sum(renamed('blk_read_time', 1.11, 'shared_blk_read_time'), 'reading shared pages', 'ms'),
  sharedWriteMs: sum(renamed('blk_write_time', 1.11, 'shared_blk_write_time'), 'writing shared pages', 'ms'),
  localHit: sum(always('local_blks_hit'), 'local pages hit', 'pages'),
  localRead: sum(always('local_blks_read'), 'local pages read', 'pages'),
  localDirtied: sum(always('local_blks_dirtied'), 'local pages dirtied', 'pages'),
  localWritten: sum(always('local_blks_written'), 'local pages written', 'pages'),
  localReadMs: sum(from(1.11, 'local_blk_read_time'), 'reading local pages', 'ms'),
  localWriteMs: sum(from(1.11, 'local_blk_write_time'), 'writing local pages', 'ms'),
  tempRead: sum(always('temp_blks_read'), 'temporary pages read', 'pages'),
  tempWritten: sum(always('temp_blks_written'), 'temporary pages written', 'pages'),
  tempReadMs: sum(from(1.1, 'temp_blk_read_time'), 'reading temporary pages', 'ms'),
  tempWriteMs: sum(from(1.1, 'temp_blk_write_time'), 'writing temporary pages', 'ms'),
  walRecords: sum(from(1.08, 'wal_records'), 'WAL records', 'count'),
  walFpi: sum(from(1.08, 'wal_fpi'), 'WAL full page images', 'count'),
  walBytes: sum(from(1.08, 'wal_bytes'), 'WAL', 'bytes'),
  walBuffersFull: sum(from(1.12, 'wal_buffers_full'), 'WAL buffers full', 'count'),
  plans: sum(from(1.08, 'plans'), 'plans', 'count'),
  planMs: sum(from(1.08, 'total_plan_time'), 'planning', 'ms'),
  planMinMs: { columns: from(1.08, 'min_plan_time'), title: 'shortest planning', unit: 'ms', fold: 'least' },
  planMaxMs: { columns: from(1.08, 'max_plan_time'), title: 'longest planning', unit: 'ms', fold: 'most' },
  planStddevMs: {
    columns: from(1.08, 'stddev_plan_time'),
    title: 'standard deviation of planning',
    unit: 'ms',
    fold: 'spread',
  },
  jitFunctions: sum(from(1.1, 'jit_functions'), 'JIT functions', 'count'),
  jitGenerationMs: sum(from(1.1, 'jit_generation_time'), 'JIT generation', 'ms'),
  jitInliningCount: sum(from(1.1, 'jit_inlining_count'), 'JIT inlinings', 'count'),
  jitInliningMs: sum(from(1.1, 'jit_inlining_time'), 'JIT inlining', 'ms'),
  jitOptimizationCount: sum(from(1.1, 'jit_optimization_count'), 'JIT optimizations', 'count'),
  jitOptimizationMs: sum(from(1.1, 'jit_optimization_time'), 'JIT optimization', 'ms'),
  jitEmissionCount: sum(from(1.1, 'jit_emission_count'), 'JIT emissions', 'count'),
  jitEmissionMs: sum(from(1.1, 'jit_emission_time'), 'JIT emission', 'ms'),
  jitDeformCount: sum(from(1.11, 'jit_deform_count'), 'JIT deform functions', 'count'),
  jitDeformMs: sum(from(1.11, 'jit_deform_time'), 'JIT deforming', 'ms'),
  parallelWanted: sum(from(1.12, 'parallel_workers_to_launch'), 'parallel workers wanted', 'count'),
  parallelLaunched: sum(from(1.12, 'parallel_workers_launched'), 'parallel workers launched', 'count'),
  genericPlans: sum(from(1.13, 'generic_plan_calls'), 'calls with a generic plan', 'count'),
  customPlans: sum(from(1.13, 'custom_plan_calls'), 'calls with a custom plan', 'count'),
} as const satisfies Record<string, FigureSpec>;

export type FigureId = keyof typeof figureSpecs;
export const figureIds = Object.keys(figureSpecs) as FigureId[];

/** Where each figure stands in {@link Figures}. */
export const at = Object.fromEntries(figureIds.map((id, index) => [id, index])) as Record<FigureId, number>;

/** One number for each of {@link figureIds}; NaN where the server does not keep it. */
export type Figures = Float64Array;

export function noFigures(): Figures {
  return new Float64Array(figureIds.length).fill(Number.NaN);
}

/** What the figure's column is called in that version; undefined where there is none. */
export function columnOf(id: FigureId, version: number): string | undefined {
  return figureSpecs[id].columns.find(
    ({ since, until }: FigureColumn) => version >= since && (until === undefined || version < until),
  )?.name;
}

/** The figure, undefined where the server does not keep it. */
export function figureOf(figures: Figures, id: FigureId): number | undefined {
  const value = figures[at[id]]!;
  return Number.isNaN(value) ? undefined : value;
}

const folds = figureIds.map(id => figureSpecs[id].fold);
const spreads = [
  { spread: at.stddevMs, total: at.totalMs, calls: at.calls },
  { spread: at.planStddevMs, total: at.planMs, calls: at.plans },
] as const;

/** Adds a row's figures to a statement's, which afterwards speaks for both. Standard deviations are those of all calls. */
export function addFigures(into: Figures, more: Figures): void {
  for (const { spread, total, calls } of spreads) {
    into[spread] = joinedSpread(
      [into[spread]!, into[total]!, into[calls]!],
      [more[spread]!, more[total]!, more[calls]!],
    );
  }
  for (let i = 0; i < folds.length; i++) {
    const value = more[i]!;
    if (Number.isNaN(value) || folds[i] === 'spread') continue;
    const former = into[i]!;
    if (Number.isNaN(former)) into[i] = value;
    else if (folds[i] === 'sum') into[i] = former + value;
    else into[i] = folds[i] === 'least' ? Math.min(former, value) : Math.max(former, value);
  }
}

type Spread = [stddev: number, total: number, calls: number];

/** Σx² of each is calls · (stddev² + mean²): PostgreSQL keeps the deviation of the population (pg_stat_statements.c). */
function joinedSpread(a: Spread, b: Spread): number {
  if (Number.isNaN(a[0]) || !(a[2] > 0)) return b[0];
  if (Number.isNaN(b[0]) || !(b[2] > 0)) return a[0];
  return spreadOf(squares(a) + squares(b), a[1] + b[1], a[2] + b[2]);
}

function squares([stddev, total, calls]: Spread): number {
  return calls > 0 ? calls * stddev ** 2 + total ** 2 / calls : 0;
}

function spreadOf(sumOfSquares: number, total: number, calls: number): number {
  return Math.sqrt(Math.max(0, sumOfSquares / calls - (total / calls) ** 2));
}

/**
 * What was counted between two readings of the same row. Least and most cannot be told for a time between; they are
 * absent. Undefined when the later is not the earlier grown: it was reset or evicted in between.
 */
export function figuresBetween(earlier: Figures, later: Figures): Figures | undefined {
  const between = noFigures();
  for (let i = 0; i < folds.length; i++) {
    if (folds[i] !== 'sum') continue;
    const grown = later[i]! - earlier[i]!;
    // Sums of times are floating-point numbers: a hair below is not a reset.
    if (grown < -1e-6 * Math.abs(earlier[i]!) - 1e-6) return undefined;
    between[i] = Number.isNaN(earlier[i]!) ? later[i]! : Math.max(0, grown);
  }
  for (const { spread, total, calls } of spreads) {
    if (!(between[calls]! > 0)) continue;
    const before: Spread = [earlier[spread]!, earlier[total]!, earlier[calls]!];
    const after: Spread = [later[spread]!, later[total]!, later[calls]!];
    if (!Number.isNaN(after[0]))
      between[spread] = spreadOf(
        squares(after) - (Number.isNaN(before[0]) ? 0 : squares(before)),
        between[total]!,
        between[calls]!,
      );
  }
  return between;
}

/** Execution time spent on JIT, all four parts; undefined where it is not counted (extension before 1.10). */
export function jitMsOf(figures: Figures): number | undefined {
  const ms =
    figures[at.jitGenerationMs]! +
    figures[at.jitInliningMs]! +
    figures[at.jitOptimizationMs]! +
    figures[at.jitEmissionMs]!;
  return Number.isNaN(ms) ? undefined : ms;
}

export function meanMsOf(figures: Figures): number {
  const calls = figures[at.calls]!;
  return calls > 0 ? figures[at.totalMs]! / calls : 0;
}
