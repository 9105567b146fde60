import type { Cause, Diagnosis } from '../shared/diagnosis';
import { formatMs, formatNumber } from '../shared/format';
import type { CallView, NestedStatement } from '../shared/nested';
import type { Side } from '../shared/side';
import { isNoise, noiseMs } from './thresholds';

/**
 * Why a call is slower: the causes found in its statements, each cause once, what explains most first. Rows are those of
 * the call's view. Undefined when no statement was diagnosed; no causes when the calls took about as long.
 */
export function diagnoseCall(call: CallView): Diagnosis | undefined {
  const diagnosed = call.statements.filter(({ view }) => view?.diagnosis);
  if (diagnosed.length === 0) return undefined;
  const [a, b] = [call.source.executionMs, call.target.executionMs];
  const compared = a !== undefined && b !== undefined;
  if (compared && isNoise(a, b, noiseMs))
    return { sentence: 'Nothing differs beyond noise.', causes: [], experiments: [], notes: [] };
  const slower: Side = compared ? (a > b ? 'source' : 'target') : a === undefined ? 'target' : 'source';
  const whole = compared ? Math.abs(b - a) : call[slower].executionMs;
  const causes = foldCauses(call, slower);
  if (compared)
    for (const cause of causes)
      if (cause.explainedMs !== undefined) cause.explainedShare = Math.min(1, cause.explainedMs / whole!);
  const explainedMs = Math.min(
    causes.reduce((sum, { explainedMs: ms }) => sum + (ms ?? 0), 0),
    whole ?? Number.POSITIVE_INFINITY,
  );
  const diagnosis: Diagnosis = {
    slower,
    sentence: sentenceOf(causes.length, explainedMs, whole),
    causes,
    experiments: [],
    notes: [...new Set(diagnosed.flatMap(({ view }) => view!.diagnosis!.notes))],
  };
  if (compared) {
    diagnosis.differenceMs = whole;
    diagnosis.explainedShare = explainedMs / whole!;
  }
  return diagnosis;
}

/** The same cause in several statements is one: its time adds up, its words are those of where it costs most. */
function foldCauses({ statements }: CallView, slower: Side): Cause[] {
  const folded = new Map<string, { cause: Cause; statements: number }>();
  statements.forEach((statement, index) => {
    const { diagnosis } = statement.view ?? {};
    if (!diagnosis || diagnosis.slower !== slower) return;
    for (const found of diagnosis.causes) {
      const explainedMs = inTheCall(found.explainedMs, statement, slower);
      const own: Cause = { ...found, rows: [index + 1] };
      delete own.explainedMs;
      delete own.explainedShare;
      if (explainedMs !== undefined) own.explainedMs = explainedMs;
      const key = JSON.stringify([found.id, found.side, found.remedy?.steps.map(({ sql }) => sql)]);
      const known = folded.get(key);
      if (!known) {
        folded.set(key, { cause: own, statements: 1 });
        continue;
      }
      const [more, less] =
        (own.explainedMs ?? 0) > (known.cause.explainedMs ?? 0) ? [own, known.cause] : [known.cause, own];
      const sum = (more.explainedMs ?? 0) + (less.explainedMs ?? 0);
      const cause: Cause = { ...more, rows: [...more.rows, ...less.rows].sort((x, y) => x - y) };
      if (more.explainedMs !== undefined) cause.explainedMs = sum;
      folded.set(key, { cause, statements: known.statements + 1 });
    }
  });
  return [...folded.values()]
    .map(({ cause, statements: count }) =>
      count === 1
        ? cause
        : { ...cause, title: `${cause.title} The same in ${formatNumber(count - 1)} more of its statements.` },
    )
    .sort((x, y) => (y.explainedMs ?? -1) - (x.explainedMs ?? -1));
}

/** The plan is that of one execution; a loop has many. Never more than the statement took in all. */
function inTheCall(ms: number | undefined, statement: NestedStatement, side: Side): number | undefined {
  const { calls = 1, executionMs } = statement[side] ?? {};
  if (ms === undefined) return undefined;
  return executionMs === undefined ? ms * calls : Math.min(ms * calls, executionMs);
}

function sentenceOf(count: number, explainedMs: number, whole: number | undefined): string {
  const causes = `${count} ${count === 1 ? 'cause' : 'causes'} in its statements`;
  if (count === 0) return 'No cause was found in its statements.';
  if (!whole || explainedMs === 0) return `${causes.charAt(0).toUpperCase()}${causes.slice(1)}.`;
  return `${formatNumber((100 * explainedMs) / whole)} % of the ${formatMs(whole)} is explained by ${causes}.`;
}
