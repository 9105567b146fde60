/** Compare Two Plans: EXPLAIN output one already has, from editors, the clipboard or files. Needs no connection. */
import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { Plan } from '../plan/model';
import type { SideInput } from '../plan/view';
import { defaultColors } from '../shared/migration';
import { type BySide, type Side, sides } from '../shared/side';
import { CommandError, Dismissed, errorText } from './messages';
import { askChoice, back, type Choice } from './quick-steps';
import type { Workbench } from './workbench';

interface PlanText {
  name: string;
  text: string;
}

type Origin =
  | { kind: 'editor'; document: vscode.TextDocument; selection?: string }
  | { kind: 'tab'; uri: vscode.Uri }
  | { kind: 'clipboard' }
  | { kind: 'file' };

export async function comparePlans(workbench: Workbench): Promise<void> {
  const chosen: Partial<BySide<PlanText>> = {};
  for (const side of sides) chosen[side] = await askPlan(side);
  const { readPlan } = await import('../plan/read');
  const { planDiffView } = await import('../plan/view');
  const problems: string[] = [];
  const inputs = sides.map(side => {
    const { name, text } = chosen[side]!;
    try {
      const read = readPlan(text);
      problems.push(...read.problems.map(problem => `${side} (${name}): ${problem}`));
      return { input: inputOf(side, name, read.plan), text };
    } catch (error) {
      throw new CommandError(
        `The plan of the ${side} (${name}) cannot be read: ${errorText(error)} Choose the whole output of EXPLAIN, as JSON or text.`,
        [{ title: 'Try Again', command: 'cutover.comparePlans' }],
      );
    }
  });
  const [source, target] = inputs as [(typeof inputs)[number], (typeof inputs)[number]];
  const title = `${source.input.label} ↔ ${target.input.label}`;
  const view = planDiffView({
    id: randomUUID(),
    at: new Date().toISOString(),
    migration: workbench.migrations.active?.name ?? 'plans',
    analyzed: [source, target].every(({ input }) => input.plan?.analyzed),
    statement: {
      sql: source.input.plan?.statements[0]?.properties.text('Query Text') ?? '',
      title,
      class: 'unknown',
      parameters: [],
    },
    source: source.input,
    target: target.input,
    notes: problems,
  });
  const panel = (await workbench.panels()).forRequest(undefined);
  await panel.finish(undefined, { version: 1, view, raw: { source: source.text, target: target.text } });
}

function inputOf(side: Side, name: string, plan: Plan): SideInput {
  return { side, label: name, color: defaultColors[side], sent: [], notices: [], plan };
}

async function askPlan(side: Side): Promise<PlanText> {
  const origin = await askChoice<Origin>({
    title: `Compare Two Plans: ${side} (${side === 'source' ? 'left, the baseline' : 'right'})`,
    placeholder: `Where is the plan of the ${side}? EXPLAIN output, JSON or text, as psql prints it or not`,
    choices: origins(),
  });
  if (origin === back) throw new Dismissed();
  switch (origin.kind) {
    case 'editor':
      return { name: basename(origin.document.fileName), text: origin.selection ?? origin.document.getText() };
    case 'tab':
      return { name: basename(origin.uri.path), text: (await vscode.workspace.openTextDocument(origin.uri)).getText() };
    case 'clipboard': {
      const text = await vscode.env.clipboard.readText();
      if (text.trim() === '')
        throw new CommandError('The clipboard is empty. Copy the output of EXPLAIN and try again.');
      return { name: `clipboard (${side})`, text };
    }
    case 'file': {
      const picked = await vscode.window.showOpenDialog({ title: `Plan of the ${side}`, openLabel: 'Choose' });
      if (!picked?.[0]) throw new Dismissed();
      const bytes = await vscode.workspace.fs.readFile(picked[0]);
      return { name: basename(picked[0].path), text: new TextDecoder().decode(bytes) };
    }
  }
}

function origins(): Choice<Origin>[] {
  const choices: Choice<Origin>[] = [];
  const editor = vscode.window.activeTextEditor;
  if (editor) {
    const { document, selection } = editor;
    const selected = selection.isEmpty ? {} : { selection: document.getText(selection) };
    choices.push({
      iconPath: new vscode.ThemeIcon('edit'),
      label: `${basename(document.fileName)}`,
      description: selection.isEmpty ? 'the active editor' : 'the selection of the active editor',
      value: { kind: 'editor', document, ...selected },
    });
  }
  choices.push({ iconPath: new vscode.ThemeIcon('clippy'), label: 'Clipboard', value: { kind: 'clipboard' } });
  choices.push({ iconPath: new vscode.ThemeIcon('folder-opened'), label: 'File…', value: { kind: 'file' } });
  const seen = new Set([editor?.document.uri.toString()]);
  for (const tab of vscode.window.tabGroups.all.flatMap(group => group.tabs)) {
    if (!(tab.input instanceof vscode.TabInputText) || seen.has(tab.input.uri.toString())) continue;
    seen.add(tab.input.uri.toString());
    const { uri } = tab.input;
    const description = `open · ${vscode.workspace.asRelativePath(uri)}`;
    choices.push({
      iconPath: new vscode.ThemeIcon('file'),
      label: `${tab.label}`,
      description,
      value: { kind: 'tab', uri },
    });
  }
  return choices;
}
