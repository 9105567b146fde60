import { randomUUID } from 'node:crypto';
import { connect } from '../cluster/connect';
import { ClusterError, toViewError } from '../cluster/errors';
import type { Session } from '../cluster/session';
import { readStatementFacts } from '../cluster/statement-facts';
import { diagnoseCall } from '../plan/call-diagnosis';
import { callAsPlanDiff } from '../plan/call-view';
import { comparePlans } from '../plan/diagnose-plans';
import type { CallView, NestedStatement } from '../shared/nested';
import type { PlanDiffView } from '../shared/plan-diff';
import { type BySide, type Side, sides } from '../shared/side';
import { type Classification, classify, withVolatility } from '../sql/classify';
import { stripExplain } from '../sql/explain-prefix';
import { bindParameters } from '../sql/parameters';
import { loadSqlParser, type SqlParser } from '../sql/parser';
import { constant, fillValues } from '../sql/plpgsql-values';
import { statementTitle } from '../sql/title';
import { bySide, mapSides, settle } from './by-side';
import type { ExplainJob, ExplainResult } from './explain-job';
import { type MatchedStatement, matchNested } from './nested-match';
import { type NestedPair, planPair } from './nested-pair';
import { type CallStatement, findNested, type SideFindings } from './nested-side';
import { executions, isRoutineCall, parameterNames, valuesOf } from './statement';

export interface CallResult {
  /** The call as a plan diff: row 0 is the call, row n + 1 is `call.statements[n]`. Such a row has no details. */
  view: PlanDiffView;
  /** The statements inside it, each with a plan diff of its own in `view`. */
  call: CallView;
  /** Of each nested statement with a `view`, by its id: what explainBothSides would give for it. */
  results: ReadonlyMap<string, ExplainResult>;
  classification: Classification;
}

/**
 * The statements inside a CALL, a DO or a SELECT of functions, on both sides at once, with their plans side by side and
 * their share of the call's time.
 *
 * The job means what it means to explainBothSides, and what that refuses is refused here. The call is executed only in
 * mode `analyze`, and one that may write only on the sides in `analyzeWrites`, none of them protected; it is rolled back.
 * Where it is executed: on plain PostgreSQL under auto_explain, when the role may; else, and always on Citus,
 * pg_stat_statements and Citus's remote commands tell what ran, and each statement is then explained on its own. Where it
 * is not executed, the source of its routines tells, and plain EXPLAIN shows the plans.
 *
 * What a side cannot show is in the result; rejects with a {@link ClusterError} for what is refused or cancelled.
 */
export async function explainCall(job: ExplainJob): Promise<CallResult> {
  const parser = await loadSqlParser();
  const { statement, grammar } = readCall(job, parser);
  executions(job, grammar);
  const opened = bySide(side => open(job, side));
  try {
    const known = await settle(
      bySide(async side => readStatementFacts(await opened[side], grammar.functions, job.signal)),
    );
    const facts = sides.flatMap(side => known[side].value?.volatility ?? []);
    const delegated = mapSides(side => known[side].value?.delegated ?? []);
    const classification = facts.length > 0 ? withVolatility(grammar, facts) : grammar;
    const allowed = executions(job, classification);
    const found = await settle(
      bySide(async side => {
        const findings = await findNested(await opened[side], statement, allowed[side], job.signal);
        job.onSideDone?.(side);
        return findings;
      }),
    );
    const cancelled = sides.map(side => found[side].error).find(error => error?.reason === 'cancelled');
    if (cancelled) throw cancelled;
    return await assemble({ job, parser, classification, found, delegated, opened: await settle(opened) });
  } finally {
    // Not given back to a keeper: auto_explain may stay loaded in them.
    await settle(bySide(async side => (await opened[side]).close()));
  }
}

async function open(job: ExplainJob, side: Side): Promise<Session> {
  const { settings, password } = job[side];
  return connect(settings, { stored: password, limits: job.limits, signal: job.signal });
}

function readCall(job: ExplainJob, parser: SqlParser): { statement: CallStatement; grammar: Classification } {
  const bound = bindParameters(stripExplain(job.sql).text, job.parameters);
  const grammar = classify(parser, bound.text);
  if (!isRoutineCall(grammar))
    throw new ClusterError('refused', `${grammar.command || 'This'} calls no routine.`, {
      next: 'Explain the statement itself.',
      detail: grammar.error?.message,
    });
  const ready = { bound, classification: grammar };
  const values = valuesOf(job, ready);
  const variables = new Map((values ?? []).map((value, index) => [`$${index + 1}`, { sql: constant(value) }] as const));
  const filled = fillValues(parser, bound.text, { routine: '', variables });
  const literal = filled?.sql ?? bound.text;
  return { statement: { sql: bound.text, values, literal, parser }, grammar };
}

interface Gathered {
  job: ExplainJob;
  parser: SqlParser;
  classification: Classification;
  found: BySide<{ value?: SideFindings | undefined; error?: ClusterError }>;
  /** Distributed routines that the call names. */
  delegated: BySide<string[]>;
  opened: BySide<{ value?: Session | undefined; error?: ClusterError }>;
}

