/** What is done with a comparison and its findings. */
import * as vscode from 'vscode';
import { fixScript } from '../../comparison/fix-script';
import { worstFirst } from '../../comparison/order';
import { groupTitle } from '../../comparison/sentence';
import { visibleLine } from '../../playbook/visible';
import type { ComparedCheck, Comparison } from '../../shared/comparison';
import type { Migration } from '../../shared/migration';
import { CommandError, Dismissed } from '../messages';
import { askChoice, askText, back } from '../quick-steps';
import { recordInPlaybook } from '../record-command';
import type { Workbench } from '../workbench';
import type { CompareOptions, ComparisonModel } from './model';
import { stateOf } from './words';

/** With progress and a way to stop. @throws Dismissed when the user declines what would load the nodes. */
export async function compareWithProgress(
  model: ComparisonModel,
  migration: Migration,
  options: CompareOptions = {},
): Promise<void> {
  const { agreeToProbe } = await import('./probe-consent');
  await agreeToProbe(migration, options);
  const what = options.again ? options.again.id : migration.name;
  const location = vscode.ProgressLocation.Notification;
  await vscode.window.withProgress({ location, title: `Comparing ${what}`, cancellable: true }, (progress, token) => {
    token.onCancellationRequested(() => model.cancel());
    const onProgress = (done: number, total: number) =>
      progress.report({ message: `${done} of ${total} checks`, increment: 100 / total });
    return model.compare(migration, { ...options, onProgress });
  });
}

/** @throws Dismissed when the user steps back. */
export async function askGroups(): Promise<string[]> {
  const { catalogue } = await import('../../checks/catalogue');
  const groups = [...new Set(catalogue.map(({ group }) => group))];
  const chosen = await vscode.window.showQuickPick(
    groups.map(group => {
      const checks = catalogue.filter(check => check.group === group);
      const onRequest = checks.some(check => check.onRequest)
        ? ', only when chosen: loads every node for a moment'
        : '';
      return {
        label: groupTitle(group),
        description: `${checks.length}${onRequest}`,
        detail: checks.map(check => check.title).join(', '),
        group,
      };
    }),
    {
      title: 'Compare Groups of Checks',
      placeHolder: 'What to ask both sides',
      canPickMany: true,
      ignoreFocusOut: true,
    },
  );
  if (!chosen || chosen.length === 0) throw new Dismissed();
  return chosen.map(({ group }) => group);
}

/** Undefined when nothing was compared, or all that a comparison asks unless told otherwise. */
export async function groupsShown({ comparison }: ComparisonModel): Promise<string[] | undefined> {
  const { checksToCompare } = await import('../../checks/catalogue');
  const shown = new Set(comparison?.checks.map(({ group }) => group));
  const all = new Set(checksToCompare().map(({ group }) => group));
  const isWhole = shown.size === all.size && [...all].every(group => shown.has(group));
  return shown.size === 0 || isWhole ? undefined : [...shown];
}

/** @throws CommandError when nothing was compared yet. */
export function requireComparison(model: ComparisonModel): Comparison {
  if (model.comparison) return model.comparison;
  throw new CommandError('Nothing was compared yet.', [{ title: 'Compare Clusters', command: 'cutover.compare' }]);
}

interface CheckQuestion {
  title: string;
  /** Which checks are offered. */
  fits(check: ComparedCheck): boolean;
  /** Offered first. */
  active?: ComparedCheck | undefined;
}

/**
 * The check that a menu, the page or the palette means. @throws CommandError when there is none of that kind, Dismissed when
 * the user steps back.
 */
export async function checkFor(
  model: ComparisonModel,
  given: unknown,
  { title, fits, active }: CheckQuestion = { title: 'Finding', fits: () => true },
): Promise<ComparedCheck> {
  await model.loaded;
  const { checks } = requireComparison(model);
  const named = idOf(given);
  if (named !== undefined) {
    const check = checks.find(({ id }) => id === named);
    if (check) return check;
    throw new CommandError(`${named} is not in this comparison any more.`);
  }
  const offered = worstFirst(checks.filter(fits));
  if (offered.length === 0) throw new CommandError(`${title}: there is no such finding in this comparison.`);
  const chosen = await askChoice<ComparedCheck>({
    title,
    placeholder: 'Which finding',
    choices: offered.map(check => ({
      label: check.title,
      description: check.verdict === 'fail' ? check.severity : check.verdict,
      detail: visibleLine(check.summary),
      value: check,
    })),
    ...(active && offered.includes(active) ? { active } : {}),
  });
  if (chosen === back) throw new Dismissed();
  return chosen;
}

/** An item of the view, or an id. */
function idOf(given: unknown): string | undefined {
  if (typeof given === 'string') return given;
  if (typeof given !== 'object' || given === null || !('check' in given)) return undefined;
  return (given.check as ComparedCheck).id;
}

