/**
 * What the playbook does not look at. The team whose story Cutover was made for had tested reads only; after the move, writes
 * took twice as long.
 */
import { sqlFences } from '../../sql/markdown';
import type { Playbook } from '../playbook';
import type { LintContext } from './lint';
import type { Diagnostic } from './rules';
import { phaseNamed, phaseOrder, range, rankOf } from './steps';

export interface Coverage {
  reads: number;
  writes: number;
}

/** How many checks and findings look at statements that read, and at such that write. */
export function coverage(playbook: Playbook, { classOf }: Pick<LintContext, 'classOf'>): Coverage {
  const found: Coverage = { reads: 0, writes: 0 };
  const add = (sql: string): boolean => {
    const word = classOf?.(sql);
    if (word === 'write') found.writes++;
    else if (word === 'read') found.reads++;
    return word !== undefined;
  };
  for (const finding of playbook.findings) {
    // The first statement of a finding is what it is about; what else stands there is its remedy.
    const body = playbook.text.slice(finding.region.start, finding.region.end);
    for (const { content } of sqlFences(body)) if (add(content.text)) break;
  }
  for (const { kind, content } of playbook.checks) {
    if (kind !== 'sql') continue;
    const explained = /^\s*explain(?:\s*\([^)]*\))?\s+/i.exec(content.text);
    if (explained) add(content.text.slice(explained[0].length));
  }
  return found;
}

export function* lintBias(playbook: Playbook, context: LintContext): Generator<Diagnostic> {
  const { phases, findings } = playbook;
  const testing = phaseNamed(playbook, 'Test each piece');
  const place = testing?.title ?? playbook.title;
  if (!place || !context.classOf) return;
  const isUnderWay = findings.length > 0 || phases.some(isAtWork);
  if (isUnderWay) {
    const { reads, writes } = coverage(playbook, context);
    if (writes === 0) {
      const why =
        reads > 0 ? 'Reads alone prove little' : 'Nothing was measured yet, and reads alone would prove little';
      const message = `No finding and no check looks at a write (INSERT, UPDATE, DELETE, MERGE, CALL). ${why}: explain the heaviest writes on both sides and record them.`;
      yield { code: 'biasNoWrite', message, ...range(place) };
    } else if (reads === 0) {
      const message =
        'No finding and no check looks at a read. Explain the heaviest reads on both sides and record them.';
      yield { code: 'biasNoRead', message, ...range(place) };
    }
  }
  yield* lintHeavy(playbook, context, place);
}

/** Something was done in “Test each piece” or after it. */
function isAtWork({ title, steps }: Playbook['phases'][number]): boolean {
  return rankOf(title.value) >= phaseOrder.indexOf('Test each piece') && steps.some(({ done }) => done?.value);
}

function* lintHeavy(
  playbook: Playbook,
  { heavy = [] }: LintContext,
  place: { start: number; end: number },
): Generator<Diagnostic> {
  if (heavy.length === 0) return;
  const known = statementsOf(playbook).map(withoutValues);
  const untested = heavy.filter(({ title }) => {
    const wanted = withoutValues(title.replace(/…$/, ''));
    return !known.some(sql => sql.startsWith(wanted) || wanted.startsWith(sql));
  });
  if (untested.length === 0) return;
  const names = untested.slice(0, 3).map(({ title, share }) => `${title} (${Math.round(share * 100)} % of the time)`);
  const more = untested.length > 3 ? `, and ${untested.length - 3} more` : '';
  const message = `In no check and no finding: ${names.join('; ')}${more}. They make up the load: explain them on both sides.`;
  yield { code: 'biasHeavyUntested', message, ...range(place) };
}

/** What findings and checks are about, as written. */
function statementsOf({ text, findings, checks }: Playbook): string[] {
  const ofFindings = findings.flatMap(({ region }) => sqlFences(text.slice(region.start, region.end)));
  const ofChecks = checks.filter(({ kind }) => kind === 'sql');
  return [...ofFindings, ...ofChecks].map(({ content }) =>
    content.text.replace(/^\s*explain(?:\s*\([^)]*\))?\s+/i, ''),
  );
}

/** The statistics have `$1` where a person wrote a value; as long as a title is. */
function withoutValues(sql: string): string {
  return sql
    .replace(/--.*$/gm, ' ')
    .toLowerCase()
    .replace(/'(?:[^']|'')*'|\$\d+|\b\d+(?:\.\d+)?\b/g, '?')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 60);
}
