/** When steps began and ended: the go-live log. `- planned: 10 min`, `- started: 2026-11-22T18:00Z`, `- finished: …`. */
import { formatAge } from './age';
import type { Located } from './check-block';
import { behindLineEnding, endOfLine, lineEndingOf, type TextEdit } from './edits';
import { factOf, type Phase, type Step } from './playbook';

export interface StepTiming {
  plannedMs: number | undefined;
  startedAt: number | undefined;
  finishedAt: number | undefined;
}

const duration =
  /^(?:(\d+(?:\.\d+)?)\s*h(?:ours?)?)?\s*(?:(\d+(?:\.\d+)?)\s*m(?:in(?:utes?)?)?)?\s*(?:(\d+(?:\.\d+)?)\s*s(?:ec(?:onds?)?)?)?$/i;

/** Milliseconds of `10 min`, `1 h 30 min`, `45 s`; undefined when it is none of these. */
export function parseDuration(text: string): number | undefined {
  const match = duration.exec(text.trim());
  if (!match?.[0]) return undefined;
  const [, hours = 0, minutes = 0, seconds = 0] = match;
  return (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
}

export function timingOf(step: Step): StepTiming {
  const timeOf = (key: string): number | undefined => {
    const at = Date.parse(factOf(step, key)?.value.value ?? '');
    return Number.isNaN(at) ? undefined : at;
  };
  return {
    plannedMs: parseDuration(factOf(step, 'planned')?.value.value ?? ''),
    startedAt: timeOf('started'),
    finishedAt: timeOf('finished'),
  };
}

/** What a step took, or takes so far: `12 min, planned 10 min`. Undefined when it has not begun. */
export function timingWords(step: Step, now: number): string | undefined {
  const { plannedMs, startedAt, finishedAt } = timingOf(step);
  if (startedAt === undefined) return undefined;
  const planned = plannedMs === undefined ? '' : `, planned ${formatAge(plannedMs)}`;
  const took = formatAge((finishedAt ?? now) - startedAt);
  return finishedAt === undefined ? `running for ${took}${planned}` : `${took}${planned}`;
}

/** `40 min in all`, from the first start to the last finish; undefined when no step has begun. */
export function phaseTiming({ steps }: Phase, now: number): string | undefined {
  const timings = steps.map(timingOf).filter(({ startedAt }) => startedAt !== undefined);
  if (timings.length === 0) return undefined;
  const running = timings.some(({ finishedAt }) => finishedAt === undefined);
  const from = Math.min(...timings.map(({ startedAt }) => startedAt!));
  const to = running ? now : Math.max(...timings.map(({ finishedAt }) => finishedAt!));
  return `${formatAge(to - from)} ${running ? 'so far' : 'in all'}`;
}

/** To the second, in UTC: both engineers read the same clock. */
export function timeWords(now: number): string {
  return new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Writes the time at which the step begins, and takes away when it ended before. */
export function startStep(text: string, step: Step, now: number): TextEdit[] {
  const finished = step.facts.get('finished');
  const edits = [setFact(text, step, 'started', timeWords(now))];
  if (finished?.value.value) edits.push({ ...range(finished.value), text: '' });
  return edits.sort((a, b) => a.start - b.start);
}

/** Writes the time at which the step ended, and checks its box. */
export function finishStep(text: string, step: Step, now: number): TextEdit[] {
  const edits = [setFact(text, step, 'finished', timeWords(now))];
  if (step.done && !step.done.value) edits.push({ ...range(step.done), text: '[x]' });
  return edits.sort((a, b) => a.start - b.start);
}

/** Sets `- key: value` of a step: in place where the key is, else behind the last one there is, else below the heading. */
export function setFact(text: string, step: Step, key: string, value: string): TextEdit {
  const found = step.facts.get(key);
  if (found) {
    const { start, end } = found.value;
    const gap = start > 0 && /\s/.test(text[start - 1]!) ? '' : ' ';
    return { start, end, text: gap + value };
  }
  const lineEnding = lineEndingOf(text);
  const places = [...step.facts.values()].map(({ value: { end } }) => end);
  if (step.done) places.push(step.done.end);
  const line = `- ${key}: ${value}`;
  if (places.length === 0) {
    const at = behindLineEnding(text, endOfLine(text, step.title.end));
    const gap = at > step.title.end ? lineEnding : lineEnding + lineEnding;
    return { start: at, end: at, text: `${gap}${line}${lineEnding}` };
  }
  const at = endOfLine(text, Math.max(...places));
  return { start: at, end: at, text: `${lineEnding}${line}` };
}

function range({ start, end }: Located<unknown>): { start: number; end: number } {
  return { start, end };
}
