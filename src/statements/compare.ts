/** Both sides' statements, matched, judged and ranked. */

import { type Side, sides } from '../shared/side';
import type { ClassTotal, StatementRow, StatementsNote, StatementsSummary, StatementsView } from '../shared/statements';
import type { SqlParser } from '../sql/parser';
import type { Analyses } from './analysis';
import type { SideStatement } from './fold';
import { matchStatements, type UserMatches } from './match';
import { type Entry, rowOf } from './row';
import type { FoldedSide } from './side';
import { isBlindOnCoordinator, isRoutine, judgeClass, type KnownStatement } from './statement-class';
import type { TextMemory } from './text-memory';
import { summarySentence, totalsOf } from './totals';
import { compareFigures } from './verdict';

/** A side that was read, or why it was not. */
export interface ComparedSide {
  about: Pick<StatementsSummary['source'], 'label' | 'color'>;
  side?: FoldedSide;
  error?: StatementsSummary['source']['error'];
}

export interface Compared {
  view: StatementsView;
  /** By row id. */
  entries: ReadonlyMap<string, Entry>;
}

export function compareStatements(
  migration: string,
  compared: Record<Side, ComparedSide>,
  analyses: Analyses,
  parser: Pick<SqlParser, 'fingerprint'>,
  user: UserMatches,
  memory: TextMemory,
): Compared {
  const statements = {
    source: compared.source.side?.statements(analyses) ?? [],
    target: compared.target.side?.statements(analyses) ?? [],
  };
  const known = (side: Side, statement: SideStatement): KnownStatement => {
    const { names } = compared[side].side!;
    const analysis = analyses.get(statement.canonical);
    return {
      statement,
      names,
      isBlind: isBlindOnCoordinator(statement, analysis, names),
      isRoutine: isRoutine(analysis, names),
    };
  };
  const entries: Entry[] = [];
  const { pairs, onlySource, onlyTarget } = matchStatements(
    statements.source,
    statements.target,
    analyses,
    parser,
    user,
  );
  for (const { source, target, match } of pairs) {
    const both = [known('source', source), known('target', target)] as const;
    entries.push({
      id: target.id,
      source: both[0],
      target: both[1],
      match,
      judged: judgeClass(analyses.get(target.canonical), both),
      comparison: compareFigures(source.figures, target.figures, match),
    });
  }
  const alone = (side: Side, statement: SideStatement): Entry => {
    const one = known(side, statement);
    const judged = judgeClass(analyses.get(statement.canonical), [one]);
    const base = { id: `${side}.${statement.id}`, match: undefined, judged, comparison: undefined };
    return side === 'source'
      ? { ...base, source: one, target: undefined }
      : { ...base, source: undefined, target: one };
  };
  entries.push(...onlyTarget.map(each => alone('target', each)), ...onlySource.map(each => alone('source', each)));
  const seconds = {
    source: compared.source.side?.window.seconds,
    target: compared.target.side?.window.seconds,
  };
  const rows = entries.map(entry => rowOf(entry, seconds, memory)).sort(byRank);
  return {
    view: { summary: summaryOf(migration, compared, statements, rows), rows },
    entries: new Map(entries.map(entry => [entry.id, entry])),
  };
}

/** Pairs before what is alone; what clients wait for before worker time; then what would be gained most. */
function byRank(a: StatementRow, b: StatementRow): number {
  return (
    Number(b.match !== undefined) - Number(a.match !== undefined) ||
    verdictRank(a) - verdictRank(b) ||
    scopeRank(a) - scopeRank(b) ||
    (b.impactMs ?? 0) - (a.impactMs ?? 0) ||
    totalMs(b) - totalMs(a)
  );
}

function verdictRank({ verdict }: StatementRow): number {
  return verdict === 'regression' ? 0 : verdict === 'onlySource' ? 2 : 1;
}

function scopeRank({ scope }: StatementRow): number {
  return scope === 'client' ? 0 : 1;
}

function totalMs({ source, target }: StatementRow): number {
  return (target ?? source)!.totalMs;
}

function summaryOf(
  migration: string,
  compared: Record<Side, ComparedSide>,
  statements: Record<Side, readonly SideStatement[]>,
  rows: readonly StatementRow[],
): StatementsSummary {
  const side = (which: Side): StatementsSummary['source'] => {
    const { about, side: read, error } = compared[which];
    const summary: StatementsSummary['source'] = { ...about, statements: statements[which].length };
    if (error) summary.error = error;
    if (!read) return summary;
    const { address, postgresVersion, citusVersion } = read.reading;
    summary.address = address;
    summary.postgresVersion = postgresVersion;
    if (citusVersion !== undefined) summary.citusVersion = citusVersion;
    summary.window = read.window;
    return summary;
  };
  const [reads, writes]: [ClassTotal, ClassTotal] = [totalsOf(rows, 'read'), totalsOf(rows, 'write')];
  const summary: StatementsSummary = {
    migration,
    at: new Date().toISOString(),
    source: side('source'),
    target: side('target'),
    sentence: summarySentence(reads, writes, compared),
    reads,
    writes,
    notes: [...sharedNotes(compared), ...countingNotes(compared, rows)],
  };
  const seconds = summary.target.window?.seconds;
  if (seconds !== undefined && seconds > 0) summary.perHour = 3600 / seconds;
  return summary;
}

/** What both sides' readings say alike is said once. */
function sharedNotes(compared: Record<Side, ComparedSide>): StatementsNote[] {
  const notes: StatementsNote[] = [];
  for (const side of sides) {
    for (const note of compared[side].side?.notes ?? []) {
      const same = notes.find(({ text, remedy }) => text === note.text && remedy === note.remedy);
      if (!same) notes.push({ ...note, side });
      else {
        delete same.side;
        if (same.node !== undefined && note.node !== undefined) same.node += `, ${note.node}`;
      }
    }
  }
  return notes;
}

/** Windows that differ by less say the same. */
const sameWindow = 1.1;

/** What would make somebody misread the figures. */
function countingNotes(compared: Record<Side, ComparedSide>, rows: readonly StatementRow[]): StatementsNote[] {
  const notes: StatementsNote[] = [];
  const [source, target] = [compared.source.side?.window, compared.target.side?.window];
  const seconds = [source?.seconds ?? 0, target?.seconds ?? 0];
  if (source && target && Math.max(...seconds) > sameWindow * Math.min(...seconds)) {
    notes.push({
      tone: 'info',
      text: `The sides were observed for different times (source: ${source.words}; target: ${target.words}): compared are times per call, and impact is what the target's own calls cost.`,
    });
  }
  if (rows.some(({ scope }) => scope === 'tasks')) {
    notes.push({
      tone: 'info',
      text: 'Statements seen on workers only run inside others, many at a time: theirs is worker time, and no total counts it.',
    });
  }
  const proposed = rows.filter(({ verdict }) => verdict === 'unconfirmed').length;
  if (proposed > 0) {
    notes.push({
      tone: 'info',
      text: `${proposed === 1 ? 'One pair is' : `${proposed} pairs are`} proposed, not certain: confirm or split ${proposed === 1 ? 'it' : 'them'}.`,
    });
  }
  return notes;
}
