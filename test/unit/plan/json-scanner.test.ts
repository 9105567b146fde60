import { describe, expect, it } from 'vitest';
import { windowSize } from '../../../src/plan/json-scanner';
import type { Plan } from '../../../src/plan/model';
import { valueText } from '../../../src/plan/properties';
import { readPlan } from '../../../src/plan/read';
import { explainJson, node, plan, postgresqlPlans } from './fixtures';

/** All that was read, as text. */
function said({ nodes, statements }: Plan): unknown[] {
  return [...nodes, ...statements].map(({ properties, ...rest }) => [
    JSON.stringify(rest, (name, value) => (name === 'properties' ? undefined : value)),
    properties.names.map((name, i) => `${name}: ${valueText(properties.at(i))}`),
  ]);
}

function scan(filter: string, more: object = {}): string {
  return explainJson(
    node('Seq Scan', { 'Relation Name': 't', Filter: filter, Output: ['a', 'b'], rows: 12.5, ...more }),
  );
}

describe('a text that is looked at piece by piece', () => {
  it('reads the same wherever a piece ends', () => {
    for (const text of [
      scan("(a = '\"\\\\')"),
      scan("(a = 'é€😀')"),
      scan('x', { Output: ['a', 1, { b: [true, null] }] }),
    ]) {
      const whole = said(readPlan(text).plan);
      for (let before = 0; before <= text.length; before++) {
        const moved = `[${' '.repeat(windowSize - 1 - before)}${text.slice(1)}`;
        const read = readPlan(moved);
        expect(said(read.plan), `${before} characters before the end`).toEqual(whole);
        expect(read.problems).toEqual([]);
      }
    }
  });

  it('reads names, texts, lists and white space that are longer than a piece', () => {
    const long = 'x'.repeat(3 * windowSize);
    const columns = Array.from({ length: windowSize / 4 }, (_, i) => `"column ${i}"`);
    const text = scan(long, { Output: columns, [long]: long, 'Rows Removed by Filter': 7 });
    for (const spaced of [text, text.replace(/(?<=,)(?="(?:Output|Rows|column 77"))/g, ' '.repeat(windowSize + 3))]) {
      const { properties } = readPlan(spaced).plan.nodes[0]!;
      expect(properties.text('Filter')).toBe(long);
      expect(properties.text(long)).toBe(long);
      expect(properties.get('Output')).toEqual(columns);
      expect(properties.text('Rows Removed by Filter')).toBe('7');
    }
  });

  it('finds a plan cut off within a piece or at its end', () => {
    const text = `[${' '.repeat(windowSize - 200)}${plan(postgresqlPlans, '15/scan.analyze.json').slice(1)}`;
    for (let end = windowSize - 3; end <= windowSize + 3; end++) {
      const { problems } = readPlan(text.slice(0, end));
      expect(problems.at(-1)).toMatch(/ends early/);
    }
  });
});
