import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/plan/model';
import { type PlanValue, Properties, valueText } from '../../../src/plan/properties';
import { readPlan } from '../../../src/plan/read';
import { citusPlans, postgresqlPlans } from './fixtures';

const all = Object.entries({ ...citusPlans, ...postgresqlPlans });
const isOtherFormat = (name: string): boolean => /format_(?:xml|yaml)\.txt$/.test(name);

function count(list: Map<string, number>, key: string): void {
  list.set(key, (list.get(key) ?? 0) + 1);
}

/** Every name with its scalar or list of scalars, how often. */
function contents(plan: Plan): Map<string, number> {
  const found = new Map<string, number>();
  const walk = (name: string, value: PlanValue): void => {
    if (value instanceof Properties) for (const [i, inner] of value.names.entries()) walk(inner, value.at(i));
    else if (Array.isArray(value) && value.some(item => typeof item !== 'string')) {
      for (const item of value) walk(name, item);
    } else if (!Array.isArray(value) || value.length > 0) count(found, `${name}\n${valueText(value)}`);
  };
  for (const node of plan.nodes) {
    // The JIT line shows what its statement holds.
    if (node.kind !== 'jit') walk('', node.properties);
    if (node.job) walk('', node.job.properties);
  }
  for (const statement of plan.statements) walk('', statement.properties);
  return found;
}

/** The same of the text itself, read by JSON.parse with numbers quoted, so that they stay as they are written. */
function rawContents(text: string): Map<string, number> {
  const found = new Map<string, number>();
  const quoted = text.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, token =>
    token.startsWith('"') ? token : `"${token}"`,
  );
  const walk = (name: string, value: unknown): void => {
    if (Array.isArray(value) && value.every(item => typeof item !== 'object')) {
      if (value.length > 0) count(found, `${name}\n${value.join(', ')}`);
    } else if (Array.isArray(value)) for (const item of value) walk(name, item);
    else if (typeof value === 'object' && value) for (const [inner, each] of Object.entries(value)) walk(inner, each);
    else count(found, `${name}\n${value}`);
  };
  walk('', JSON.parse(quoted));
  return found;
}

describe('every plan that real servers sent', { timeout: 60_000 }, () => {
  it('is read, with a type and a place for every node', () => {
    for (const [name, text] of all) {
      if (isOtherFormat(name)) continue;
      const { plan, problems } = readPlan(text);
      expect(plan.nodes.length, name).toBeGreaterThan(0);
      const misplaced = plan.nodes.filter((node, i) => node.index !== i || node.type === '' || !isWithin(plan, node));
      expect(misplaced, name).toEqual([]);
      const isValid = !name.endsWith('json') || isJson(text);
      if (isValid && !name.startsWith('psql/')) expect(problems, name).toEqual([]);
    }
  });

  it('keeps every name and value of the JSON', () => {
    let checked = 0;
    for (const [name, text] of all) {
      if (!name.endsWith('json') || name.startsWith('psql/') || !isJson(text)) continue;
      expect(contents(readPlan(text).plan), name).toEqual(rawContents(text));
      checked++;
    }
    expect(checked).toBeGreaterThan(1000);
  });

  it('keeps every number of the text', () => {
    let checked = 0;
    for (const [name, text] of all) {
      if (name.endsWith('json') || name.startsWith('psql/') || isOtherFormat(name)) continue;
      const kept = numbers(
        [...contents(readPlan(text).plan)].flatMap(([pair, times]) => Array(times).fill(pair)).join('\n'),
      );
      const lost = [...numbers(text)].filter(([number, times]) => (kept.get(number) ?? 0) < times);
      expect(lost, name).toEqual([]);
      checked++;
    }
    expect(checked).toBeGreaterThan(900);
  });

  it('names what is odd in JSON that is none, and reads what it can', () => {
    const odd = Object.entries(citusPlans).filter(([name, text]) => name.endsWith('json') && !isJson(text));
    expect(odd).toHaveLength(16);
    for (const [name, text] of odd) {
      const { plan, problems } = readPlan(text);
      expect(problems, name).toHaveLength(1);
      if (name.includes('prepared_')) expect(plan.nodes.filter(node => node.relation).length, name).toBeGreaterThan(0);
      expect(plan.statements[0]!.root, name).toBe(0);
    }
  });
});

/** Preorder: a node's subtree lies within its parent's. */
function isWithin(plan: Plan, { index, parent, subtreeSize }: Plan['nodes'][0]): boolean {
  if (parent >= index) return false;
  const end = parent < 0 ? plan.nodes.length : parent + plan.nodes[parent]!.subtreeSize;
  return index + subtreeSize <= end;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function numbers(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const [number] of text.matchAll(/\d+(?:\.\d+)?/g)) count(found, number);
  return found;
}
