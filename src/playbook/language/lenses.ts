/** What stands above lines: how far the playbook is, and how to run a check. */
import type { CodeLens, Command } from 'vscode-languageserver-types';
import { formatAge } from '../age';
import { staleness } from '../lint/checks';
import { isOpen } from '../lint/regions';
import type { PlaybookCheck, Step } from '../playbook';
import { phaseTiming, timingOf } from '../timing';
import type { PlaybookDocument } from './document';

/** Commands of the editor's side that lenses and quick fixes call, each with the document's URI first. */
export const commands = {
  runChecks: 'cutover.playbook.runChecks',
  runAll: 'cutover.runAllChecks',
  showAnswer: 'cutover.playbook.showAnswer',
  startStep: 'cutover.playbook.startStep',
  finishStep: 'cutover.playbook.finishStep',
} as const;

export interface LensContext {
  now: number;
  /** Checks may be run: the workspace is trusted. */
  canRun: boolean;
  /** Ids of the checks that are running. */
  running: ReadonlySet<string>;
}

export function codeLenses(document: PlaybookDocument, context: LensContext): CodeLens[] {
  const { playbook, uri } = document;
  const lenses: CodeLens[] = [];
  const add = (at: { start: number }, title: string, command = '', ...args: unknown[]): void => {
    const range = document.range({ start: at.start, end: at.start });
    lenses.push({ range, command: { title, command, arguments: command ? [uri, ...args] : [] } satisfies Command });
  };
  const top = playbook.title ?? { start: 0 };
  add(top, progressWords(playbook, context.now));
  if (context.canRun && playbook.checks.some(({ id }) => id)) add(top, 'Run all checks', commands.runAll);
  for (const phase of playbook.phases) {
    const ids = playbook.checks.filter(check => check.phase === phase).flatMap(({ id }) => id?.value ?? []);
    if (context.canRun && ids.length > 0) add(phase.title, 'Run all', commands.runChecks, ids);
    const done = phase.steps.filter(step => step.done?.value).length;
    if (phase.steps.length > 0) add(phase.title, `${done} of ${phase.steps.length} steps done`);
    const timing = phaseTiming(phase, context.now);
    if (timing) add(phase.title, timing);
    for (const step of phase.steps) addStepLenses(step, add);
  }
  for (const check of playbook.checks) addCheckLenses(check, context, add);
  return lenses;
}

type Add = (at: { start: number }, title: string, command?: string, ...args: unknown[]) => void;

/** Only where times are kept: a step of the go-live list. */
function addStepLenses(step: Step, add: Add): void {
  if (!['planned', 'started', 'finished'].some(key => step.facts.has(key))) return;
  const { startedAt, finishedAt } = timingOf(step);
  const { title } = step;
  if (startedAt === undefined) add(title, 'Start step', commands.startStep, title.value, step.line);
  else if (finishedAt === undefined) add(title, 'Finish step', commands.finishStep, title.value, step.line);
}

function addCheckLenses(check: PlaybookCheck, context: LensContext, add: Add): void {
  const { id, on, kind, head } = check;
  if (!id) return;
  if (context.running.has(id.value)) add(head, '$(loading~spin) running …');
  else if (context.canRun) {
    const where =
      on.value === 'both' ? 'Run on both' : on.value === 'workers' ? 'Run on every node' : `Run on ${on.value}`;
    add(head, where, commands.runChecks, [id.value]);
    if (kind === 'sql') for (const side of sidesOf(on.value)) add(head, side, commands.showAnswer, id.value, side);
  }
  add(head, lastWords(check, context.now));
}

function sidesOf(place: string): string[] {
  return place === 'both' || place === 'workers' ? ['source', 'target'] : [place];
}

function lastWords(check: PlaybookCheck, now: number): string {
  const { result } = check;
  if (!result) return 'never run';
  const stale = staleness(check, now) ? ', stale' : '';
  return `last: ${result.verdict}, ${formatAge(now - Date.parse(result.at))} ago${stale}`;
}

function progressWords({ phases, checks, findings }: PlaybookDocument['playbook'], now: number): string {
  const steps = phases.flatMap(phase => phase.steps);
  const done = steps.filter(step => step.done?.value).length;
  const passing = checks.filter(check => check.result?.verdict === 'pass' && !staleness(check, now)).length;
  const open = findings.filter(isOpen).length;
  return `${done} of ${steps.length} steps done · ${passing} of ${checks.length} checks passing · ${open} ${open === 1 ? 'finding' : 'findings'} open`;
}