/** What can be done with which check. */
export const kinds = (model: ComparisonModel) => {
  const is = (state: string) => (check: ComparedCheck) => stateOf(check, model.ignored) === state;
  return {
    finding: is('finding'),
    ignored: is('ignored'),
    fixable: (check: ComparedCheck) => check.remedies.length > 0 && check.verdict !== 'pass',
    any: () => true,
  };
};

function scriptOf(model: ComparisonModel, check: ComparedCheck): string {
  const script = fixScript(check, requireComparison(model));
  if (script !== undefined) return script;
  throw new CommandError(`There is no SQL that mends ${check.id}. What to do instead: ${check.why}`);
}

/** As an SQL document of the user's own, untitled and unsaved; nothing runs (safety.md §6). */
export async function openFix(
  model: ComparisonModel,
  check: ComparedCheck,
  panelColumn: vscode.ViewColumn | undefined,
): Promise<void> {
  const document = await vscode.workspace.openTextDocument({ language: 'sql', content: scriptOf(model, check) });
  const { One, Beside } = vscode.ViewColumn;
  await vscode.window.showTextDocument(document, { viewColumn: panelColumn === One ? Beside : One, preview: true });
}

export async function copyFix(model: ComparisonModel, check: ComparedCheck): Promise<void> {
  await copyText(scriptOf(model, check));
}

export async function copyText(text: string): Promise<void> {
  await vscode.env.clipboard.writeText(text);
  vscode.window.setStatusBarMessage('Cutover: copied', 2000);
}

/** Answers the playbook's file. */
export async function recordCheck(workbench: Workbench, model: ComparisonModel, check: ComparedCheck): Promise<string> {
  const { checkFinding } = await import('../../comparison/finding');
  const comparison = requireComparison(model);
  const { migration, source, target } = comparison;
  const about = { migration, sourceLabel: source.label, targetLabel: target.label };
  return recordInPlaybook(workbench, about, checkFinding(check, comparison));
}

export async function ignoreCheck(model: ComparisonModel, check: ComparedCheck): Promise<void> {
  const reason = await askText({
    title: `Ignore ${check.title}`,
    prompt: 'Why this difference is meant to be; it is shown with the finding from now on',
    validate: text => (text.trim() === '' ? 'Say why, for whoever reads the report.' : undefined),
  });
  if (reason === back) throw new Dismissed();
  await model.ignore(check.id, reason.trim());
}

/** Asks which stored comparison to hold the shown one against. */
export async function compareWithEarlier(model: ComparisonModel, migration: Migration): Promise<void> {
  await model.loaded;
  const shown = requireComparison(model);
  const earlier = (await model.store.list(migration.name)).filter(({ id, at }) => id !== shown.id && at <= shown.at);
  if (earlier.length === 0)
    throw new CommandError('There is no earlier comparison of this migration. Compare again later: each one is kept.', [
      { title: 'Compare Clusters', command: 'cutover.compare' },
    ]);
  const chosen = await askChoice({
    title: 'Compare with an Earlier Comparison',
    placeholder: 'What changed since',
    choices: earlier.map(info => ({
      label: new Date(info.at).toLocaleString(),
      description: `${info.checks} checks, ${info.failed} with differences`,
      value: info,
    })),
  });
  if (chosen === back) throw new Dismissed();
  model.before = await model.store.read(chosen);
}

type Format = 'markdown' | 'json';
const extensions: Record<Format, string> = { markdown: 'md', json: 'json' };

/** What is ignored is left out, with its reason; what changed is in it when the report shows it. */
export async function exportComparison(model: ComparisonModel): Promise<void> {
  await model.loaded;
  const comparison = requireComparison(model);
  const format = await askChoice<Format>({
    title: 'Export Comparison',
    placeholder: 'As what',
    choices: [
      { label: 'Markdown', description: 'to read, to print, for an issue', value: 'markdown' },
      { label: 'JSON', description: 'as cutover compare --format json prints it', value: 'json' },
    ],
  });
  if (format === back) throw new Dismissed();
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const uri = await vscode.window.showSaveDialog({
    title: 'Export Comparison',
    filters: { [format]: [extensions[format]] },
    ...(folder ? { defaultUri: vscode.Uri.joinPath(folder, `comparison.${extensions[format]}`) } : {}),
  });
  if (!uri) throw new Dismissed();
  const [{ comparisonReport }, { comparisonMarkdown }] = await Promise.all([
    import('../../comparison/report'),
    import('../../comparison/markdown'),
  ]);
  const report = comparisonReport(comparison, { ignore: model.ignored, since: model.before });
  const text = format === 'json' ? `${JSON.stringify(report, undefined, 2)}\n` : comparisonMarkdown(report);
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
  vscode.window.setStatusBarMessage(`Cutover: exported ${comparison.checks.length} checks`, 3000);
}
