import * as vscode from 'vscode';
import { checksToCompare, findCheck } from '../../checks/catalogue';
import { probeLoad } from '../../checks/probe/figures';
import type { Migration } from '../../shared/migration';
import { Dismissed } from '../messages';
import { sideNamed } from '../side-names';
import type { CompareOptions } from './model';

/** Asks before anything that loads the nodes, each time. @throws Dismissed when the user declines. */
export async function agreeToProbe(
  { source, target }: Migration,
  { groups, again }: Pick<CompareOptions, 'groups' | 'again'>,
): Promise<void> {
  const asked = again ? [findCheck(again.id)] : checksToCompare(groups);
  const titles = asked.flatMap(check => (check?.onRequest ? check.title : []));
  if (titles.length === 0) return;
  const measure = 'Measure';
  const chosen = await vscode.window.showWarningMessage(
    `Measuring loads every node of the ${sideNamed('source', source)} and of the ${sideNamed('target', target)} for a moment.`,
    { modal: true, detail: `${titles.join(', ')}.\n\n${probeLoad}` },
    measure,
  );
  if (chosen !== measure) throw new Dismissed();
}
