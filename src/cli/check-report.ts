import { staleness } from '../playbook/lint/checks';
import type { PlaybookCheck } from '../playbook/playbook';
import { type CheckResult, type CheckVerdict, checkVerdicts } from '../shared/check';
import type { CheckReport, NotAsked, ReportCheck } from '../shared/check-report';
import type { Choice } from './check-choice';

/** What is worse comes first. */
const bySeverity: readonly CheckVerdict[] = ['fail', 'error', 'unknown', 'pass'];

/** As docs/cli.md promises. */
export const verdictExitCodes: Record<CheckVerdict, number> = { pass: 0, fail: 1, error: 2, unknown: 3 };

export interface Ran {
  choice: Choice;
  /** By the name of the check. */
  results: ReadonlyMap<string, CheckResult>;
  playbook: string;
  migration: string | undefined;
  settings: string | undefined;
}

export function checkReport({ choice, results, playbook, migration, settings }: Ran, now: number): CheckReport {
  const checks = choice.chosen.flatMap(({ check, asked }) => {
    const result = results.get(asked.id);
    return result ? [reportCheck(check, result)] : [];
  });
  const cancelled = choice.chosen.filter(({ asked }) => !results.has(asked.id)).map(({ check }) => check);
  const count = (verdict: CheckVerdict): number => checks.filter(check => check.verdict === verdict).length;
  const [pass, fail, unknown, error] = checkVerdicts.map(count) as [number, number, number, number];
  return {
    version: 1,
    at: `${new Date(now).toISOString().slice(0, 19)}Z`,
    playbook,
    migration: migration ?? null,
    settings: settings ?? null,
    // Of none that was answered nothing is known.
    verdict: bySeverity.find(verdict => count(verdict) > 0) ?? 'unknown',
    counts: { pass, fail, unknown, error },
    checks,
    notAsked: [
      ...choice.others.map(check => notAsked(check, 'notChosen', now)),
      ...cancelled.map(check => notAsked(check, 'cancelled', now)),
    ].sort((a, b) => a.line - b.line),
  };
}

function placeOf({ id, phase, step, line }: PlaybookCheck) {
  const [phaseTitle, stepTitle] = [phase?.title.value ?? null, step?.title.value ?? null];
  return { id: id?.value ?? `line ${line}`, phase: phaseTitle, step: stepTitle, line };
}

function reportCheck(check: PlaybookCheck, result: CheckResult): ReportCheck {
  const { verdict, summary, details, expected, actual, remedy, at, elapsedMs, source, target } = result;
  return {
    ...placeOf(check),
    ...{ verdict, summary, details, at, elapsedMs },
    expected: expected ?? null,
    actual: actual ?? null,
    remedy: remedy ?? null,
    source: source ?? null,
    target: target ?? null,
  };
}

function notAsked(check: PlaybookCheck, why: NotAsked['why'], now: number): NotAsked {
  const { result } = check;
  return {
    ...placeOf(check),
    why,
    last: result ? { verdict: result.verdict, at: result.at } : null,
    stale: staleness(check, now) ?? null,
  };
}
