import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { ClusterError } from '../cluster/errors';
import { defaultLimits } from '../cluster/limits';
import type { ExplainJob, ExplainResult, SideConnection } from '../diagnosis/explain-job';
import { explainStatement } from '../diagnosis/explain-statement';
import type { CallResult } from '../diagnosis/nested';
import { prove } from '../diagnosis/prove';
import { proveCall } from '../diagnosis/prove-call';
import { readStatementOrCall } from '../diagnosis/statement';
import { failedToConnect } from '../playbook/finding';
import type { FrontMatter } from '../playbook/front-matter';
import { planDiffMarkdown } from '../playbook/plan-diff-markdown';
import type { Proving } from '../shared/diagnosis';
import { formatJson } from '../shared/json';
import { defaultColors } from '../shared/migration';
import type { CallView } from '../shared/nested';
import type { PlanDiffView } from '../shared/plan-diff';
import { type Side, sides } from '../shared/side';
import type { ExplainArguments, Format } from './explain-arguments';
import { playbookNames, recordInFile } from './playbook';
import { readUri } from './read-uri';
import { explainReport } from './report';
import { parameterValues, statementInFile } from './statement';
import { type Style, styleFor, truncate } from './terminal';
import { formatText } from './text';
import { UsageError } from './usage';

interface Output {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/** The world around the command. */
export interface Surroundings {
  stdin: AsyncIterable<Uint8Array>;
  stdout: Output;
  stderr: Output;
  env: NodeJS.ProcessEnv;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
}

/**
 * Explains, prints, records. Returns the exit code: 0, or 1 when a side failed.
 * @throws UsageError, ClusterError, PlaybookError, PlaybookFileError
 */
export async function runExplain(given: ExplainArguments, sql: string, around: Surroundings): Promise<number> {
  const names = given.playbook === undefined ? {} : await playbookNames(given.playbook);
  const job: ExplainJob = {
    migration: given.migration ?? names.migration ?? migrationOf(given.playbook),
    source: sideConnection('source', given, names, around.env),
    target: sideConnection('target', given, names, around.env),
    sql,
    parameters: parameterValues(sql, given.parameters, given.nulls),
    mode: given.analyze ? 'analyze' : 'plain',
    analyzeWrites: given.analyzeWrites,
    limits: { ...defaultLimits, statementTimeoutMs: given.statementTimeoutMs ?? defaultLimits.statementTimeoutMs },
    signal: around.signal,
  };
  const result = await explainStatement(job).catch(async error => {
    throw await inOurWords(error, job);
  });
  const { view, refused }: Proven = given.prove ? await proven(job, result, given, around.stderr) : result;
  const call = 'call' in result ? result.call : undefined;
  around.stdout.write(format(view, call, given.format, styleFor(around.stdout, around.env)));
  if (refused) around.stderr.write(`cutover: nothing was proven: ${refused.message} ${refused.next ?? ''}\n`);
  for (const side of sides) {
    if (view[side].error?.reason !== 'authentication') continue;
    around.stderr.write(`cutover: CUTOVER_${side.toUpperCase()}_PASSWORD can hold the password of the ${side}.\n`);
  }
  if (given.playbook !== undefined) await record(given.playbook, view, around.stderr);
  if (sides.some(side => view[side].status === 'error')) return 1;
  return refused ? 2 : 0;
}

interface Proven {
  view: PlanDiffView;
  /** What was measured is shown all the same. */
  refused?: ClusterError;
}

async function proven(
  job: ExplainJob,
  result: ExplainResult | CallResult,
  { runs }: ExplainArguments,
  stderr: Output,
): Promise<Proven> {
  const { view } = result;
  if (!view.diagnosis) return { view };
  const options = { timed: true, runs, onProgress: progressLine(stderr), signal: job.signal };
  try {
    const diagnosis = await ('call' in result ? proveCall(job, result, options) : prove(job, result, options));
    return { view: { ...view, diagnosis } };
  } catch (error) {
    if (!(error instanceof ClusterError && error.reason === 'refused')) throw error;
    return { view, refused: error };
  } finally {
    if (stderr.isTTY) stderr.write('\r\u001b[K');
  }
}

/** One line that is written over, on a terminal only. */
function progressLine(stderr: Output): (proving: Proving) => void {
  return ({ changing, experiment, experiments, run, runs }) => {
    if (!stderr.isTTY) return;
    const what = run === undefined ? 'its plan' : `run ${run} of ${runs}`;
    const line = `experiment ${experiment} of ${experiments}: ${changing}, ${what}`;
    stderr.write(`\r\u001b[K${truncate(line, (stderr.columns ?? 80) - 1)}`);
  };
}

/** What is refused under --analyze alone may write: everything else is refused of plain EXPLAIN, too. */
async function inOurWords(error: unknown, job: ExplainJob): Promise<unknown> {
  const mayBeWrite = job.mode === 'analyze' && job.analyzeWrites.length === 0;
  if (!(error instanceof ClusterError && error.reason === 'refused' && mayBeWrite)) return error;
  try {
    await readStatementOrCall(job.sql, job.parameters);
  } catch {
    return error;
  }
  return error.with({
    next: 'Leave out --analyze, or say by --analyze-writes target (or source, or both) where it may be executed and rolled back.',
  });
}

/** The statement of --sql or --file, as the user wrote it. */
export async function readSql(
  statement: ExplainArguments['statement'],
  stdin: AsyncIterable<Uint8Array>,
): Promise<string> {
  if ('sql' in statement) return statement.sql;
  const isStdin = statement.file === '-';
  const bytes = isStdin ? await readAll(stdin) : await readSqlFile(statement.file);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError(`${statement.file} is not UTF-8.`, 'Save it as UTF-8, so that the statement is what you see.');
  }
  return statementInFile(text, isStdin ? 'standard input' : statement.file, statement.line);
}

async function readSqlFile(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const why =
      { ENOENT: 'there is no such file', EISDIR: 'it is a folder', EACCES: 'you may not read it' }[code] ?? code;
    throw new UsageError(`${file} cannot be read: ${why}.`, 'Check the name after --file.');
  }
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A playbook that names no migration is about the one its file is named after. */
function migrationOf(playbook?: string): string {
  return (playbook && basename(playbook).replace(/(\.playbook)?\.\w+$/, '')) || 'source to target';
}

function sideConnection(
  side: Side,
  given: ExplainArguments,
  names: FrontMatter,
  env: NodeJS.ProcessEnv,
): SideConnection {
  const { settings, password } = readUri(side, given[side].uri);
  return {
    side,
    settings,
    password: password ?? env[`CUTOVER_${side.toUpperCase()}_PASSWORD`],
    label: given[side].label ?? names[side] ?? side,
    color: defaultColors[side],
    // Whoever names the source in --analyze-writes has lifted its protection for this one statement.
    protected: side === 'source' && !given.analyzeWrites.includes('source'),
  };
}

function format(view: PlanDiffView, call: CallView | undefined, as: Format, style: Style): string {
  if (as === 'json') return formatJson(explainReport(view, call));
  if (as === 'markdown') return `${planDiffMarkdown(view).trimEnd()}\n`;
  return formatText(view, style, call);
}

async function record(path: string, view: PlanDiffView, stderr: Output): Promise<void> {
  const missing = sides.find(side => failedToConnect(view[side]));
  if (missing) {
    stderr.write(`cutover: not recorded in the playbook, as the ${missing} could not be asked.\n`);
    return;
  }
  const { path: file, line, created } = await recordInFile(path, view);
  stderr.write(`cutover: ${created ? 'created and recorded in' : 'recorded in'} ${file}:${line}\n`);
}
