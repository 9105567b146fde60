/** Reset Statistics: the one command here that changes something on a cluster, so the side is named and the SQL is seen. */
import * as vscode from 'vscode';
import { isProtected, type Migration } from '../shared/migration';
import { type Side, sides } from '../shared/side';
import { connectionOf } from './explain-job';
import { CommandError, Dismissed } from './messages';
import { askChoice, back } from './quick-steps';
import { sessionLimits } from './settings';
import { sideNamed } from './side-names';
import type { Workbench } from './workbench';

/** @throws CommandError when the side is protected or the role may not, Dismissed when the user steps back. */
export async function resetStatisticsOf(workbench: Workbench, migration: Migration): Promise<void> {
  const side = await askChoice<Side>({
    title: 'Reset Statistics',
    placeholder: 'On which side to forget what pg_stat_statements counted',
    choices: sides.map(each => ({ label: sideNamed(each, migration[each]), value: each })),
  });
  if (side === back) throw new Dismissed();
  const named = sideNamed(side, migration[side]);
  if (isProtected(side, migration[side])) {
    throw new CommandError(
      `The ${named} is protected: nothing is changed there. Take a snapshot instead: what was counted since can be compared without a reset.`,
      [{ title: 'Take a Snapshot…', command: 'cutover.takeSnapshot' }],
    );
  }
  const [{ connect }, { resetStatement, resetStatistics }] = await Promise.all([
    import('../cluster/connect'),
    import('../cluster/reset-statistics'),
  ]);
  const reset = `Reset on the ${side[0]!.toUpperCase()}${side.slice(1)}`;
  const chosen = await vscode.window.showWarningMessage(
    `Reset pg_stat_statements on the ${named}?`,
    {
      modal: true,
      detail: `${resetStatement('public').replace('"public".', '')};\n\nIt runs on the coordinator and on every worker, for all databases and roles, and cannot be undone: whoever else watches these figures loses them, too. A snapshot keeps them.`,
    },
    reset,
  );
  if (chosen !== reset) throw new Dismissed();
  const { settings, password } = await connectionOf(workbench, migration, side);
  const session = await connect(settings, { stored: password, limits: sessionLimits() });
  let failed: string[];
  try {
    failed = await resetStatistics(session);
  } finally {
    await session.close();
  }
  workbench.log.info(`${migration.name}: reset pg_stat_statements on the ${side}`);
  if (failed.length > 0) throw new CommandError(`Reset on the coordinator, but not on: ${failed.join('; ')}`);
  void vscode.window.showInformationMessage(`pg_stat_statements counts anew on the ${named}.`);
}
