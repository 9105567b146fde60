/** `cutover compare`: asks both clusters the whole catalogue, prints what differs, keeps it for a later comparison. */
import { checksToCompare, findCheck } from '../checks/catalogue';
import { defaultLimits } from '../cluster/limits';
import { redact } from '../cluster/redact';
import { comparisonMarkdown } from '../comparison/markdown';
import { isAtLeast } from '../comparison/order';
import { comparisonReport } from '../comparison/report';
import { compareClusters } from '../diagnosis/compare-clusters';
import { visibleLine } from '../playbook/visible';
import type { Comparison, Severity } from '../shared/comparison';
import type { ComparisonReport } from '../shared/comparison-report';
import { formatJson } from '../shared/json';
import { type Side, sides } from '../shared/side';
import { clustersOf, settingsFor } from './clusters';
import type { CompareArguments } from './compare-arguments';
import { checkGroups } from './compare-groups';
import { compareText } from './compare-text';
import { comparisonFile } from './comparison-file';
import type { Surroundings } from './explain';
import type { SettingsFile } from './settings-file';
import { checkStorable, readStored, writeStored } from './stored-file';
import { styleFor } from './terminal';
import { UsageError } from './usage';

/** As docs/cli.md promises. */
const exitCodes = { fine: 0, found: 1, error: 2, unknown: 3 } as const;

/** Returns the exit code. @throws UsageError, ClusterError */
export async function runCompare(given: CompareArguments, around: Surroundings): Promise<number> {
  const say = (text: string) => around.stderr.write(`cutover: ${redact(visibleLine(text))}\n`);
  checkGroups(given.groups ?? []);
  // Files first: what is wrong with them is no reason to ask the clusters. This comparison may replace the earlier one.
  const since = given.since === undefined ? undefined : await readStored(comparisonFile, given.since, 'since');
  if (given.save !== undefined) await checkStorable(comparisonFile, given.save, 'save');
  const settings = given.uris ? undefined : await settingsFor(given, process.cwd());
  const migration = given.migration ?? (settings ? onlyMigration(settings) : 'source to target');
  const clusters = clustersOf({ uris: given.uris, migration, settings }, around.env);
  if (settings) say(`the clusters of ${migration} are those of ${settings.path}`);

  const limits = { ...defaultLimits };
  if (given.statementTimeoutMs !== undefined) limits.statementTimeoutMs = given.statementTimeoutMs;
  const checks = checksToCompare(given.groups);
  const comparison = redacted(
    await withProgress(around, checks.length, progress =>
      compareClusters({ ...clusters, migration, limits, signal: around.signal }, { checks, onCheck: progress }),
    ),
  );
  const report = comparisonReport(comparison, { since });
  around.stdout.write(
    given.format === 'json'
      ? formatJson(report)
      : given.format === 'markdown'
        ? comparisonMarkdown(report)
        : compareText(report, styleFor(around.stdout, around.env), given),
  );
  for (const side of silentSides(comparison)) say(`the ${side} could not be reached`);
  if (given.save !== undefined) {
    await writeStored(comparisonFile, given.save, comparison, 'save');
    say(`kept in ${given.save}`);
  }
  return exitCodeOf(report, comparison, given.failOn);
}

function onlyMigration({ path, migrations, problems }: SettingsFile): string {
  const [only, ...others] = migrations.map(({ name }) => name);
  if (only !== undefined && others.length === 0) return only;
  if (only === undefined)
    throw new UsageError(`There is no migration in ${path}.`, problems[0] ?? 'Add one to cutover.migrations there.');
  throw new UsageError(
    `There are several migrations in ${path}: ${[only, ...others].join(', ')}.`,
    'Name one after --migration.',
  );
}

async function withProgress<Result>(
  { stderr }: Surroundings,
  total: number,
  work: (onCheck: () => void) => Promise<Result>,
): Promise<Result> {
  const progress = (text: string) => stderr.isTTY && stderr.write(`\r\u001b[K${text}`);
  const show = (done: number) => progress(`asking both sides: ${done} of ${total} checks`);
  let done = 0;
  show(done);
  try {
    return await work(() => show(++done));
  } finally {
    progress('');
  }
}

/** Settings and definitions in a catalog may hold connection strings. */
function redacted(comparison: Comparison): Comparison {
  return JSON.parse(
    JSON.stringify(comparison, (_, value: unknown) => (typeof value === 'string' ? redact(value) : value)),
  );
}

/** Sides that were to be asked and gave no address. */
function silentSides(comparison: Comparison): Side[] {
  const isAsked = (side: Side) => comparison.checks.some(({ id }) => findCheck(id)?.sides.includes(side));
  return sides.filter(side => comparison[side].address === undefined && isAsked(side));
}

function exitCodeOf({ findings, unknown, errors }: ComparisonReport, comparison: Comparison, least: Severity): number {
  const isSevere = ({ severity }: { severity: Severity }): boolean => isAtLeast(severity, least);
  if (findings.some(isSevere)) return exitCodes.found;
  if (errors.length > 0) return exitCodes.error;
  return unknown.some(isSevere) || silentSides(comparison).length > 0 ? exitCodes.unknown : exitCodes.fine;
}
