/** What the view Comparison lists, and how it looks. Imported when the view is first looked at. */
import * as vscode from 'vscode';
import { worstFirst } from '../../comparison/order';
import { comparisonReport } from '../../comparison/report';
import { comparisonSentence, groupTitle, severityWords } from '../../comparison/sentence';
import { visibleLine, visibleText } from '../../playbook/visible';
import type { ComparedCheck } from '../../shared/comparison';
import type { ComparisonState, ShownComparison } from '../../shared/comparison-panel';
import { type Side, sides } from '../../shared/side';
import { type CheckState, severityIcons, stateOf } from './words';

export type ComparisonItem =
  | { kind: 'group'; group: string; checks: readonly ComparedCheck[] }
  | { kind: 'check'; check: ComparedCheck; state: CheckState; reason?: string }
  | { kind: 'error'; side: Side | undefined; text: string; next: string };

/** `showsAll`: what passed, is unknown or ignored, too. */
export function topItems(state: ComparisonState, showsAll: boolean): ComparisonItem[] {
  if (state.status === 'failed')
    return [{ kind: 'error', side: undefined, text: state.error.message, next: state.error.next ?? '' }];
  if (state.status !== 'shown') return [];
  const { comparison, ignored } = state;
  const shown = comparison.checks.filter(check => showsAll || stateOf(check, ignored) === 'finding');
  const groups = [...new Set(comparison.checks.map(({ group }) => group))].flatMap((group): ComparisonItem[] => {
    const checks = worstFirst(shown.filter(check => check.group === group));
    return checks.length > 0 ? [{ kind: 'group', group, checks }] : [];
  });
  return [...errorsOf(state), ...groups];
}

export function itemsOf(item: ComparisonItem, state: ComparisonState): ComparisonItem[] {
  if (item.kind !== 'group' || state.status !== 'shown') return [];
  const { ignored } = state;
  return item.checks.map(check => {
    const kept = stateOf(check, ignored);
    const reason = ignored.find(({ id }) => id === check.id)?.reason;
    return { kind: 'check', check, state: kept, ...(kept === 'ignored' && reason !== undefined ? { reason } : {}) };
  });
}

export function treeItem(item: ComparisonItem): vscode.TreeItem {
  if (item.kind === 'group') return groupItem(item);
  return item.kind === 'check' ? checkItem(item) : errorItem(item);
}

export function messageOf(state: ComparisonState): string | undefined {
  if (state.status !== 'shown') return undefined;
  const { comparison, running, ignored } = state;
  if (running) return `Asking both sides: ${running.done} of ${running.total} checks …`;
  const report = comparisonReport(comparison, { ignore: ignored });
  const apart = report.ignored.length > 0 ? `; ${report.ignored.length} ignored` : '';
  return `${comparisonSentence(report)}${apart}`;
}

export function descriptionOf(state: ComparisonState): string {
  if (state.status !== 'shown') return '';
  if (state.running) return 'comparing …';
  return new Date(state.comparison.at).toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'short' });
}

function errorsOf(state: ShownComparison): ComparisonItem[] {
  return sides.flatMap((side): ComparisonItem[] => {
    const { error } = state[side];
    const text = `${state.comparison[side].label}: ${error?.message}`;
    return error ? [{ kind: 'error', side, text, next: error.next ?? '' }] : [];
  });
}

function groupItem({ group, checks }: Extract<ComparisonItem, { kind: 'group' }>): vscode.TreeItem {
  const findings = checks.filter(({ verdict }) => verdict === 'fail');
  const { Expanded, Collapsed } = vscode.TreeItemCollapsibleState;
  const item = new vscode.TreeItem(groupTitle(group), findings.length > 0 ? Expanded : Collapsed);
  item.id = `group/${group}`;
  item.description = severityWords(findings) || `${checks.length}`;
  item.contextValue = 'comparison.group';
  return item;
}

function checkItem({ check, state, reason }: Extract<ComparisonItem, { kind: 'check' }>): vscode.TreeItem {
  const item = new vscode.TreeItem(check.title, vscode.TreeItemCollapsibleState.None);
  item.id = `check/${check.id}`;
  const said = state === 'ignored' ? `ignored: ${reason}` : check.summary;
  item.description = visibleLine(said);
  item.tooltip = visibleText([check.id, `${check.severity} · ${said}`, '', check.why].join('\n'));
  item.iconPath = iconOf(check, state);
  item.contextValue = `comparison.${state}${check.remedies.length > 0 && state !== 'passed' ? '.fix' : ''}`;
  item.command = { command: 'cutover.showComparison', title: 'Show Evidence', arguments: [{ check }] };
  const words = state === 'finding' ? `${check.severity} severity` : state;
  item.accessibilityInformation = { label: `${check.title}, ${words}, ${visibleLine(said)}` };
  return item;
}

function iconOf({ severity }: ComparedCheck, state: CheckState): vscode.ThemeIcon {
  if (state === 'passed') return new vscode.ThemeIcon('pass', new vscode.ThemeColor('testing.iconPassed'));
  if (state === 'unknown') return new vscode.ThemeIcon('question');
  if (state === 'ignored') return new vscode.ThemeIcon('eye-closed');
  const [icon, color] = severityIcons[severity];
  return new vscode.ThemeIcon(icon, new vscode.ThemeColor(color));
}

function errorItem({ text, next, side }: Extract<ComparisonItem, { kind: 'error' }>): vscode.TreeItem {
  const item = new vscode.TreeItem(visibleLine(text));
  item.iconPath = new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground'));
  item.tooltip = visibleText([text, next].filter(Boolean).join('\n\n'));
  item.contextValue = side === undefined ? 'comparison.error' : `comparison.error.${side}`;
  return item;
}
