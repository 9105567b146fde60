/** One side of a call: which statements ran inside it, or would, and how that is known. */
import { ClusterError } from '../cluster/errors';
import { readAutoExplainAccess, runWithAutoExplain } from '../cluster/nested-auto-explain';
import { type CallRun, runCall, warnOfAutoExplain } from '../cluster/nested-call';
import {
  type CountedStatement,
  countedSince,
  readStatisticsAccess,
  type StatisticsAccess,
  takeSnapshot,
  trackMissing,
} from '../cluster/nested-statistics';
import type { Session } from '../cluster/session';
import { readShards } from '../cluster/shards';
import type { ObservedStatement } from '../plan/auto-explain';
import type { CallSide, NestedNode, NestedTime } from '../shared/nested';
import type { SqlParser } from '../sql/parser';
import { foldShards, shardNames } from '../sql/shard-text';
import { attachCounts, attachRemote } from './nested-evidence';
import { readSource, type SourceStatement, type SourceTree } from './nested-source';
import type { Execution } from './statement';

/** A statement on one side. */
export interface FoundStatement {
  /** As SPI gets it, or normalised where only the statistics have it. */
  sql: string;
  /** Signature of its routine as the server writes it; absent for what a foreign key runs. */
  routine?: string | undefined;
  line?: number | undefined;
  /** Index of the statement it runs in; -1 directly below the call. */
  parent: number;
  calls?: number | undefined;
  totalMs?: number | undefined;
  jitMs?: number | undefined;
  timeFrom: NestedTime;
  nodes?: NestedNode[];
  /** Its plan in the call itself. */
  plan?: string;
  /** Values auto_explain saw. */
  parameters?: string | undefined;
  source?: SourceStatement;
  /** Texts with values in place, as Citus sent them to the workers, shards folded to their tables. */
  remote?: string[];
}

export interface SideFindings {
  session: Session;
  call: CallSide;
  statements: FoundStatement[];
  tree: SourceTree;
  /** Why the call did not run to its end. */
  error?: ClusterError;
  sent: string[];
  notices: string[];
  notes: string[];
}

/** What runs, the same on both sides. */
export interface CallStatement {
  /** With `$n` for parameters. */
  sql: string;
  values: (string | null)[] | undefined;
  /** With constants for parameters, where they have values. */
  literal: string;
  parser: SqlParser;
}

/** Reads, and where it may runs, the call on one side. Rejects with a ClusterError when nothing can be read. */
export async function findNested(
  session: Session,
  statement: CallStatement,
  execution: Execution,
  signal: AbortSignal | undefined,
): Promise<SideFindings> {
  const tree = await readSource(session, statement.parser, statement.literal, signal);
  const findings: SideFindings = {
    session,
    call: { executed: false, how: [], missing: [] },
    statements: [],
    tree,
    sent: [],
    notices: [],
    notes: [...tree.notes],
  };
  if (tree.unresolved !== undefined && execution === 'plan')
    findings.error = new ClusterError(
      'undefined',
      `No procedure ${tree.unresolved} with these arguments was found to look into.`,
      { next: 'Check its name, its arguments and the search_path. What an extension brings is not looked into.' },
    );
  if (execution !== 'plan' && tree.endsTransaction)
    findings.notes.push('A routine inside commits or rolls back, so the call cannot run in a transaction of its own.');
  if (execution === 'plan' || tree.endsTransaction || statement.values === undefined) fromSource(findings);
  else {
    const access = execution === 'executeWrite' ? 'read write' : 'read only';
    const request = { sql: statement.sql, values: statement.values, access, signal } as const;
    if (!(await fromAutoExplain(findings, request))) await fromStatistics(findings, request, statement.parser);
  }
  return findings;
}

/** Nothing ran: the source says what would. */
function fromSource(findings: SideFindings): void {
  findings.call.how.push('the source of its routines');
  findings.statements = findings.tree.statements.map(source => ({ ...placeOf(source), source }));
}

