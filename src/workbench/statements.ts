/** Slow statements: wires the model, the view, the table and their commands. */
import * as vscode from 'vscode';
import type { OutlineSort } from '../statements/outline';
import { CommandError, Dismissed } from './messages';
import { askChoice, askText, back } from './quick-steps';
import type { StatementsModel } from './statements-model';
import type { StatementsPanel } from './statements-panel';
import { StatementsView } from './statements-view';
import { requireMigration, requireTrust, type StatementActions, statementsViewType, type Workbench } from './workbench';

type Register = <A extends unknown[]>(name: string, run: (...given: A) => Promise<unknown>) => vscode.Disposable;

interface Parts {
  model: StatementsModel;
  panel: StatementsPanel;
  actions: StatementActions;
}

const sorts: Record<OutlineSort, string> = {
  impact: 'Impact: calls on the target × what each takes more',
  ratio: 'Ratio: target over source',
  targetTime: 'Time on the target, all calls',
  calls: 'Calls on the target',
};

export function startStatements(workbench: Workbench, register: Register): vscode.Disposable[] {
  let made: Promise<Parts> | undefined;
  const parts = () => {
    made ??= makeParts(workbench);
    return made;
  };
  const view = new StatementsView(workbench, async () => (await parts()).model);
  const withRow = (title: string, run: (actions: StatementActions, id: string) => Promise<unknown>) => {
    return async (given?: unknown) => {
      requireTrust();
      const [{ model, actions }, { statementOf }] = await Promise.all([parts(), import('./statement-commands')]);
      await run(actions, await statementOf(workbench, model, view, given, title));
    };
  };
  const withMigration = (
    run: (model: StatementsModel, migration: ReturnType<typeof requireMigration>) => Promise<unknown>,
  ) => {
    return async () => {
      const migration = requireMigration(workbench);
      await run((await parts()).model, migration);
    };
  };
  return [
    view,
    { dispose: () => void made?.then(({ model }) => model.dispose()) },
    vscode.window.registerWebviewPanelSerializer(statementsViewType, {
      deserializeWebviewPanel: async panel => (await parts()).panel.restore(panel),
    }),
    register('refreshStatements', async () => (await parts()).actions.refresh(true)),
    register('showStatements', async () => {
      requireMigration(workbench);
      (await parts()).panel.show();
    }),
    register(
      'showStatement',
      withRow('Show in Table', async (_actions, id) => (await parts()).panel.show(id)),
    ),
    register(
      'explainStatement',
      withRow('Explain on Both Sides', (actions, id) => actions.explain(id, 'plain')),
    ),
    register(
      'explainAnalyzeStatement',
      withRow('Explain Analyze on Both Sides', (actions, id) => actions.explain(id, 'analyze')),
    ),
    register(
      'proveStatement',
      withRow('Prove the Cause', (actions, id) => actions.prove(id)),
    ),
    register(
      'openStatement',
      withRow('Open Statement in Editor', (actions, id) => actions.open(id)),
    ),
    register(
      'copyStatement',
      withRow('Copy Statement', (actions, id) => actions.copy(id)),
    ),
    register(
      'recordStatement',
      withRow('Record in Playbook', (actions, id) => actions.record(id)),
    ),
    register('filterStatements', async () => {
      const text = await askText({
        title: 'Filter Statements',
        prompt: 'Words that the statement holds, in any case; nothing shows all',
        value: view.filter,
      });
      if (text === back) throw new Dismissed();
      view.filter = text.trim();
    }),
    register('clearStatementsFilter', async () => {
      view.filter = '';
    }),
    register('sortStatements', async () => {
      const chosen = await askChoice<OutlineSort>({
        title: 'Sort Statements',
        placeholder: 'By what to order the groups of the view',
        choices: (Object.keys(sorts) as OutlineSort[]).map(sort => ({ label: sorts[sort], value: sort })),
        active: view.sort,
      });
      if (chosen === back) throw new Dismissed();
      await view.sortBy(chosen);
    }),
    register('compareStatements', async () => (await parts()).actions.choose()),
    register('takeSnapshot', async () => (await parts()).actions.snapshot()),
    register(
      'exportSnapshot',
      withMigration(async (...given) => (await import('./snapshot-commands')).exportSnapshot(...given)),
    ),
    register(
      'importSnapshot',
      withMigration(async (...given) => (await import('./snapshot-commands')).importSnapshot(...given)),
    ),
    register(
      'deleteSnapshot',
      withMigration(async (...given) => (await import('./snapshot-commands')).deleteSnapshot(...given)),
    ),
    register(
      'takeValuesFromLog',
      withMigration(async (model, migration) =>
        (await import('./log-values')).takeValuesFromLog(workbench, model, migration),
      ),
    ),
    register(
      'resetStatistics',
      withMigration(async (model, migration) => {
        await (await import('./reset-command')).resetStatisticsOf(workbench, migration);
        await model.refresh(migration, false);
      }),
    ),
  ];
}

async function makeParts(workbench: Workbench): Promise<Parts> {
  const { context, log } = workbench;
  const [{ StatementsModel, storageFolder }, { StatementsThread }, { SnapshotStore }, { StatementsPanel }] =
    await Promise.all([
      import('./statements-model'),
      import('./statements-thread'),
      import('./snapshot-store'),
      import('./statements-panel'),
    ]);
  const thread = new StatementsThread(context.extensionUri.fsPath, log);
  const model = new StatementsModel(workbench, thread, new SnapshotStore(storageFolder(context, 'snapshots')));
  const actions = actionsOf(workbench, model);
  return { model, actions, panel: new StatementsPanel(context.extensionUri, model, log, actions) };
}

function actionsOf(workbench: Workbench, model: StatementsModel): StatementActions {
  const commands = () => import('./statement-commands');
  const migration = () => requireMigration(workbench);
  return {
    refresh: async mayAsk => {
      const { refreshWithProgress } = await import('./statements-state');
      await refreshWithProgress(model, migration(), mayAsk);
    },
    explain: async (id, mode) => (await commands()).explainStatementRow(workbench, model, id, mode),
    prove: async id => (await commands()).proveStatementRow(workbench, model, id),
    open: async id => (await commands()).openStatementRow(model, id),
    copy: async id => (await commands()).copyStatementRow(model, id),
    record: async id => (await commands()).recordStatementRow(workbench, model, id),
    pin: async (source, target) => (await commands()).pinStatements(model, migration(), source, target),
    confirm: async id => (await commands()).decidePair(model, migration(), id, 'pin'),
    split: async id => (await commands()).decidePair(model, migration(), id, 'split'),
    choose: async () => (await import('./snapshot-commands')).chooseReadings(model, migration()),
    snapshot: async () => (await import('./snapshot-commands')).takeSnapshot(model, migration()),
    export: async (format, ids) => exportRows(model, format, ids),
  };
}

const extensions = { csv: 'csv', json: 'json', markdown: 'md' } as const;

async function exportRows(model: StatementsModel, format: keyof typeof extensions, ids: string[]): Promise<void> {
  if (ids.length === 0) throw new CommandError('No row is shown: there is nothing to export. Clear the filter first.');
  const extension = extensions[format];
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const uri = await vscode.window.showSaveDialog({
    title: 'Export Statements',
    filters: { [format]: [extension] },
    ...(folder ? { defaultUri: vscode.Uri.joinPath(folder, `statements.${extension}`) } : {}),
  });
  if (!uri) throw new Dismissed();
  const text = await model.exportText(format, ids);
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
  vscode.window.setStatusBarMessage(`Cutover: exported ${ids.length} statements`, 3000);
}
