/** Steps of the walkthrough tick themselves off by context keys, named in the manifest. */
import * as vscode from 'vscode';

type WalkthroughStep = 'sourceConnected' | 'targetConnected' | 'explained' | 'recorded';

const done = new Set<WalkthroughStep>();

export function stepDone(step: WalkthroughStep): void {
  done.add(step);
  void setKey(step, true);
}

/**
 * A key that is true before VS Code gets to know the walkthrough, which is when it is first opened, never completes its
 * step (VS Code 1.139): what was done already is told afterwards.
 */
export async function openWalkthrough(extensionId: string): Promise<void> {
  await Promise.all([...done].map(step => setKey(step, false)));
  await vscode.commands.executeCommand('workbench.action.openWalkthrough', `${extensionId}#start`, false);
  await Promise.all([...done].map(step => setKey(step, true)));
}

function setKey(step: WalkthroughStep, value: boolean): Thenable<unknown> {
  return vscode.commands.executeCommand('setContext', `cutover.${step}`, value);
}
