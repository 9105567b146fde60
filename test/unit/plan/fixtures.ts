import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

type Bundle = Record<string, string>;

function bundle(name: string): Bundle {
  const file = new URL(`../../fixtures/plans/${name}.json.gz`, import.meta.url);
  return JSON.parse(gunzipSync(readFileSync(file)).toString('utf8'));
}

/** What Citus 11.1.7 (`source/…`) and 13.2.2 (`target/…`) on PostgreSQL 15 sent, byte for byte: `source/NAME.VARIANT`. */
export const citusPlans = bundle('citus');

/** What PostgreSQL 15, 17 and 18 sent (`15/NAME.VARIANT`), and psql 15's layouts of one plan (`psql/LAYOUT.FORMAT`). */
export const postgresqlPlans = bundle('postgresql');

export function plan(bundle: Bundle, name: string): string {
  const text = bundle[name];
  if (text === undefined) throw new Error(`No fixture ${name}`);
  return text;
}

/** EXPLAIN (FORMAT JSON) around a hand-made root. */
export function explainJson(root: object, statement: object = {}): string {
  return JSON.stringify([{ Plan: root, ...statement }]);
}

/** A node as EXPLAIN ANALYZE gives it, from what matters in a test. */
export function node(
  type: string,
  figures: { time?: [startup: number, total: number]; rows?: number; loops?: number; [name: string]: unknown },
  ...children: object[]
): object {
  const { time, rows = 1, loops = 1, ...rest } = figures;
  return {
    'Node Type': type,
    ...rest,
    'Startup Cost': 0,
    'Total Cost': 1,
    'Plan Rows': rows,
    'Plan Width': 4,
    ...(time
      ? { 'Actual Startup Time': time[0], 'Actual Total Time': time[1], 'Actual Rows': rows, 'Actual Loops': loops }
      : {}),
    ...(children.length > 0 ? { Plans: children } : {}),
  };
}
