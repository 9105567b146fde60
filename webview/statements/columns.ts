/** The columns there are: what they are called, what they sort by, how wide they are. Cells are drawn by row.tsx. */
import { formatBytes, formatCount, formatMsFigure, formatShare } from '../../src/shared/format';
import { matchWords, type RowFigures, type StatementRow } from '../../src/shared/statements';
import { scopeWords, shortCount, sourceToTarget, verdictWords } from './words';

export interface StatementColumn {
  id: string;
  /** As in the header. */
  header: string;
  title: string;
  numeric: boolean;
  widthPx: number;
  value(row: StatementRow): number | string | undefined;
  /** Plain text for the cell; absent for the few that draw more. */
  text?(row: StatementRow): string;
}

type Figure = (figures: RowFigures) => number | undefined;

/** One side's figure; a dash where the statement did not run there. */
function ofSide(
  side: 'source' | 'target',
  about: { id: string; header: string; title: string; widthPx: number },
  figure: Figure,
  format: (value: number) => string,
): StatementColumn {
  const value = (row: StatementRow) => row[side] && figure(row[side]);
  const text = (row: StatementRow) => {
    const found = value(row);
    return found === undefined ? '—' : format(found);
  };
  return { ...about, numeric: true, value, text };
}

/** Both sides' figures, sorted by the target's: the source is the baseline. */
function ofBoth(
  about: { id: string; header: string; title: string; widthPx: number },
  figure: Figure,
  format: (value: number) => string,
): StatementColumn {
  const of = (figures: RowFigures | undefined) => figures && figure(figures);
  return {
    ...about,
    numeric: true,
    value: row => of(row.target) ?? of(row.source),
    text: row => sourceToTarget(of(row.source), of(row.target), format),
  };
}

const pages: Figure = ({ pagesHit, pagesRead }) =>
  pagesHit === undefined && pagesRead === undefined ? undefined : (pagesHit ?? 0) + (pagesRead ?? 0);

const text = (id: string, title: string, widthPx: number, of: (row: StatementRow) => string): StatementColumn => ({
  id,
  header: id,
  title,
  widthPx,
  numeric: false,
  value: of,
  text: of,
});

export const statementColumn: StatementColumn = {
  id: 'statement',
  header: 'statement',
  title: 'The statement, cut; all of it stands in the details',
  numeric: false,
  widthPx: 252,
  value: row => row.title,
};

/** In the order they stand in, whichever are chosen. */
export const columnsAfterStatement: readonly StatementColumn[] = [
  text('class', 'Reads, writes or neither', 66, row => row.class),
  {
    id: 'calls',
    header: 'calls',
    title: 'Calls on the target; of what ran on the source only, there',
    numeric: true,
    widthPx: 78,
    value: row => (row.target ?? row.source)?.calls,
    text: row => formatCount((row.target ?? row.source)?.calls ?? 0),
  },
  ofSide(
    'source',
    { id: 'source-mean', header: 'source mean ms', title: 'Mean execution time on the source', widthPx: 124 },
    ({ meanMs }) => meanMs,
    formatMsFigure,
  ),
  ofSide(
    'target',
    { id: 'target-mean', header: 'target mean ms', title: 'Mean execution time on the target', widthPx: 124 },
    ({ meanMs }) => meanMs,
    formatMsFigure,
  ),
  {
    id: 'ratio',
    header: 'ratio',
    title: "Target's mean over the source's",
    numeric: true,
    widthPx: 84,
    value: row => row.ratio,
  },
  {
    id: 'impact',
    header: 'impact',
    title: 'Calls on the target × what each took more there than on the source',
    numeric: true,
    widthPx: 166,
    value: row => row.impactMs,
  },
  ofBoth(
    { id: 'jit', header: 'JIT share', title: 'Share of the execution time that JIT took', widthPx: 112 },
    ({ jitShare }) => jitShare,
    formatShare,
  ),
  ofBoth(
    { id: 'pages', header: 'pages / call', title: 'Pages of 8 kB, from the cache or read', widthPx: 116 },
    pages,
    shortCount,
  ),
  ofBoth(
    { id: 'pages-read', header: 'read pages / call', title: 'Pages read from outside the cache', widthPx: 130 },
    ({ pagesRead }) => pagesRead,
    shortCount,
  ),
  ofBoth(
    { id: 'temp', header: 'temp / call', title: 'Pages of temporary files', widthPx: 116 },
    ({ tempPages }) => tempPages,
    shortCount,
  ),
  ofBoth(
    { id: 'wal', header: 'WAL / call', title: 'Write-ahead log', widthPx: 140 },
    ({ walBytes }) => walBytes,
    formatBytes,
  ),
  ofBoth(
    { id: 'rows', header: 'rows / call', title: 'Rows returned or written', widthPx: 124 },
    ({ rows }) => rows,
    shortCount,
  ),
  ofBoth(
    { id: 'planning', header: 'planning ms / call', title: 'Time to plan, where it is tracked', widthPx: 136 },
    ({ planMs }) => planMs,
    formatMsFigure,
  ),
  ofBoth(
    { id: 'frequency', header: 'calls / s', title: 'Calls for each second of the window', widthPx: 116 },
    ({ callsPerSecond }) => callsPerSecond,
    formatMsFigure,
  ),
  ofSide(
    'source',
    { id: 'source-total', header: 'source total s', title: 'Time of all calls on the source', widthPx: 112 },
    ({ totalMs }) => totalMs,
    ms => formatMsFigure(ms / 1000),
  ),
  ofSide(
    'target',
    { id: 'target-total', header: 'target total s', title: 'Time of all calls on the target', widthPx: 112 },
    ({ totalMs }) => totalMs,
    ms => formatMsFigure(ms / 1000),
  ),
  ofBoth(
    { id: 'spread', header: 'spread ± ms', title: 'Standard deviation of the execution time', widthPx: 126 },
    ({ stddevMs }) => stddevMs,
    formatMsFigure,
  ),
  ofBoth(
    { id: 'parallel', header: 'parallel launched', title: 'Parallel workers launched of those wanted', widthPx: 136 },
    ({ parallelLaunched }) => parallelLaunched,
    formatShare,
  ),
  text('user', 'Role that ran it', 110, row => row.user),
  text('database', 'Database it ran in', 110, row => row.database),
  text('scope', 'Where it was counted', 128, row => scopeWords[row.scope]),
  text('match', 'How the two sides were found to be the same statement', 182, row =>
    row.match === undefined ? '—' : matchWords[row.match],
  ),
  text('verdict', 'What the figures say', 128, row => verdictWords[row.verdict]),
];

export const defaultColumns: readonly string[] = [
  ...['calls', 'source-mean', 'target-mean', 'ratio', 'impact', 'jit', 'pages', 'match'],
];

/** The chosen ones, the statement first. */
export function chosenColumns(ids: readonly string[]): StatementColumn[] {
  return [statementColumn, ...columnsAfterStatement.filter(({ id }) => ids.includes(id))];
}