function placeOf({ sql, routine, line, parent }: SourceStatement): FoundStatement {
  return { sql, routine, line, parent, timeFrom: 'none' };
}

type Request = Parameters<typeof runWithAutoExplain>[2];

/** Whether auto_explain was to be had; never on Citus. */
async function fromAutoExplain(findings: SideFindings, request: Request): Promise<boolean> {
  const { session, tree, call } = findings;
  if (session.server.citus !== undefined) return false;
  const access = await readAutoExplainAccess(session, request.signal);
  if ('missing' in access) {
    call.missing.push(access.missing);
    return false;
  }
  const run = await runWithAutoExplain(session, access.way, request);
  findings.sent = run.sent;
  findings.notices = run.notices;
  if ('error' in run) {
    // What cannot be loaded is missing; what the call itself says, it would say again.
    if (run.error.reason === 'privilege' && run.error.position === undefined && !run.error.where) {
      call.missing.push(`auto_explain could not be used: ${run.error.message}`);
      return false;
    }
    findings.error = run.error;
    fromSource(findings);
    return true;
  }
  call.executed = true;
  call.executionMs = run.elapsedMs;
  call.how.push('auto_explain, in the call itself');
  findings.statements = withSums(withoutTop(run.statements).map(observed => fromObserved(observed, tree)));
  findings.notes.push('Times are those of a run under auto_explain, which measures every node of every plan.');
  return true;
}

/** Without the SELECT that the client sent: it is the call. */
function withoutTop(statements: ObservedStatement[]): ObservedStatement[] {
  const top = statements.findIndex(({ frames }) => frames.length === 0);
  if (top < 0) return statements;
  const shifted = (index: number) => (index > top ? index - 1 : index);
  return statements
    .filter((_, index) => index !== top)
    .map(statement => ({ ...statement, parent: statement.parent === top ? -1 : shifted(statement.parent) }));
}

function fromObserved({ sql, frames, parent, measured }: ObservedStatement, tree: SourceTree): FoundStatement {
  const { routine, line } = frames.at(-1) ?? {};
  const source =
    tree.statements.find(entry => isSame(entry, routine, sql) && (line === undefined || entry.line === line)) ??
    tree.statements.find(entry => isSame(entry, routine, sql));
  const inLine = tree.statements.find(entry => baseName(entry.routine) === baseName(routine) && entry.line === line);
  const found: FoundStatement = { sql: sql || inLine?.sql || '', routine, line, parent, timeFrom: 'none' };
  const entry = source ?? (inLine?.kind === 'dynamic' || sql === '' ? inLine : undefined);
  if (entry) found.source = entry;
  if (!measured) return found;
  const { calls, totalMs, jitMs, plan, parameters } = measured;
  return { ...found, calls, totalMs, jitMs, plan, parameters, timeFrom: 'autoExplain' };
}

/** A CALL takes as long as what it runs, as far as that is known. Those inside stand behind it. */
function withSums(statements: FoundStatement[]): FoundStatement[] {
  for (const [index, statement] of [...statements.entries()].reverse()) {
    const inner = statements.filter(({ parent, totalMs }) => parent === index && totalMs !== undefined);
    if (statement.totalMs !== undefined || inner.length === 0) continue;
    statement.totalMs = inner.reduce((sum, { totalMs }) => sum + totalMs!, 0);
    statement.timeFrom = inner[0]!.timeFrom;
  }
  return statements;
}

/** Something in the call itself says that it ran. */
export function hasEvidence({ timeFrom, nodes, remote }: FoundStatement): boolean {
  return timeFrom !== 'none' || nodes !== undefined || remote !== undefined;
}

function isSame(entry: SourceStatement, routine: string | undefined, sql: string): boolean {
  return baseName(entry.routine) === baseName(routine) && spaceless(entry.sql) === spaceless(sql);
}

