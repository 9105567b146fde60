/** `cutover check`: asks the clusters what a playbook's checks ask, prints, records. */
import { dirname } from 'node:path';
import { ClusterError } from '../cluster/errors';
import { defaultLimits } from '../cluster/limits';
import { redact } from '../cluster/redact';
import type { SideConnection } from '../diagnosis/explain-job';
import { runChecks } from '../diagnosis/run-checks';
import { lintNested } from '../playbook/lint/nested';
import { readPlaybook } from '../playbook/playbook';
import { visibleLine } from '../playbook/visible';
import { refuseUnwritable } from '../playbook/writable';
import type { CheckResult } from '../shared/check';
import { formatJson } from '../shared/json';
import type { BySide } from '../shared/side';
import type { CheckArguments } from './check-arguments';
import { type Choice, chooseChecks } from './check-choice';
import { checkJunit } from './check-junit';
import { checkReport, verdictExitCodes } from './check-report';
import { closingText, resultText } from './check-text';
import { clustersOf, settingsFor } from './clusters';
import type { Surroundings } from './explain';
import { lintPlaybook } from './lint';
import { recordResultsInFile } from './playbook';
import { type PlaybookFile, readPlaybookFile } from './playbook-file';
import { styleFor } from './terminal';
import { UsageError } from './usage';

const cancelledExitCode = 130;

/** Returns the exit code. @throws UsageError, ClusterError, PlaybookError, PlaybookFileError */
export async function runCheck(given: CheckArguments, around: Surroundings): Promise<number> {
  const file = await readPlaybookFile(given.file, given.write ? 'write' : 'read');
  if (file.text === undefined)
    throw new UsageError(`${given.file} cannot be read: there is no such file.`, 'Check the name after cutover check.');
  const playbook = readPlaybook(file.text);
  const settings = given.uris ? undefined : await settingsFor(given, dirname(file.path));
  if (given.lint) return lintPlaybook(playbook, given.file, settings, around);
  if (given.write) refuseUnwritable(file.text);
  const say = (text: string) => around.stderr.write(`cutover: ${redact(visibleLine(text))}\n`);
  const choice = chooseChecks(playbook, given);
  const migration = given.migration ?? playbook.frontMatter?.migration;
  const labels = playbook.frontMatter ?? {};
  const sides = clustersOf({ ...given, migration, labels, settings }, around.env);
  for (const { message, start } of lintNested(playbook))
    say(`${given.file}:${lineOf(playbook.text, start)}: ${message}`);
  if (settings) say(`the clusters of ${migration} are those of ${settings.path}`);

  const { results, isCancelled } = await ask(choice, sides, given, around);
  const ran = { choice, results, playbook: given.file, migration, settings: settings?.path };
  const report = checkReport(ran, Date.now());
  around.stdout.write(
    given.format === 'json'
      ? formatJson(report)
      : given.format === 'junit'
        ? checkJunit(report)
        : closingText(report, styleFor(around.stdout, around.env)),
  );
  const isWritten = !given.write || (await record(file, choice, results, say));
  if (isCancelled) return cancelledExitCode;
  return isWritten ? verdictExitCodes[report.verdict] : verdictExitCodes.error;
}

/** Text appears as results come. What a cancellation left unanswered is no result. */
async function ask(
  { chosen }: Choice,
  { source, target }: BySide<SideConnection>,
  { format, statementTimeoutMs }: CheckArguments,
  { stdout, stderr, env, signal }: Surroundings,
): Promise<{ results: Map<string, CheckResult>; isCancelled: boolean }> {
  const results = new Map<string, CheckResult>();
  const style = styleFor(stdout, env);
  const progress = (text: string) => stderr.isTTY && stderr.write(`\r\u001b[K${text}`);
  const show = () => progress(`${results.size} of ${chosen.length} checks`);
  const limits = { ...defaultLimits };
  if (statementTimeoutMs !== undefined) limits.statementTimeoutMs = statementTimeoutMs;
  show();
  try {
    await runChecks(
      { source, target, limits, signal },
      chosen.map(({ asked }) => asked),
      found => {
        const result = redacted(found);
        results.set(result.id, result);
        progress('');
        if (format === 'text') stdout.write(resultText(result, style));
        show();
      },
    );
    return { results, isCancelled: false };
  } catch (error) {
    if (!(error instanceof ClusterError && error.reason === 'cancelled')) throw error;
    return { results, isCancelled: true };
  } finally {
    progress('');
  }
}

/** Rows of a catalog may hold connection strings. */
function redacted(result: CheckResult): CheckResult {
  const clean: CheckResult = { ...result, summary: redact(result.summary), details: result.details.map(redact) };
  for (const key of ['expected', 'actual', 'remedy'] as const) {
    const text = result[key];
    if (text !== undefined) clean[key] = redact(text);
  }
  return clean;
}

/** Whether all results found their place. A check without an id, or with another's, has none. */
async function record(
  file: PlaybookFile,
  { chosen }: Choice,
  results: ReadonlyMap<string, CheckResult>,
  say: (text: string) => void,
): Promise<boolean> {
  const recordable = chosen.flatMap(({ check, asked }) => {
    const result = results.get(asked.id);
    return result && check.id ? [{ result, definition: check.definition }] : [];
  });
  const { recorded, problems } = await recordResultsInFile(file, recordable);
  for (const { line, message } of problems) say(`not recorded: line ${line}: ${message}`);
  say(`recorded ${recorded} of ${results.size} results in ${file.path}`);
  return problems.length === 0;
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split(/\r\n|\n|\r/).length;
}
