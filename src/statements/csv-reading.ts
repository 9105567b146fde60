/**
 * A side that is gone may have left pg_stat_statements as CSV: `\copy (SELECT * FROM pg_stat_statements) TO 'old.csv' CSV HEADER`,
 * perhaps joined to the names of its roles and databases.
 */
import { parse } from 'csv-parse/sync';
import { columnOf, extensionVersion, type FigureId, figureSpecs } from './figures';
import { type NodeHeader, noNames, type Reading } from './reading';
import { figuresOf, longestText } from './rows';

/** What is wrong with the file, and what to do about it. */
export class CsvError extends Error {}

type Row = Record<string, string>;

/** Newest first, each with a column that came with it. */
const versions: readonly (readonly [version: string, column: string])[] = [
  ['1.12', 'wal_buffers_full'],
  ['1.11', 'shared_blk_read_time'],
  ['1.10', 'jit_functions'],
  ['1.9', 'toplevel'],
  ['1.8', 'total_exec_time'],
  ['1.7', 'total_time'],
];

/** @throws CsvError for what is no such table. */
export function readingFromCsv(text: string, { label, at }: { label: string; at: Date }): Reading {
  const rows = parseRows(text);
  const columns = new Set(Object.keys(rows[0] ?? {}));
  const version = versions.find(([, column]) => columns.has(column))?.[0];
  if (version === undefined || !columns.has('query') || !columns.has('calls'))
    throw new CsvError(
      "The file has no columns of pg_stat_statements in its first line. Write it with: \\copy (SELECT * FROM pg_stat_statements) TO 'file.csv' CSV HEADER",
    );
  const figures = figuresOf(extensionVersion(version)).filter(id => columns.has(nameOf(id, version)));
  const lacking = figuresOf(extensionVersion(version)).length - figures.length;
  const counted = rows.filter(row => row.queryid !== '' && row.query !== '<insufficient privilege>');
  const header: NodeHeader = {
    at: at.toISOString(),
    startedAt: at.toISOString(),
    resetAt: null,
    dealloc: null,
    entries: rows.length,
    hidden: 0,
    hiddenMs: 0,
    settings: {},
  };
  const notes: Reading['notes'] = [{ text: 'Read from CSV: when counting began is not known.' }];
  const hidden = rows.length - counted.length;
  if (hidden > 0) notes.push({ text: `${hidden} of its statements were hidden from whoever wrote it.` });
  if (lacking > 0) notes.push({ text: `The file lacks ${lacking} columns of extension version ${version}.` });
  return {
    version: 1,
    at: at.toISOString(),
    label,
    address: 'CSV file',
    postgresVersion: 'unknown',
    database: databaseOf(counted),
    user: 'unknown',
    nodes: [
      {
        node: 'CSV file',
        role: 'standalone',
        extension: version,
        answer: [JSON.stringify(header), ...counted.map(row => lineOf(row, version))].join('\n'),
      },
    ],
    names: noNames,
    notes,
  };
}

function parseRows(text: string): Row[] {
  try {
    return parse(text, { columns: true, bom: true, skip_empty_lines: true }) as Row[];
  } catch (error) {
    throw new CsvError(`The file is no CSV: ${error instanceof Error ? error.message : error}`);
  }
}

function nameOf(id: FigureId, version: string): string {
  return columnOf(id, extensionVersion(version))!;
}

function userOf(row: Row): string {
  return row.rolname ?? row.usename ?? row.user ?? `role ${row.userid ?? '?'}`;
}

function inDatabase(row: Row): string {
  return row.datname ?? row.database ?? `database ${row.dbid ?? '?'}`;
}

/** Where most of the time goes is taken for the application's, which has another name on the other side. */
function databaseOf(rows: readonly Row[]): string {
  const times = new Map<string, number>();
  for (const row of rows) {
    const ms = Number(row.total_exec_time ?? row.total_time ?? 0);
    times.set(inDatabase(row), (times.get(inDatabase(row)) ?? 0) + ms);
  }
  return [...times].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'unknown';
}

function lineOf(row: Row, version: string): string {
  const query = row.query!;
  return [
    JSON.stringify(userOf(row)),
    JSON.stringify(inDatabase(row)),
    row.toplevel === 'f' || row.toplevel === 'false' ? 'f' : 't',
    row.queryid ?? '',
    row.stats_since ?? '',
    query.length > longestText ? 't' : 'f',
    ...figuresOf(extensionVersion(version)).map(id => numberIn(row, id, version)),
    JSON.stringify(query.slice(0, longestText)),
  ].join('\t');
}

function numberIn(row: Row, id: FigureId, version: string): string {
  const name = nameOf(id, version);
  const text = row[name] ?? '';
  if (text !== '' && !Number.isFinite(Number(text)))
    throw new CsvError(`"${text}" in column ${name} (${figureSpecs[id].title}) is no number.`);
  return text;
}
