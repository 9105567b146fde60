/** Both sides of each nested statement: its figures, and its plans, seen in the call or had by explaining it on its own. */
import { ClusterError } from '../cluster/errors';
import { readSideFacts } from '../cluster/plan-facts';
import type { Session } from '../cluster/session';
import type { SideFacts } from '../plan/causes/facts';
import type { Plan } from '../plan/model';
import { planRelations, uncompiledCost } from '../plan/relations';
import type { SideInput } from '../plan/view';
import type { CallView, NestedSide, NestedStatement } from '../shared/nested';
import { type BySide, type Side, sides } from '../shared/side';
import { classify } from '../sql/classify';
import type { SqlParser } from '../sql/parser';
import { statementTitle } from '../sql/title';
import { bySide, mapSides } from './by-side';
import type { ExplainJob } from './explain-job';
import type { MatchedStatement } from './nested-match';
import { explainNested, type NestedPlan, type NestedText, seenPlan, withoutPlan } from './nested-plan';
import { type FoundStatement, hasEvidence, type SideFindings } from './nested-side';
import { textToExplain } from './nested-text';

/** Statements explained on their own on one side; a routine with more is long, and its heavy ones come first. */
const mostExplained = 24;

/** Statements whose tables, settings and statistics are read for a diagnosis: one transaction each. */
const mostDiagnosed = 8;

export interface PairContext {
  job: ExplainJob;
  parser: SqlParser;
  findings: BySide<SideFindings | undefined>;
  sessions: BySide<Session | undefined>;
  call: CallView;
}

export interface NestedPair {
  statement: Omit<NestedStatement, 'id' | 'parent' | 'depth' | 'view'>;
  inputs: BySide<SideInput>;
  raw: BySide<string | undefined>;
  facts: BySide<SideFacts | undefined>;
  notes: string[];
}

/** One result for each of `matched`. Rejects with a ClusterError when cancelled. */
export async function planPair(context: PairContext, matched: readonly MatchedStatement[]): Promise<NestedPair[]> {
  const planned = bySide(side => planSide(context, side, matched));
  const onSides = { source: await planned.source, target: await planned.target };
  const wholes = mapSides(side => wholeMs(context.call[side].executionMs, side, matched, onSides[side]));
  return matched.map((pair, index) => {
    const results = mapSides(side => onSides[side][index]!);
    const ran = [pair.source, pair.target].find(found => found && found.timeFrom !== 'none');
    const either = ran ?? pair.source ?? pair.target!;
    const { parser } = context;
    const statement: NestedPair['statement'] = {
      sql: either.sql,
      title: statementTitle(either.sql),
      class: classify(parser, either.sql).class,
      unresolved: [...new Set(sides.flatMap(side => results[side].unresolved))],
    };
    if (either.routine !== undefined) statement.routine = either.routine;
    if (either.line !== undefined) statement.line = either.line;
    const explained =
      results.target.text ??
      results.source.text ??
      [pair.target, pair.source].map(found => textToExplain(parser, found, undefined).text).find(text => text);
    if (explained) statement.explained = explained.sql;
    for (const side of sides) {
      const found = pair[side];
      if (found) statement[side] = sideFigures(found, results[side], wholes[side]);
    }
    return {
      statement,
      inputs: mapSides(side => results[side].planned.input),
      raw: mapSides(side => results[side].planned.raw),
      facts: mapSides(side => results[side].facts),
      notes: sides.flatMap(side => results[side].planned.notes),
    };
  });
}

interface SideResult {
  planned: NestedPlan;
  /** What was explained on its own. */
  text?: NestedText;
  /** For the diagnosis. */
  facts?: SideFacts | undefined;
  unresolved: string[];
}

async function planSide(context: PairContext, side: Side, matched: readonly MatchedStatement[]): Promise<SideResult[]> {
  const results = await plansOf(context, side, matched);
  const session = context.sessions[side];
  for (const index of heaviest(matched, () => true).slice(0, mostDiagnosed)) {
    const result = results[index]!;
    const { plan } = result.planned.input;
    if (!session?.usable || !plan) continue;
    try {
      const routine = matched[index]![side]?.source?.definition;
      result.facts = await readSideFacts(session, planRelations(plan), {
        functions: routine ? [{ schema: routine.schema, name: routine.name }] : [],
        uncompiledCost: uncompiledCost(plan),
        signal: context.job.signal,
      });
    } catch (error) {
      if (!(error instanceof ClusterError) || error.reason === 'cancelled') throw error;
      result.planned.notes.push(`${context.job[side].label}: not read for the diagnosis: ${error.message}`);
    }
  }
  return results;
}

