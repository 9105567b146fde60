/** The view Playbook: phases and steps with their state and people, open findings, and what nobody looked at. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { LintContext } from '../../playbook/lint/lint';
import type { Diagnostic } from '../../playbook/lint/rules';
import type { Phase, Playbook, PlaybookCheck, PlaybookFinding, Step } from '../../playbook/playbook';
import type { HeavyStatements } from '../heavy-statements';
import type { PlaybookFiles } from './files';

interface At {
  uri: vscode.Uri;
  playbook: Playbook;
}

type Item = At &
  (
    | { kind: 'playbook' }
    | { kind: 'phase'; phase: Phase }
    | { kind: 'step'; step: Step }
    | { kind: 'findings' }
    | { kind: 'finding'; finding: PlaybookFinding }
    | { kind: 'warning'; warning: Diagnostic }
  );

const severityOrder = ['high', 'medium', 'low', 'info'];

export class PlaybookView implements vscode.TreeDataProvider<Item>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #view: vscode.TreeView<Item>;
  readonly #subscriptions: vscode.Disposable[];

  constructor(
    private readonly files: PlaybookFiles,
    private readonly heavy: HeavyStatements,
  ) {
    this.#view = vscode.window.createTreeView('cutover.playbook', { treeDataProvider: this, showCollapseAll: true });
    this.#subscriptions = [this.#view, files.onDidChange(() => this.refresh())];
  }

  refresh(): void {
    this.#changed.fire(undefined);
  }

  async getChildren(item?: Item): Promise<Item[]> {
    if (!item) {
      const found = await this.files.all();
      const parts = found.length === 1 ? await this.#partsOf(found[0]!) : [];
      if (parts.length > 0) return parts;
      return found.map(at => ({ ...at, kind: 'playbook' }));
    }
    const { uri, playbook } = item;
    if (item.kind === 'playbook') return this.#partsOf(item);
    if (item.kind === 'phase') return item.phase.steps.map(step => ({ uri, playbook, kind: 'step', step }));
    if (item.kind !== 'findings') return [];
    return [...playbook.findings]
      .sort((a, b) => severityOrder.indexOf(a.severity) - severityOrder.indexOf(b.severity))
      .map(finding => ({ uri, playbook, kind: 'finding', finding }));
  }

  async getTreeItem(item: Item): Promise<vscode.TreeItem> {
    const [{ isOpen }, { timingWords, phaseTiming }, { staleness }] = await Promise.all([
      import('../../playbook/lint/regions'),
      import('../../playbook/timing'),
      import('../../playbook/lint/checks'),
    ]);
    const now = Date.now();
    switch (item.kind) {
      case 'playbook': {
        const tree = new vscode.TreeItem(item.playbook.title?.value || basename(item.uri.path), expanded);
        tree.description = basename(item.uri.path);
        tree.iconPath = new vscode.ThemeIcon('book');
        return at(tree, item.uri, 1, 'playbook');
      }
      case 'phase': {
        const { title, steps, line } = item.phase;
        const done = steps.filter(step => step.done?.value).length;
        const tree = new vscode.TreeItem(title.value, steps.length > 0 ? collapsed : none);
        const timing = phaseTiming(item.phase, now);
        tree.description = [steps.length > 0 ? `${done} of ${steps.length}` : '', timing].filter(Boolean).join(' · ');
        tree.iconPath = new vscode.ThemeIcon(
          steps.length > 0 && done === steps.length ? 'pass-filled' : 'circle-large-outline',
        );
        return at(tree, item.uri, line, 'phase');
      }
      case 'step':
        return stepItem(item.uri, item.step, timingWords(item.step, now), check => staleness(check, now) !== undefined);
      case 'findings': {
        const open = item.playbook.findings.filter(isOpen).length;
        const tree = new vscode.TreeItem('Findings', expanded);
        tree.description = `${open} open`;
        tree.iconPath = new vscode.ThemeIcon('search');
        tree.contextValue = 'findings';
        return tree;
      }
      case 'finding':
        return findingItem(item.uri, item.finding, isOpen(item.finding));
      case 'warning': {
        const tree = new vscode.TreeItem(item.warning.message);
        tree.tooltip = item.warning.message;
        tree.iconPath = new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground'));
        return at(tree, item.uri, lineOf(item.playbook.text, item.warning.start), 'warning');
      }
    }
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }

  async #partsOf({ uri, playbook }: At): Promise<Item[]> {
    const warnings = await this.#warnings(playbook);
    return [
      ...warnings.map((warning): Item => ({ uri, playbook, kind: 'warning', warning })),
      ...playbook.phases.map((phase): Item => ({ uri, playbook, kind: 'phase', phase })),
      ...(playbook.findings.length > 0 ? [{ uri, playbook, kind: 'findings' } as const] : []),
    ];
  }

  /** What nobody looked at, and what stands against going live. */
  async #warnings(playbook: Playbook): Promise<Diagnostic[]> {
    const [{ lintBias }, { lintGoLive, lintRehearsal }, { loadSqlParser }, { classify }] = await Promise.all([
      import('../../playbook/lint/bias'),
      import('../../playbook/lint/regions'),
      import('../../sql/parser'),
      import('../../sql/classify'),
    ]);
    const parser = await loadSqlParser();
    const context: LintContext = {
      now: Date.now(),
      catalogue: { has: () => true, nearest: () => undefined },
      classOf: sql => classify(parser, sql).class,
      heavy: this.heavy.all[playbook.frontMatter?.migration ?? ''],
    };
    return [...lintBias(playbook, context), ...lintRehearsal(playbook), ...lintGoLive(playbook)];
  }
}