/** Without schema and arguments: how a routine is written depends on search_path. */
export function baseName(routine: string | undefined): string {
  return (routine ?? '').replace(/\(.*$/s, '').replace(/^.*\./s, '');
}

/** Expressions come as `(SELECT 1)` from PostgreSQL 14 on, as `SELECT (SELECT 1)` before. */
export function spaceless(sql: string): string {
  return sql
    .replace(/\s+/g, '')
    .replace(/^[\w."]+:=/, '')
    .replace(/^SELECT(?=\(|EXISTS|NOT)/i, '')
    .replace(/;$/, '');
}

/** What pg_stat_statements counted and Citus sent, beside what the source says. */
async function fromStatistics(findings: SideFindings, request: Request, parser: SqlParser): Promise<void> {
  const { session, tree, call } = findings;
  const warning = await warnOfAutoExplain(session, request.signal);
  if (warning) findings.notes.push(warning);
  const runAs = [...tree.routines.values()].flatMap(routine => routine.runsAs ?? []);
  const access = await readStatisticsAccess(session, runAs, request.signal);
  if ('missing' in access) call.missing.push(access.missing);
  else if (!access.mayTrack && !access.tracksAll) call.missing.push(trackMissing(session, session.profile.user));
  const usable = 'missing' in access ? undefined : access;
  const before = usable && (await orMissing(findings, () => takeSnapshot(session, usable, request.signal)));
  const run = await runCall(session, request, usable?.mayTrack === true);
  findings.sent = run.sent;
  findings.notices = run.notices;
  fromSource(findings);
  if (run.error) {
    findings.error = run.error;
    return;
  }
  call.executed = true;
  if (run.elapsedMs !== undefined) call.executionMs = run.elapsedMs;
  if (usable && before) {
    const after = await orMissing(findings, () => countedSince(session, usable, before, request.signal));
    if (after) {
      findings.notes.push(...after.notes);
      await addCounts(findings, usable, after.counted, parser, request.signal);
    }
  }
  await addRemote(findings, run, parser, request.signal);
}

async function orMissing<T>({ call, session }: SideFindings, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ClusterError) || !session.usable) throw error;
    call.missing.push(`The statistics of nested statements could not be read: ${error.message}`);
    return undefined;
  }
}

async function addCounts(
  findings: SideFindings,
  access: StatisticsAccess,
  counted: CountedStatement[],
  parser: SqlParser,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { call, session } = findings;
  if (access.mayTrack || access.tracksAll) call.how.push('nested rows of pg_stat_statements');
  if (counted.length > 0)
    findings.notes.push('The statistics also count what other sessions of the role ran at the same time.');
  if (counted.some(({ node }) => node !== undefined)) call.how.push("the workers' pg_stat_statements");
  const shards = await readShards(session, shardNames(counted.map(({ sql }) => sql)), signal);
  const folded = counted.map(entry => ({ ...entry, sql: foldShards(entry.sql, shards) }));
  const attached = attachCounts(parser, findings.statements, folded);
  const countsNested = access.mayTrack || access.tracksAll;
  findings.statements = withSums(countsNested ? whatRan(attached) : attached);
}

/** Without what was not counted although nested statements are: branches not taken, and EXECUTE, whose text is counted. */
function whatRan(statements: FoundStatement[]): FoundStatement[] {
  const ran = new Set<number>();
  statements.forEach((statement, index) => {
    if (!hasEvidence(statement)) return;
    for (let at = index; at >= 0; at = statements[at]!.parent) ran.add(at);
  });
  const places = new Map([...ran].sort((a, b) => a - b).map((index, place) => [index, place]));
  return [...places.keys()].map(index => {
    const statement = statements[index]!;
    return { ...statement, parent: places.get(statement.parent) ?? -1 };
  });
}

async function addRemote(
  findings: SideFindings,
  { remote }: CallRun,
  parser: SqlParser,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (remote.length === 0) return;
  findings.call.how.push('the commands that Citus sent to the workers');
  const shards = await readShards(findings.session, shardNames(remote.map(({ sql }) => sql)), signal);
  attachRemote(parser, findings.statements, [...new Set(remote.map(({ sql }) => foldShards(sql, shards)))]);
}
