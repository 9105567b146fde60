/** Prove the Cause: experiments on the slower side, each in a transaction that is rolled back, after one consent. */
import * as vscode from 'vscode';
import type { ExplainResult } from '../diagnosis/explain-job';
import { isProtected, type Migration } from '../shared/migration';
import type { Side } from '../shared/side';
import { agreeToProve } from './analyze-consent';
import { jobOf, type Wish } from './explain-job';
import { CommandError } from './messages';
import type { PlanPanel } from './plan-panel';
import { sideNamed } from './side-names';
import { requireTrust, type Workbench } from './workbench';

/** On what the current panel shows. @throws CommandError when there is nothing to prove. */
export async function proveCurrent(workbench: Workbench): Promise<void> {
  const { current } = await workbench.panels();
  if (!current?.result) {
    throw new CommandError('There is no result to prove yet. Explain a statement on both sides first.', [
      { title: 'Explain Analyze on Both Sides', command: 'cutover.explainAnalyze' },
    ]);
  }
  await proveInPanel(workbench, current);
}

/** @throws CommandError when it cannot be tried there, Dismissed when the user declines. */
export async function proveInPanel(workbench: Workbench, panel: PlanPanel): Promise<void> {
  requireTrust();
  const { result, request } = panel;
  if (!result || !request) throw new CommandError('These plans were pasted: there is no statement to run.');
  const migration = workbench.migrations.all.find(each => each.migration.name === request.migration)?.migration;
  // What experiments start from does not survive a reload, nor does a statement inside a call have it.
  if (!panel.live) {
    const { explainAgain } = await import('./explain-command');
    await explainAgain(workbench, panel, request, result.view.analyzed);
  }
  const { live } = panel;
  if (!live || 'call' in live || !migration) return;
  const { diagnosis, statement, analyzed } = live.view;
  const slower = diagnosis?.slower;
  if (!slower) throw new CommandError('Nothing differs beyond noise: there is nothing to prove.');
  if (isProtected(slower, migration[slower])) throw protectedSide(slower, migration);
  const compared = analyzed ? comparedSide(migration, slower, live) : undefined;
  if (analyzed)
    await agreeToProve(migration, statement.title, slower, compared, live.classification, workbench.analyzeAgreed);
  workbench.log.info(`${migration.name}: prove on the ${slower}`);
  const mode = analyzed ? 'analyze' : 'plain';
  const wish: Wish = { workbench, migration, request, again: true, title: statement.title, mode };
  const progress = { location: vscode.ProgressLocation.Window, title: `Cutover: experiments on the ${slower}` };
  await vscode.window.withProgress(progress, () =>
    panel.prove(experiment(wish, [slower, ...(compared ? [compared] : [])], live, analyzed)),
  );
}

/** The other side, where it was executed in the comparison and may be again: one run, perhaps a cold one, proves little. */
function comparedSide(migration: Migration, slower: Side, { view }: ExplainResult): Side | undefined {
  const other = slower === 'source' ? 'target' : 'source';
  const ran = view[other].executionMs !== undefined;
  return ran && !isProtected(other, migration[other]) ? other : undefined;
}

function experiment(wish: Wish, on: Side[], live: ExplainResult, timed: boolean): Parameters<PlanPanel['prove']>[0] {
  return async (signal, onProgress) => {
    const [{ prove }, job] = await Promise.all([import('../diagnosis/prove'), jobOf(wish, signal)]);
    const { parameters } = wish.request;
    const writes = timed && live.classification.class !== 'read' ? on : [];
    return prove({ ...job, parameters, analyzeWrites: writes }, live, { timed, onProgress, signal });
  };
}

function protectedSide(side: Side, migration: Migration): CommandError {
  return new CommandError(
    `The ${sideNamed(side, migration[side])} is protected: no experiments are made there. Unprotect it in the migration's settings to try.`,
    [{ title: 'Edit Migration…', command: 'cutover.editMigration' }],
  );
}