const { Collapsed: collapsed, Expanded: expanded, None: none } = vscode.TreeItemCollapsibleState;

function stepItem(
  uri: vscode.Uri,
  step: Step,
  timing: string | undefined,
  isStale: (check: PlaybookCheck) => boolean,
): vscode.TreeItem {
  const tree = new vscode.TreeItem(step.title.value);
  const named = ['owner', 'reviewer'].map(key => step.facts.get(key)?.value.value || '–');
  tree.description = [named.join(' → '), timing].filter(Boolean).join(' · ');
  const failing = step.checks.filter(check => check.result && check.result.verdict !== 'pass');
  const stale = step.checks.some(isStale);
  tree.tooltip = [
    step.title.value,
    `owner ${named[0]}, reviewer ${named[1]}`,
    ...failing.map(({ id }) => `${id?.value} does not pass`),
  ].join('\n');
  if (failing.length > 0) tree.iconPath = new vscode.ThemeIcon('error', new vscode.ThemeColor('testing.iconFailed'));
  else if (step.done?.value) tree.iconPath = new vscode.ThemeIcon('pass', new vscode.ThemeColor('testing.iconPassed'));
  else if (timing?.startsWith('running')) tree.iconPath = new vscode.ThemeIcon('play-circle');
  else tree.iconPath = new vscode.ThemeIcon(stale ? 'history' : 'circle-outline');
  return at(tree, uri, step.line, 'step');
}

const findingIcons: Record<string, vscode.ThemeIcon> = {
  high: new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground')),
  medium: new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground')),
};

function findingItem(
  uri: vscode.Uri,
  { heading, id, severity, status, region }: PlaybookFinding,
  open: boolean,
): vscode.TreeItem {
  const tree = new vscode.TreeItem(heading?.value ?? id);
  tree.description = status ?? severity;
  tree.iconPath = open ? (findingIcons[severity] ?? new vscode.ThemeIcon('info')) : new vscode.ThemeIcon('pass');
  tree.tooltip = `${id}\n${severity}${status ? `, ${status}` : ''}`;
  return at(tree, uri, region.line, 'finding');
}

/** A click goes to the line. */
function at(tree: vscode.TreeItem, uri: vscode.Uri, line: number, contextValue: string): vscode.TreeItem {
  const selection = new vscode.Range(line - 1, 0, line - 1, 0);
  tree.command = { command: 'vscode.open', title: 'Open', arguments: [uri, { selection, preview: false }] };
  tree.contextValue = contextValue;
  return tree;
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split(/\r\n|\n|\r/).length;
}