async function plansOf(
  { job, parser, findings, sessions }: PairContext,
  side: Side,
  matched: readonly MatchedStatement[],
): Promise<SideResult[]> {
  const connection = job[side];
  const session = sessions[side];
  const executed = findings[side]?.call.executed === true;
  const chosen = new Set(heaviest(matched, pair => pair[side]?.plan === undefined).slice(0, mostExplained));
  const results: SideResult[] = [];
  for (const [index, pair] of matched.entries()) {
    const own = pair[side];
    const none = (reason: string, message: string): SideResult => ({
      planned: withoutPlan(connection, session, { reason, message }),
      unresolved: [],
    });
    if (!session || !findings[side]) results.push(none('noPlan', 'This side could not be asked.'));
    else if (own?.plan !== undefined)
      results.push({ planned: { ...seenPlan(connection, session, own.plan), raw: own.plan }, unresolved: [] });
    else if (!session.usable) results.push(none('noPlan', 'The connection was lost.'));
    else {
      const { text, unresolved } = textToExplain(parser, own, pair[side === 'source' ? 'target' : 'source']);
      if (!text) results.push({ ...none('noPlan', unresolved[0] ?? 'It is not on this side.'), unresolved });
      else if (!chosen.has(index))
        results.push(none('noPlan', `Only the ${mostExplained} heaviest statements are explained.`));
      else {
        // What calls routines itself would run them again; what did not run in the call does not run now.
        const isOuter = matched.some(other => other.parent === index);
        const ran = own !== undefined && (hasEvidence(own) || own.source?.conditional === false);
        const planned = await explainNested(connection, session, text, executed && ran && !isOuter, job.signal);
        if (executed && !ran && text.parameterCount === 0)
          unresolved.push(`${connection.label}: planned only, as nothing says that it ran.`);
        const { error } = planned.input;
        const why = error ? [`${connection.label}: ${error.message}`] : [];
        results.push({ planned, text, unresolved: [...unresolved, ...why] });
      }
    }
  }
  return results;
}

/** Indexes of those wanted, the most time first, then in their order. */
function heaviest(matched: readonly MatchedStatement[], wanted: (pair: MatchedStatement) => boolean): number[] {
  const weight = ({ source, target }: MatchedStatement) => Math.max(source?.totalMs ?? 0, target?.totalMs ?? 0);
  return [...matched.keys()]
    .filter(index => wanted(matched[index]!))
    .sort((a, b) => weight(matched[b]!) - weight(matched[a]!));
}

/**
 * What shares are of: the call's time. Statements run on their own under EXPLAIN ANALYZE may take longer together than
 * the whole call did; then their sum.
 */
function wholeMs(
  callMs: number | undefined,
  side: Side,
  matched: readonly MatchedStatement[],
  results: readonly SideResult[],
): number | undefined {
  if (callMs === undefined) return undefined;
  const inner = new Set(matched.map(({ parent }) => parent));
  const sum = matched.reduce((total, pair, index) => {
    const found = pair[side];
    return found && !inner.has(index) ? total + (aloneMs(found, results[index]!) ?? 0) : total;
  }, 0);
  return Math.max(callMs, sum);
}

/** Of a statement that the call itself did not time: the time of its own run. */
function aloneMs(found: FoundStatement, { planned }: SideResult): number | undefined {
  const { plan } = planned.input;
  return found.timeFrom === 'none' && plan?.analyzed ? executionMsOf(plan) : undefined;
}

function sideFigures(found: FoundStatement, result: SideResult, wholeMs: number | undefined): NestedSide {
  const { plan } = result.planned.input;
  const alone = aloneMs(found, result);
  const totalMs = found.totalMs ?? alone;
  const figures: NestedSide = { timeFrom: alone === undefined ? found.timeFrom : 'explainAnalyze' };
  if (found.calls !== undefined) figures.calls = found.calls;
  if (totalMs !== undefined) figures.executionMs = totalMs;
  if (totalMs !== undefined && wholeMs) figures.share = Math.min(1, totalMs / wholeMs);
  const jitMs = found.timeFrom === 'autoExplain' ? found.jitMs : (slowestJit(plan) ?? found.jitMs);
  if (jitMs !== undefined) figures.jitMs = jitMs;
  if (found.nodes) figures.nodes = found.nodes;
  return figures;
}

function executionMsOf(plan: Plan): number | undefined {
  return plan.statements.find(({ container }) => container < 0)?.executionMs;
}

/** JIT of the slowest task, or of the plan itself. */
function slowestJit(plan: Plan | undefined): number | undefined {
  const times = (plan?.statements ?? []).flatMap(({ jit }) => jit?.totalMs ?? []);
  return times.length === 0 ? undefined : Math.max(...times);
}