async function assemble(gathered: Gathered): Promise<CallResult> {
  const { job, parser, classification, found, delegated, opened } = gathered;
  const at = new Date().toISOString();
  const findings = mapSides(side => found[side].value);
  const sessions = mapSides(side => opened[side].value);
  const errors = mapSides(side => found[side].error ?? findings[side]?.error);
  const call: CallView = {
    source: findings.source?.call ?? { executed: false, how: [], missing: [] },
    target: findings.target?.call ?? { executed: false, how: [], missing: [] },
    statements: [],
    notes: notesOf(job, findings, errors, delegated),
  };
  const results = new Map<string, ExplainResult>();
  const ids: string[] = [];
  const counts = new Map<string, number>();
  const matched = lineUp(parser, findings);
  const pairs = await planPair({ job, parser, findings, sessions, call }, matched);
  for (const [index, { parent }] of matched.entries()) {
    const around = parent < 0 ? '' : `${ids[parent]}.`;
    const number = (counts.get(around) ?? 0) + 1;
    counts.set(around, number);
    ids[index] = `${around}${number}`;
    const pair = pairs[index]!;
    const nested: NestedStatement = {
      id: ids[index]!,
      ...(parent < 0 ? {} : { parent: ids[parent]! }),
      depth: ids[index]!.split('.').length - 1,
      ...pair.statement,
    };
    const result = resultOf(job, parser, at, nested, pair);
    if (result) {
      nested.view = result.view;
      results.set(nested.id, result);
    }
    call.statements.push(nested);
  }
  const parameters = parameterNames(job.sql).map(name => ({ name, value: job.parameters?.[name] ?? null }));
  const input = (side: Side) => {
    const { label, color } = job[side];
    const { session, sent, notices } = findings[side] ?? { session: sessions[side], sent: [], notices: [] };
    return {
      side,
      label,
      color,
      sent,
      notices,
      ...(session ? { address: session.address, postgresVersion: session.server.postgres.split(' ', 1)[0]! } : {}),
      ...(session?.server.citus === undefined ? {} : { citusVersion: session.server.citus }),
      ...(errors[side] ? { error: toViewError(errors[side]!) } : {}),
    };
  };
  const view = callAsPlanDiff({
    id: randomUUID(),
    at,
    migration: job.migration,
    analyzed: call.source.executed || call.target.executed,
    statement: {
      sql: job.sql,
      title: statementTitle(job.sql),
      class: classification.class,
      parameters: job.parameters ? parameters : [],
    },
    source: input('source'),
    target: input('target'),
    call,
  });
  const diagnosis = diagnoseCall(call);
  return { view: diagnosis ? { ...view, diagnosis } : view, call, results, classification };
}

/** The plan diff of one nested statement with its diagnosis; undefined when neither side has a plan. */
function resultOf(
  job: ExplainJob,
  parser: SqlParser,
  at: string,
  { sql, explained, title, class: statementClass }: NestedStatement,
  { inputs, raw, facts, notes }: NestedPair,
): ExplainResult | undefined {
  const plans = mapSides(side => inputs[side].plan);
  if (!plans.source && !plans.target) return undefined;
  const { view, diagnose } = comparePlans({
    id: randomUUID(),
    at,
    migration: job.migration,
    analyzed: plans.source?.analyzed === true || plans.target?.analyzed === true,
    statement: { sql: explained ?? sql, title, class: statementClass, parameters: [] },
    ...inputs,
    notes,
  });
  const known = facts.source || facts.target ? diagnose(facts) : undefined;
  return {
    view: known ? { ...view, diagnosis: known.diagnosis } : view,
    plans,
    raw,
    facts,
    found: known?.found ?? [],
    classification: classify(parser, explained ?? sql),
  };
}

/** The side that ran leads; where neither did, the source. */
function lineUp(parser: SqlParser, { source, target }: BySide<SideFindings | undefined>): MatchedStatement[] {
  const targetLeads = target?.call.executed === true && source?.call.executed !== true;
  const [first, second] = targetLeads ? [target, source] : [source, target];
  const keepSecond = second?.call.executed === true || first?.call.executed !== true;
  return matchNested(parser, first?.statements ?? [], second?.statements ?? [], keepSecond).map(
    ({ first: a, second: b, parent }) => {
      const [onSource, onTarget] = targetLeads ? [b, a] : [a, b];
      return { parent, ...(onSource ? { source: onSource } : {}), ...(onTarget ? { target: onTarget } : {}) };
    },
  );
}

function notesOf(
  job: ExplainJob,
  findings: BySide<SideFindings | undefined>,
  errors: BySide<ClusterError | undefined>,
  delegated: BySide<string[]>,
): string[] {
  const notes = sides.flatMap(side => {
    const { label } = job[side];
    const lines = (findings[side]?.notes ?? []).map(note => `${label}: ${note}`);
    if (errors[side]) lines.push(`${label}: the call failed: ${errors[side]!.message}`);
    for (const name of findings[side]?.call.executed ? delegated[side] : [])
      lines.push(
        `${label}: ${name} is distributed; inside a transaction, as here, Citus runs it on the coordinator instead of delegating it.`,
      );
    if (findings[side]?.call.executed)
      lines.push(
        `${label}: executed and rolled back; sequences, notifications and remote calls are not undone by that.`,
      );
    return lines;
  });
  for (const [signature, routine] of findings.source?.tree.routines ?? []) {
    const other = findings.target?.tree.routines.get(signature);
    if (other && other.body !== routine.body) notes.push(`The source of ${signature} differs between the sides.`);
    else if (other && other.settings.join() !== routine.settings.join())
      notes.push(
        `${signature} has other settings of its own: ${routine.settings.join(', ') || 'none'} → ${other.settings.join(', ') || 'none'}.`,
      );
  }
  return notes;
}
