/** The comparison for programs: rows of a view with their full texts. For the command line and the panel's export alike. */
import type { RowFigures, StatementRow, StatementsSide, StatementsView } from '../shared/statements';
import type {
  StatementsReport,
  StatementsReportAlone,
  StatementsReportFigures,
  StatementsReportPair,
  StatementsReportSide,
} from '../shared/statements-report';
import type { Entry } from './row';

/** What knows the texts behind the rows, as the engine does. */
export interface EntryLookup {
  entry(id: string): Entry;
}

/** `ids`: the rows wanted, in the order wanted; all of the view's by default. */
export function statementsReport(
  { summary, rows }: StatementsView,
  lookup: EntryLookup,
  ids: readonly string[] = rows.map(({ id }) => id),
): StatementsReport {
  const { migration, at, source, target, sentence, reads, writes, notes } = summary;
  const report: StatementsReport = {
    version: 1,
    ...{ at, migration },
    source: reportSide(source),
    target: reportSide(target),
    ...{ sentence, reads, writes },
    ...{ pairs: [], onlySource: [], onlyTarget: [] },
    notes: notes.map(({ tone, side, node, text, remedy }) => ({
      ...{ tone, text },
      side: side ?? null,
      node: node ?? null,
      remedy: remedy ?? null,
    })),
  };
  for (const row of rowsOf(rows, ids)) {
    const entry = lookup.entry(row.id);
    if (row.source && row.target) report.pairs.push(reportPair(row, entry));
    else if (row.source) report.onlySource.push(reportAlone(row, row.source, entry));
    else if (row.target) report.onlyTarget.push(reportAlone(row, row.target, entry));
  }
  return report;
}

/** The rows with these ids, in their order; what is not there any more is left out. */
export function rowsOf(rows: readonly StatementRow[], ids: readonly string[]): StatementRow[] {
  const byId = new Map(rows.map(row => [row.id, row]));
  return ids.flatMap(id => byId.get(id) ?? []);
}

function reportPair(row: StatementRow, entry: Entry): StatementsReportPair {
  const [source, target] = [entry.source!.statement, entry.target!.statement];
  return {
    ...about(row, entry),
    sourceQuery: source.sql === target.sql ? null : source.sql,
    sourceUser: source.user === target.user ? null : source.user,
    match: row.match!,
    verdict: row.verdict,
    source: reportFigures(row.source!),
    target: reportFigures(row.target!),
    ratio: row.ratio ?? null,
    impactMs: row.impactMs ?? null,
    reasons: entry.comparison?.reasons ?? [],
  };
}

function reportAlone(row: StatementRow, figures: RowFigures, entry: Entry): StatementsReportAlone {
  return { ...about(row, entry), figures: reportFigures(figures) };
}

function about({ id, class: kind, scope, user, database }: StatementRow, { source, target }: Entry) {
  const { sql, truncated } = (target ?? source)!.statement;
  return { id, query: sql, truncated, class: kind, scope, user, database: database || null };
}

export function reportFigures(figures: RowFigures): StatementsReportFigures {
  return {
    calls: figures.calls,
    totalMs: figures.totalMs,
    meanMs: figures.meanMs,
    stddevMs: figures.stddevMs ?? null,
    callsPerSecond: figures.callsPerSecond ?? null,
    rows: figures.rows ?? null,
    jitShare: figures.jitShare ?? null,
    pagesHit: figures.pagesHit ?? null,
    pagesRead: figures.pagesRead ?? null,
    pagesDirtied: figures.pagesDirtied ?? null,
    tempPages: figures.tempPages ?? null,
    walBytes: figures.walBytes ?? null,
    planMs: figures.planMs ?? null,
    parallelLaunched: figures.parallelLaunched ?? null,
  };
}

function reportSide(side: StatementsSide): StatementsReportSide {
  const { label, window, statements } = side;
  return {
    ...{ label, statements },
    address: side.address ?? null,
    postgresVersion: side.postgresVersion ?? null,
    citusVersion: side.citusVersion ?? null,
    window: window ? { ...window, since: window.since ?? null, seconds: window.seconds ?? null } : null,
    error: side.error ?? null,
  };
}
