/** Compare Clusters: wires the model, the view, the report and their commands. */
import * as vscode from 'vscode';
import type { ComparedCheck } from '../../shared/comparison';
import { comparisonViewType, requireMigration, requireTrust, type Workbench } from '../workbench';
import type { kinds } from './commands';
import type { ComparisonModel } from './model';
import type { ComparisonActions, ComparisonPanel } from './panel';
import { ComparisonView } from './view';

type Register = <A extends unknown[]>(name: string, run: (...given: A) => Promise<unknown>) => vscode.Disposable;

interface Parts {
  model: ComparisonModel;
  panel: ComparisonPanel;
  actions: ComparisonActions;
}

export function startComparison(workbench: Workbench, register: Register): vscode.Disposable[] {
  let made: Promise<Parts> | undefined;
  const parts = () => {
    made ??= makeParts(workbench);
    return made;
  };
  const view = new ComparisonView(workbench, async () => (await parts()).model);
  const withCheck = (
    title: string,
    kind: keyof ReturnType<typeof kinds>,
    run: (actions: ComparisonActions, check: ComparedCheck) => Promise<unknown>,
  ) => {
    return async (given?: unknown) => {
      requireTrust();
      const [{ model, actions }, commands] = await Promise.all([parts(), import('./commands')]);
      const fits = commands.kinds(model)[kind];
      await run(actions, await commands.checkFor(model, given, { title, fits, active: view.selected }));
    };
  };
  return [
    view,
    { dispose: () => void made?.then(({ model }) => model.dispose()) },
    vscode.window.registerWebviewPanelSerializer(comparisonViewType, {
      deserializeWebviewPanel: async panel => (await parts()).panel.restore(panel),
    }),
    register('compare', async () => {
      requireMigration(workbench);
      const { panel, actions } = await parts();
      panel.show();
      await actions.compare();
    }),
    register('compareGroup', async () => {
      const migration = requireMigration(workbench);
      const [{ model, panel }, { askGroups, compareWithProgress }] = await Promise.all([parts(), import('./commands')]);
      const groups = await askGroups();
      panel.show();
      await compareWithProgress(model, migration, { groups });
    }),
    register('showComparison', async (given?: { check?: ComparedCheck }) => {
      requireTrust();
      (await parts()).panel.show(given?.check?.id);
    }),
    register('showAllChecks', () => view.showAll(true)),
    register('showDifferences', () => view.showAll(false)),
    register('exportComparison', async () => (await parts()).actions.export()),
    register('compareWithEarlier', async () => {
      const { actions, panel } = await parts();
      await actions.since();
      panel.show();
    }),
    register(
      'ignoreFinding',
      withCheck('Ignore Finding', 'finding', (actions, { id }) => actions.ignore(id)),
    ),
    register(
      'unignoreFinding',
      withCheck('Stop Ignoring Finding', 'ignored', (actions, { id }) => actions.unignore(id)),
    ),
    register(
      'openFix',
      withCheck('Open Fix in Editor', 'fixable', (actions, { id }) => actions.openFix(id)),
    ),
    register(
      'copyFix',
      withCheck('Copy Fix', 'fixable', (actions, { id }) => actions.copyFix(id)),
    ),
    register(
      'recordFinding',
      withCheck('Record Finding in Playbook', 'finding', (actions, { id }) => actions.record(id)),
    ),
    register(
      'runCheckAgain',
      withCheck('Run Check Again', 'any', (actions, { id }) => actions.again(id)),
    ),
  ];
}

async function makeParts(workbench: Workbench): Promise<Parts> {
  const { context, log } = workbench;
  const [{ ComparisonModel }, { ComparisonStore }, { ComparisonPanel }, { storageFolder }] = await Promise.all([
    import('./model'),
    import('./store'),
    import('./panel'),
    import('../statements-model'),
  ]);
  const model = new ComparisonModel(workbench, new ComparisonStore(storageFolder(context, 'comparisons')));
  const actions = actionsOf(workbench, model, () => panel.column);
  const panel = new ComparisonPanel(context.extensionUri, model, log, actions);
  return { model, actions, panel };
}

function actionsOf(
  workbench: Workbench,
  model: ComparisonModel,
  panelColumn: () => vscode.ViewColumn | undefined,
): ComparisonActions {
  const commands = () => import('./commands');
  const migration = () => requireMigration(workbench);
  const check = async (id: string) => (await commands()).checkFor(model, id);
  return {
    compare: async () => (await commands()).compareWithProgress(model, migration()),
    compareAgain: async () => {
      const { compareWithProgress, groupsShown } = await commands();
      await compareWithProgress(model, migration(), { groups: await groupsShown(model) });
    },
    again: async id => (await commands()).compareWithProgress(model, migration(), { again: await check(id) }),
    openFix: async id => (await commands()).openFix(model, await check(id), panelColumn()),
    copyFix: async id => (await commands()).copyFix(model, await check(id)),
    copy: async text => (await commands()).copyText(text),
    record: async id => (await commands()).recordCheck(workbench, model, await check(id)),
    ignore: async id => (await commands()).ignoreCheck(model, await check(id)),
    unignore: async id => model.unignore(id),
    since: async () => (await commands()).compareWithEarlier(model, migration()),
    export: async () => (await commands()).exportComparison(model),
  };
}
