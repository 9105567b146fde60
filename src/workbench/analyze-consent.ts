/** What must be agreed before ANALYZE executes a statement (safety.md §4–5). The words are pure; the asking is not. */
import * as vscode from 'vscode';
import { isProtected, type Migration } from '../shared/migration';
import { type Side, sides } from '../shared/side';
import type { Classification } from '../sql/classify';
import { Dismissed } from './messages';
import { sideNamed } from './side-names';

/** The user would rather not execute it. */
export const plainInstead = Symbol('plain instead');

/**
 * Asks what has to be asked. Answers the sides on which a statement that may write is executed and rolled back (none for
 * a read), or {@link plainInstead}.
 * @throws Dismissed when the user declines.
 */
export async function agreeToAnalyze(
  migration: Migration,
  title: string,
  classification: Classification,
  agreed: Set<string>,
): Promise<Side[] | typeof plainInstead> {
  if (classification.class === 'read') {
    await agreeToRead(migration, title, agreed);
    return [];
  }
  return agreeToWrite(migration, title, classification);
}

/** Once per side and session. */
async function agreeToRead(migration: Migration, title: string, agreed: Set<string>): Promise<void> {
  const open = sides.filter(side => !agreed.has(`${migration.name}/${side}`));
  if (open.length === 0) return;
  const where = open.map(side => sideNamed(side, migration[side])).join(' and the ');
  const execute = 'Execute and Measure';
  const chosen = await vscode.window.showInformationMessage(
    `EXPLAIN ANALYZE executes the statement on the ${where}.`,
    {
      modal: true,
      detail: `${title}\n\nIt only reads, in a read-only transaction with a statement timeout, but it costs what it costs. You are asked once per side until this window closes.`,
    },
    execute,
  );
  if (chosen !== execute) throw new Dismissed();
  for (const side of open) agreed.add(`${migration.name}/${side}`);
}

/**
 * Experiments execute the statement many times on one side, and a few times on the other where `compared` names it. Asked once per side and session for a read, every time for
 * what may write. @throws Dismissed when the user declines.
 */
export async function agreeToProve(
  migration: Migration,
  title: string,
  side: Side,
  compared: Side | undefined,
  classification: Classification,
  agreed: Set<string>,
): Promise<void> {
  const reads = classification.class === 'read';
  const key = `${migration.name}/${side}/prove`;
  if (reads && agreed.has(key)) return;
  const where = sideNamed(side, migration[side]);
  const execute = reads ? 'Experiment' : 'Experiment, Roll Back Each Run';
  const how =
    'For each experiment the statement is executed about a dozen times, by turns unchanged and with one setting changed for that transaction only. No setting stays changed. You can cancel at any point.';
  const other = compared
    ? `, and some six times, unchanged, on the ${sideNamed(compared, migration[compared])} to compare with`
    : '';
  const chosen = await vscode.window.showWarningMessage(
    `Prove executes the statement repeatedly on the ${where}${other}.`,
    {
      modal: true,
      detail: reads
        ? `${title}\n\n${how} It only reads. You are asked once per side until this window closes.`
        : `${how}\n\n${writeDetail(title, writeReason(classification), undefined)}`,
    },
    execute,
  );
  if (chosen !== execute) throw new Dismissed();
  if (reads) agreed.add(key);
}

async function agreeToWrite(
  migration: Migration,
  title: string,
  classification: Classification,
): Promise<Side[] | typeof plainInstead> {
  const open = sides.filter(side => !isProtected(side, migration[side]));
  const guarded = sides.filter(side => isProtected(side, migration[side]));
  const why = writeReason(classification);
  if (open.length === 0) {
    const plain = 'Explain Without Executing';
    const chosen = await vscode.window.showWarningMessage(
      'EXPLAIN ANALYZE is refused: the statement may write, and both sides are protected.',
      {
        modal: true,
        detail: `${title}\n\n${why}\n\nTo measure it on one side, unprotect that side (Cutover: Edit Migration…).`,
      },
      plain,
    );
    if (chosen === plain) return plainInstead;
    throw new Dismissed();
  }
  const named = (list: Side[]) => list.map(side => sideNamed(side, migration[side])).join(' and the ');
  const choices = open.length === 2 ? [['target'] as Side[], open] : [open];
  const labels = choices.map(
    list => `Execute on the ${capitalized(list.length === 2 ? 'both sides' : list[0]!)}, Roll Back`,
  );
  if (open.length === 2) labels[1] = 'Execute on Both Sides, Roll Back';
  const plain = 'Explain Without Executing';
  const chosen = await vscode.window.showWarningMessage(
    `EXPLAIN ANALYZE would execute a statement that may write, on the ${named(open)}.`,
    { modal: true, detail: writeDetail(title, why, guarded.length > 0 ? named(guarded) : undefined) },
    ...labels,
    plain,
  );
  if (chosen === plain) return plainInstead;
  const index = labels.indexOf(chosen ?? '');
  if (index < 0) throw new Dismissed();
  return choices[index]!;
}

function writeDetail(title: string, why: string, guarded: string | undefined): string {
  return [
    title,
    why,
    'It runs in a transaction that is rolled back. A rollback does not undo: sequence values (nextval), remote calls (dblink, run_command_on_workers), programs and files, signals to other sessions, session-level advisory locks, and the dead rows it leaves to vacuum. Until it ends, its locks make others wait.',
    ...(guarded ? [`The ${guarded} is protected: it is explained without being executed.`] : []),
  ].join('\n\n');
}

function writeReason(classification: Classification): string {
  const reasons = classification.reasons.map(reason => reason.replace(/\.$/, '')).join('; ');
  return reasons ? `Why it may write: ${reasons}.` : `${classification.command} may write.`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
