/** What was counted between two readings of the same node. Never a negative number: what cannot be told is said. */
import type { StatementsNote } from '../shared/statements';
import { figureOf, figuresBetween } from './figures';
import { type NodeHeader, type NodeReading, readHeader } from './reading';
import { readRows, type StatementRecord } from './rows';

type Note = Pick<StatementsNote, 'tone' | 'text'>;

export interface NodeDelta {
  rows: StatementRecord[];
  notes: Note[];
  /** Counting began anew in between: when, ISO. */
  resetAt: string | undefined;
}

export function rowsBetween(earlier: NodeReading | undefined, later: NodeReading): NodeDelta {
  const notes: Note[] = [];
  const warn = (text: string) => notes.push({ tone: 'warning', text });
  const rows = recordsOf(later);
  if (!earlier?.answer) {
    warn('The earlier reading has nothing of this node, so that its figures count from their last reset.');
    return { rows, notes, resetAt: undefined };
  }
  const before = readHeader(earlier.answer).header;
  const after = readHeader(later.answer!).header;
  const resetAt = resetBetween(before, after);
  if (resetAt !== undefined) warn(`The statistics were reset at ${resetAt}: what was counted before that is lost.`);
  else if (before.startedAt !== after.startedAt) {
    const kept = after.settings['pg_stat_statements.save'] !== 'off';
    warn(
      `The server was restarted at ${after.startedAt}${kept ? '; its statistics were kept, unless it crashed' : ' and does not keep its statistics (pg_stat_statements.save = off)'}.`,
    );
  }
  if (earlier.extension !== later.extension)
    warn(
      `The extension was ${earlier.extension} and is ${later.extension}: figures that one of them does not keep are absent.`,
    );
  const evicted = (after.dealloc ?? 0) - (before.dealloc ?? 0);
  if (evicted > 0 && resetAt === undefined)
    warn(
      `Entries were evicted ${evicted} times in between (pg_stat_statements.max = ${after.settings['pg_stat_statements.max']}): rarely run statements may be missing or counted too low.`,
    );
  const former = new Map(recordsOf(earlier).map(row => [rowKey(row), row]));
  const { between, regrown, gone } = subtract(former, rows, resetAt !== undefined);
  if (regrown > 0)
    warn(`${regrown} statements were reset or evicted in between and counted anew: their figures count from then on.`);
  if (gone > 0 && resetAt === undefined)
    warn(`${gone} statements of the earlier reading are gone: what they did in between is not known.`);
  return { rows: between, notes, resetAt };
}

/** All rows of a node; none when it gave no answer. */
export function recordsOf({ answer, extension }: NodeReading): StatementRecord[] {
  if (answer === undefined || extension === undefined) return [];
  return [...readRows(answer, readHeader(answer).rowsFrom, extension)];
}

function resetBetween(before: NodeHeader, after: NodeHeader): string | undefined {
  return after.resetAt !== null && before.resetAt !== after.resetAt ? after.resetAt : undefined;
}

function rowKey({ user, database, toplevel, queryId }: StatementRecord): string {
  return `${database}\0${user}\0${toplevel}\0${queryId}`;
}

function subtract(former: ReadonlyMap<string, StatementRecord>, rows: readonly StatementRecord[], wasReset: boolean) {
  const between: StatementRecord[] = [];
  const seen = new Set<string>();
  let regrown = 0;
  for (const row of rows) {
    const key = rowKey(row);
    const earlier = former.get(key);
    if (!earlier) {
      between.push(row);
      continue;
    }
    seen.add(key);
    const renewed = wasReset || earlier.since !== row.since;
    const figures = renewed ? undefined : figuresBetween(earlier.figures, row.figures);
    if (!figures) {
      if (!wasReset) regrown++;
      between.push(row);
    } else if ((figureOf(figures, 'calls') ?? 0) > 0) between.push({ ...row, figures });
  }
  return { between, regrown, gone: former.size - seen.size };
}
