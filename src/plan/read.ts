import { markDisabled } from './disabled';
import { type Plan, PlanError } from './model';
import { PlanBuilder } from './plan-builder';
import { JsonReader } from './read-json';
import { TextReader } from './read-text';
import { computeTimes } from './times';
import { unwrapPlan } from './unwrap';

export interface ReadPlan {
  plan: Plan;
  /** What could not be read as it should; one sentence each. */
  problems: string[];
}

/**
 * Reads what EXPLAIN sent: FORMAT JSON or FORMAT TEXT of PostgreSQL 12–18 and Citus 11–13, bare, as psql printed it, or as
 * auto_explain logged it.
 *
 * @throws {PlanError} when the text holds no plan (`empty`, `format`, `noPlan`).
 */
export function readPlan(text: string): ReadPlan {
  if (!text.trim()) throw new PlanError('empty', 'There is no plan: the text is empty. Paste the output of EXPLAIN.');
  const read = startsAsJson(text) ? readJson(text) : readUnwrapped(text);
  markDisabled(read.plan);
  computeTimes(read.plan);
  return read;
}

/** Bare JSON, the everyday case: no copy of a text that may be many megabytes. */
function startsAsJson(text: string): boolean {
  const first = /^\s*[[{][^\n]*/.exec(text.slice(0, 1000))?.[0];
  return first !== undefined && !/[+↵]\s*$/.test(first);
}

function readUnwrapped(text: string): ReadPlan {
  const unwrapped = unwrapPlan(text);
  if (!unwrapped.trim()) throw new PlanError('empty', 'There is no plan in the text: a header without lines below.');
  const start = /^\s*[[{]/.test(unwrapped) ? 0 : unwrapped.search(/^[^\S\n]*[[{]\s*(?:$|\{|"Plan"|"Query Text")/m);
  const isJson = start >= 0 && /"(?:Plan|Node Type|Plans)"\s*:/.test(unwrapped);
  if (isJson) return readJson(unwrapped.slice(start));
  refuseOtherFormats(unwrapped);
  const problems: string[] = [];
  const builder = new PlanBuilder('text', problems);
  new TextReader(builder).read(unwrapped.split('\n'));
  return found(builder, unwrapped);
}

function readJson(text: string): ReadPlan {
  const builder = new PlanBuilder('json', [], text);
  const reader = new JsonReader(text, builder, (lines, into, container, label) => {
    new TextReader(into, container, label).read(lines.split('\n'));
  });
  reader.read(0);
  return found(builder, text);
}

function found(builder: PlanBuilder, text: string): ReadPlan {
  const { plan, problems } = builder;
  const isPlan = plan.nodes.some(node => node.kind === 'utility' || node.type !== '');
  if (isPlan) return { plan, problems };
  const line = text.split('\n').findIndex(candidate => candidate.trim()) + 1;
  const start = text.trim().slice(0, 60).replace(/\s+/g, ' ');
  throw new PlanError(
    'noPlan',
    `No plan found in the text, which starts with "${start}". Paste the whole output of EXPLAIN (FORMAT JSON) or of plain EXPLAIN.`,
    line,
  );
}

function refuseOtherFormats(text: string): void {
  const format = /^\s*<explain[\s>]/m.test(text)
    ? 'XML'
    : /^\s*- (?:Plan|Query Text):/m.test(text)
      ? 'YAML'
      : undefined;
  if (!format) return;
  const line = text.split('\n').findIndex(candidate => candidate.trim()) + 1;
  throw new PlanError(
    'format',
    `This plan is in FORMAT ${format}, which is not read. Run EXPLAIN with FORMAT JSON (or FORMAT TEXT) and take that output.`,
    line,
  );
}
