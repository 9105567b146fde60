/** Add, edit, remove and select migrations. */
import * as vscode from 'vscode';
import { isProtected, type Migration } from '../shared/migration';
import { type BySide, type Side, sides } from '../shared/side';
import { testConnections } from './connection-commands';
import { askColor, connectionStep, labelStep, type SideAnswers, type SideLens } from './connection-steps';
import { CommandError, Dismissed } from './messages';
import type { ConfiguredMigration, SettingScope } from './migration-list';
import { askChoice, askText, back, type Choice, runSteps, type Step } from './quick-steps';
import { deleteMigration, openSettingsFile, saveMigration } from './settings';
import { sideColor, sideLabel, sideNamed } from './side-names';
import { requireMigration, requireTrust, type Workbench } from './workbench';

interface MigrationAnswers {
  name: string;
  sides: BySide<SideAnswers>;
  scope: SettingScope;
}

function lensOf(side: Side): SideLens<MigrationAnswers> {
  return {
    get: answers => answers.sides[side],
    set: (answers, value) => ({ ...answers, sides: { ...answers.sides, [side]: value } }),
  };
}

export async function addMigration(workbench: Workbench): Promise<void> {
  requireTrust();
  const title = 'Add Migration';
  const scopeStep: Step<MigrationAnswers> = async (answers, canGoBack) => {
    if (!vscode.workspace.workspaceFolders) return { answers: { ...answers, scope: 'user' } };
    const scope = await askChoice<SettingScope>({
      title,
      canGoBack,
      placeholder: 'Where to write it (never a password)',
      choices: [
        {
          iconPath: new vscode.ThemeIcon('folder'),
          label: 'Workspace settings',
          description: 'shared with everybody who has this folder',
          value: 'workspace',
        },
        {
          iconPath: new vscode.ThemeIcon('account'),
          label: 'User settings',
          description: 'yours, in every workspace',
          value: 'user',
        },
      ],
      active: answers.scope,
    });
    return scope === back ? back : { answers: { ...answers, scope } };
  };
  const target = connectionStep(
    title,
    'target',
    lensOf('target'),
    labelStep(title, 'target', lensOf('target'), scopeStep),
  );
  const source = connectionStep(
    title,
    'source',
    lensOf('source'),
    labelStep(title, 'source', lensOf('source'), target),
  );
  const answers = await runSteps<MigrationAnswers>(
    { name: '', sides: { source: { settings: {} }, target: { settings: {} } }, scope: 'workspace' },
    nameStep(workbench, title, undefined, source),
  );
  await store(workbench, answers);
  await workbench.migrations.select(answers.name);
  await vscode.commands.executeCommand('cutover.clusters.focus');
  await testConnections(workbench);
}

export async function editMigration(workbench: Workbench): Promise<void> {
  requireTrust();
  const { migration, scope } = await pickMigration(workbench, 'Edit Migration');
  const title = `Edit ${migration.name}`;
  type Part = 'name' | 'settings' | `${Side}.${'connection' | 'label' | 'color' | 'protected'}`;
  const parts: Choice<Part>[] = [
    { iconPath: new vscode.ThemeIcon('tag'), label: 'Name', description: migration.name, value: 'name' },
    ...sides.flatMap((side): Choice<Part>[] => {
      const settings = migration[side];
      return [
        { label: side, kind: vscode.QuickPickItemKind.Separator, value: 'name' },
        {
          iconPath: new vscode.ThemeIcon('plug'),
          label: `Connection of the ${side}`,
          description: describe(settings),
          value: `${side}.connection`,
        },
        {
          iconPath: new vscode.ThemeIcon('tag'),
          label: `Label of the ${side}`,
          description: sideLabel(side, settings),
          value: `${side}.label`,
        },
        {
          iconPath: new vscode.ThemeIcon('symbol-color'),
          label: `Colour of the ${side}`,
          description: sideColor(side, settings),
          value: `${side}.color`,
        },
        {
          iconPath: new vscode.ThemeIcon('shield'),
          label: `${isProtected(side, settings) ? 'Unprotect' : 'Protect'} the ${side}`,
          description: isProtected(side, settings) ? 'protected: nothing that may write runs there' : 'not protected',
          value: `${side}.protected`,
        },
      ];
    }),
    { label: 'settings', kind: vscode.QuickPickItemKind.Separator, value: 'name' },
    { iconPath: new vscode.ThemeIcon('json'), label: 'Edit in settings.json', value: 'settings' },
  ];
  const part = await askChoice<Part>({ title, placeholder: 'What to change', choices: parts });
  if (part === back) throw new Dismissed();
  if (part === 'settings') {
    await openSettingsFile(scope);
    return;
  }
  const start: MigrationAnswers = {
    name: migration.name,
    sides: { source: { settings: migration.source }, target: { settings: migration.target } },
    scope,
  };
  if (part === 'name') {
    await store(workbench, await runSteps(start, nameStep(workbench, title, migration.name, undefined)), migration);
    return;
  }
  const [side, what] = part.split('.') as [Side, string];
  const lens = lensOf(side);
  if (what === 'connection') {
    await store(workbench, await runSteps(start, connectionStep(title, side, lens, undefined)), migration);
    await testConnections(workbench);
  } else if (what === 'label') {
    await store(workbench, await runSteps(start, labelStep(title, side, lens, undefined)), migration);
  } else if (what === 'color') {
    const color = await askColor(`${title}: ${side} · colour`, sideColor(side, migration[side]));
    if (color !== back) await store(workbench, lens.set(start, { settings: { ...migration[side], color } }), migration);
  } else {
    const settings = { ...migration[side], protected: !isProtected(side, migration[side]) };
    await store(workbench, lens.set(start, { settings }), migration);
  }
}

