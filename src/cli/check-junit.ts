/**
 * A report as JUnit XML, as build servers read it: a suite for each phase, a case for each check. What could not be judged is
 * an error, for a build must not go on; what a cancellation left over is skipped.
 */
import { visibleText } from '../playbook/visible';
import type { CheckReport, NotAsked, ReportCheck } from '../shared/check-report';

export function checkJunit({ playbook, checks, notAsked, at }: CheckReport): string {
  const skipped = notAsked.filter(({ why }) => why === 'cancelled');
  const cases = [...checks, ...skipped].sort((a, b) => a.line - b.line);
  const phases = [...new Set(cases.map(({ phase }) => phase))];
  const suites = phases.flatMap(phase => {
    const own = cases.filter(each => each.phase === phase);
    const open = `<testsuite ${attributes({ name: phase ?? 'Outside of phases', ...totals(own), timestamp: at })}>`;
    return [`  ${open}`, ...own.flatMap(each => caseLines(each, playbook)), '  </testsuite>'];
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${attributes({ name: playbook, ...totals(cases) })}>`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n');
}

type Case = ReportCheck | NotAsked;

function totals(cases: readonly Case[]) {
  const count = (...outcomes: string[]) => cases.filter(each => outcomes.includes(outcomeOf(each))).length;
  return {
    tests: cases.length,
    failures: count('fail'),
    errors: count('unknown', 'error'),
    skipped: count('skipped'),
    time: seconds(cases.reduce((sum, each) => sum + elapsedOf(each), 0)),
  };
}

function caseLines(each: Case, file: string): string[] {
  const { id, phase, step, line } = each;
  const about = { classname: step ?? phase ?? file, name: id, file, line, time: seconds(elapsedOf(each)) };
  const open = `    <testcase ${attributes(about)}`;
  if (!('verdict' in each))
    return [`${open}>`, `      <skipped ${attributes({ message: 'cancelled' })}/>`, '    </testcase>'];
  const { verdict, summary, details, remedy } = each;
  if (verdict === 'pass') return [`${open}/>`];
  const element = verdict === 'fail' ? 'failure' : 'error';
  const text = [...details, ...(remedy === null ? [] : ['To mend it, not run:', remedy])].join('\n');
  return [
    `${open}>`,
    `      <${element} ${attributes({ message: summary, type: verdict })}>${escaped(text)}</${element}>`,
    '    </testcase>',
  ];
}

function outcomeOf(each: Case): string {
  return 'verdict' in each ? each.verdict : 'skipped';
}

function elapsedOf(each: Case): number {
  return 'elapsedMs' in each ? each.elapsedMs : 0;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

function attributes(values: Record<string, string | number>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escaped(String(value)).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')}"`)
    .join(' ');
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** Characters that XML 1.0 has not are made visible or left out ("Characters", https://www.w3.org/TR/xml/#charsets). */
function escaped(text: string): string {
  return visibleText(text)
    .replace(/[\ufffe\uffff]/g, '')
    .replace(/[&<>"']/g, character => entities[character]!);
}
