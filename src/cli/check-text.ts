/** Results of checks for a terminal. Every text of a server is made visible before it is painted. */
import { visibleText } from '../playbook/visible';
import { type CheckResult, type CheckVerdict, checkVerdicts } from '../shared/check';
import type { CheckReport, NotAsked } from '../shared/check-report';
import { type Paint, paint, type Style, wrap } from './terminal';

const marks: Record<CheckVerdict, [mark: string, how: Paint]> = {
  pass: ['✓', 'green'],
  fail: ['✗', 'red'],
  unknown: ['?', 'yellow'],
  error: ['!', 'red'],
};

/** A screen is read by people; programs get all. */
const maxDetails = 25;

export function resultText({ id, verdict, summary, details, remedy }: CheckResult, style: Style): string {
  const [mark, how] = marks[verdict];
  const [first, ...rest] = wrap(`${id}: ${summary}`, style.width, '  ');
  const lines = [paint(mark, how, style) + first!.slice(1), ...rest];
  for (const detail of details.slice(0, maxDetails)) lines.push(...wrap(detail, style.width, '    '));
  if (details.length > maxDetails) lines.push(`    … and ${details.length - maxDetails} more, see --format json`);
  // Never cut nor wrapped: it is to be copied.
  if (remedy) lines.push('    To mend it, not run:', ...remedy.split('\n').map(remedyLine));
  return `${lines.join('\n')}\n`;
}

function remedyLine(line: string): string {
  return line === '' ? '' : `      ${visibleText(line)}`;
}

const words: Record<CheckVerdict, string> = { pass: 'passed', fail: 'failed', unknown: 'unknown', error: 'in error' };

export function closingText({ counts, verdict, checks, notAsked }: CheckReport, style: Style): string {
  const parts = checkVerdicts.filter(each => counts[each] > 0).map(each => `${counts[each]} ${words[each]}`);
  const sentence = `${counted(checks.length)}${parts.length > 0 ? `: ${parts.join(', ')}` : ''}.`;
  const lines = wrap(sentence, style.width).map(line => paint(paint(line, marks[verdict][1], style), 'bold', style));
  const others = othersText(notAsked);
  return `\n${[...lines, ...others.flatMap(each => wrap(each, style.width))].join('\n')}\n`;
}

/** What this run says nothing of. */
function othersText(notAsked: readonly NotAsked[]): string[] {
  const cancelled = notAsked.filter(({ why }) => why === 'cancelled');
  const notChosen = notAsked.filter(({ why }) => why === 'notChosen');
  const lines: string[] = [];
  if (cancelled.length > 0) lines.push(`Cancelled before they were answered: ${names(cancelled)}.`);
  if (notChosen.length === 0) return lines;
  const stale = notChosen.filter(check => check.stale !== null);
  const never = notChosen.filter(({ last }) => last === null);
  const about = [
    stale.length > 0 && `${stale.length} stale (${names(stale)})`,
    never.length > 0 && `${never.length} never ran (${names(never)})`,
  ].filter(Boolean);
  lines.push(`${counted(notChosen.length)} not asked${about.length > 0 ? `: ${about.join(', ')}` : ''}.`);
  return lines;
}

function counted(checks: number): string {
  return `${checks} ${checks === 1 ? 'check' : 'checks'}`;
}

const maxNames = 5;

function names(checks: readonly NotAsked[]): string {
  const more = checks.length - maxNames;
  const shown = checks.slice(0, maxNames).map(({ id }) => id);
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}
