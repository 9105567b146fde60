/** Read or write: by the grammar, the functions' volatility in the catalogs, and what the servers saw it write. */
import type { StatementClass } from '../shared/plan-diff';
import { volatileEffect } from '../sql/volatile-functions';
import type { TextAnalysis } from './analysis';
import { at, type Figures } from './figures';
import type { SideStatement } from './fold';
import type { SideNames } from './names';

export interface JudgedClass {
  class: StatementClass;
  /** In plain words, most decisive first. */
  reasons: string[];
}

/** A statement as one side knows it. */
export interface KnownStatement {
  statement: SideStatement;
  names: SideNames;
  /** Its work may be done by workers that tell nothing of it here. */
  isBlind: boolean;
  /** What it does lies in a routine, whose statements count their JIT for themselves. */
  isRoutine: boolean;
}

export function judgeClass(analysis: TextAnalysis | undefined, known: readonly KnownStatement[]): JudgedClass {
  if (!analysis) return { class: 'unknown', reasons: ['The text was not looked at.'] };
  const reasons = [...analysis.reasons];
  const evidence = writingSeen(known);
  const routine = routineThatMayWrite(analysis, known);
  if (routine === undefined) {
    if (analysis.class === 'read' && evidence.seen)
      reasons.push(
        `${evidence.words}, as a read does that sets hint bits or prunes pages, or a function behind an operator or a trigger`,
      );
    if (analysis.class === 'unknown' && evidence.seen) return { class: 'write', reasons: [evidence.words, ...reasons] };
    return { class: analysis.class, reasons };
  }
  reasons.unshift(routine);
  if (evidence.seen) return { class: 'write', reasons: [evidence.words, ...reasons] };
  if (evidence.complete)
    return { class: 'read', reasons: ['It wrote no WAL and dirtied no page in all its calls', ...reasons] };
  return { class: 'write', reasons: [...reasons, 'Whether it writes was not counted where it runs'] };
}

/** What makes a statement that looks like a read, or a CALL, one that may do anything. */
function routineThatMayWrite(
  { class: kind, command, functions }: TextAnalysis,
  known: readonly KnownStatement[],
): string | undefined {
  if (command === 'CALL' || command === 'DO') return `${command} runs what its body says`;
  if (kind !== 'read') return undefined;
  for (const written of functions) {
    const name = base(written);
    if (known.some(({ names }) => names.volatileFunctions.has(name))) return `It calls ${written}, which is volatile`;
    const effect = volatileEffect('pg_catalog', name);
    if (typeof effect === 'object') return `${written} ${effect.effect}`;
  }
  return undefined;
}

function writingSeen(known: readonly KnownStatement[]): { seen: boolean; complete: boolean; words: string } {
  let wal = 0;
  let dirtied = 0;
  let complete = known.length > 0;
  for (const { statement, isBlind } of known) {
    const all = [statement.figures, ...(statement.tasks ? [statement.tasks] : [])];
    for (const figures of all) {
      const records = figures[at.walRecords]!;
      if (Number.isNaN(records)) complete = false;
      else wal += records;
      dirtied += pagesDirtied(figures);
    }
    if (isBlind) complete = false;
  }
  const what = [wal > 0 && `${wal} WAL records`, dirtied > 0 && `${dirtied} dirtied pages`]
    .filter(Boolean)
    .join(' and ');
  return { seen: wal > 0 || dirtied > 0, complete, words: `It left ${what}` };
}

function pagesDirtied(figures: Figures): number {
  return figures[at.sharedDirtied]! || 0;
}

const routineCommands: ReadonlySet<string> = new Set(['CALL', 'DO']);

/** CALL, DO, and whatever calls a function that may do anything. */
export function isRoutine(analysis: TextAnalysis | undefined, names: SideNames): boolean {
  if (!analysis) return false;
  return (
    routineCommands.has(analysis.command) || analysis.functions.some(name => names.volatileFunctions.has(base(name)))
  );
}

function base(written: string): string {
  return written.slice(written.lastIndexOf('.') + 1);
}

/** Whether workers do the work of a statement of the coordinator, and nothing of what they counted could be told to be its. */
export function isBlindOnCoordinator(
  statement: SideStatement,
  analysis: TextAnalysis | undefined,
  names: SideNames,
): boolean {
  if (names.distributed.size === 0 || statement.tasks || statement.scope === 'tasks' || !analysis) return false;
  return isRoutine(analysis, names) || analysis.relations.some(name => names.distributed.has(base(name)));
}
