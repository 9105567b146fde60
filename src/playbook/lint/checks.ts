/** What is wrong with checks as they are written, and with what they last said. */
import { formatAge } from '../age';
import type { Playbook, PlaybookCheck } from '../playbook';
import type { LintContext } from './lint';
import type { Diagnostic } from './rules';
import { range } from './steps';

/** Why the last result of a check no longer counts, as a sentence; undefined when it does, or when there is none. */
export function staleness({ result, everyMs, definition }: PlaybookCheck, now: number): string | undefined {
  if (!result) return undefined;
  if (result.definition !== undefined && result.definition !== definition) return 'The check was changed since it ran.';
  if (!everyMs) return undefined;
  const age = now - Date.parse(result.at);
  return age > everyMs.value
    ? `The result is ${formatAge(age)} old; it should be no older than ${formatAge(everyMs.value)}.`
    : undefined;
}

export function* lintChecks(playbook: Playbook, context: LintContext): Generator<Diagnostic> {
  const byId = new Map<string, PlaybookCheck>();
  for (const check of playbook.checks) {
    for (const { code, message, start, end } of check.problems) yield { code, message, start, end };
    const { id } = check;
    const first = id && byId.get(id.value);
    if (id && first?.id) {
      const message = `The check ${id.value} stands on line ${first.line} already: a result must belong to one check. Rename one of them.`;
      yield {
        code: 'checkIdTwice',
        message,
        ...range(id),
        related: { message: 'It stands here, too.', ...range(first.id) },
      };
    } else if (id) byId.set(id.value, check);
    yield* check.kind === 'sql' ? lintSql(check, context) : lintCatalogueId(check, context);
    yield* lintResult(check, context);
  }
}

function* lintSql(check: PlaybookCheck, { judgeSql }: LintContext): Generator<Diagnostic> {
  const { content } = check;
  if (content.text.trim() === '') return;
  const verdict = judgeSql?.(content.text);
  if (!verdict) return;
  const start = content.offsetOf(verdict.offset);
  const end = Math.max(start, content.offsetOf(endOfWord(content.text, verdict.offset)));
  yield { code: verdict.kind === 'syntax' ? 'checkSyntax' : 'checkRefused', message: verdict.message, start, end };
}

function endOfWord(text: string, offset: number): number {
  return offset + (/^(?:\w+|\S)?/.exec(text.slice(offset))?.[0].length ?? 0);
}

function* lintCatalogueId({ id }: PlaybookCheck, { catalogue }: LintContext): Generator<Diagnostic> {
  if (!id || catalogue.has(id.value)) return;
  const near = catalogue.nearest(id.value);
  const message = `There is no check ${id.value}.${near ? ` Do you mean ${near}?` : ''}`;
  yield { code: 'checkUnknown', message, ...range(id) };
}

function* lintResult(check: PlaybookCheck, { now }: LintContext): Generator<Diagnostic> {
  const { id, result, head, step } = check;
  if (!id) return;
  const place = range(id);
  const stale = staleness(check, now);
  if (!result) yield { code: 'checkNeverRan', message: `The check ${id.value} never ran.`, ...place };
  else if (stale) yield { code: 'checkStale', message: `${stale} Run it again.`, ...place };
  else if (result.verdict === 'fail')
    yield { code: 'checkFailed', message: `${id.value} failed: ${result.summary}`, ...place };
  else if (result.verdict !== 'pass')
    yield { code: 'checkUnjudged', message: `${id.value}: ${result.verdict}: ${result.summary}`, ...place };
  if (step?.done?.value && result && result.verdict !== 'pass') {
    const message = `The step is marked done, and its check ${id.value} says ${result.verdict}: ${result.summary}`;
    yield {
      code: 'doneThoughFailing',
      message,
      ...range(step.done),
      related: { message: 'The check.', ...range(head) },
    };
  }
}