export async function removeMigration(workbench: Workbench): Promise<void> {
  requireTrust();
  const { migration, scope } = await pickMigration(workbench, 'Remove Migration');
  const remove = 'Remove';
  const chosen = await vscode.window.showWarningMessage(
    `Remove the migration ${migration.name}?`,
    {
      modal: true,
      detail: `It is taken out of the ${scope} settings, and the passwords kept for it are forgotten. Clusters and playbooks are not touched.`,
    },
    remove,
  );
  if (chosen !== remove) throw new Dismissed();
  await deleteMigration(migration.name, scope);
  workbench.migrations.reload();
  // By name, since the settings may still be read as they were.
  const others = connectionsOf(workbench.migrations.all.filter(entry => entry.migration.name !== migration.name));
  await workbench.passwords.forget([migration.source, migration.target], others);
}

export async function selectMigration(workbench: Workbench): Promise<void> {
  requireTrust();
  if (workbench.migrations.all.length === 0) requireMigration(workbench);
  const { migration } = await pickMigration(workbench, 'Select Migration');
  await workbench.migrations.select(migration.name);
}

async function pickMigration(workbench: Workbench, title: string): Promise<ConfiguredMigration> {
  const { all, active } = workbench.migrations;
  if (all.length === 0) {
    throw new CommandError('No migration is configured yet. Add the two clusters first.', [
      { title: 'Add Migration…', command: 'cutover.addMigration' },
    ]);
  }
  const activeEntry = all.find(entry => entry.migration === active);
  const chosen = await askChoice({
    title,
    placeholder: 'Which migration?',
    choices: all.map(entry => ({
      iconPath: new vscode.ThemeIcon(entry === activeEntry ? 'check' : 'database'),
      label: entry.migration.name,
      description: sides.map(side => sideNamed(side, entry.migration[side])).join(' → '),
      detail: `${entry.scope} settings`,
      value: entry,
    })),
    ...(activeEntry ? { active: activeEntry } : {}),
  });
  if (chosen === back) throw new Dismissed();
  return chosen;
}

function nameStep(
  workbench: Workbench,
  title: string,
  former: string | undefined,
  next: Step<MigrationAnswers> | undefined,
): Step<MigrationAnswers> {
  return async (answers, canGoBack) => {
    const name = await askText({
      title,
      canGoBack,
      prompt: 'Name of the migration: playbooks name it in their front matter.',
      placeholder: 'eu-analytics',
      value: answers.name,
      validate: value => {
        if (value.trim() === '') return 'Give it a name.';
        const taken = workbench.migrations.all.some(entry => entry.migration.name === value.trim());
        return taken && value.trim() !== former ? `There is a migration "${value.trim()}" already.` : undefined;
      },
    });
    return name === back ? back : { answers: { ...answers, name: name.trim() }, next };
  };
}

async function store(workbench: Workbench, answers: MigrationAnswers, former?: Migration): Promise<void> {
  const { source, target } = answers.sides;
  const migration: Migration = { name: answers.name, source: source.settings, target: target.settings };
  await saveMigration(migration, answers.scope, former?.name);
  workbench.migrations.reload();
  for (const { settings, password } of [source, target]) {
    if (password !== undefined) await workbench.passwords.keep(settings, password);
  }
  if (!former) return;
  // The selection goes by name.
  if (former.name !== migration.name) await workbench.migrations.select(migration.name);
  const others = workbench.migrations.all.filter(
    entry => ![former.name, migration.name].includes(entry.migration.name),
  );
  const kept = [...connectionsOf(others), migration.source, migration.target];
  await workbench.passwords.forget([former.source, former.target], kept);
}

function connectionsOf(entries: readonly ConfiguredMigration[]) {
  return entries.flatMap(({ migration }) => [migration.source, migration.target]);
}

function describe(settings: Migration['source']): string {
  if (settings.service) return `service ${settings.service}`;
  return `${settings.user ? `${settings.user}@` : ''}${settings.host ?? 'PGHOST'}:${settings.port ?? 5432}/${settings.database ?? ''}`;
}
