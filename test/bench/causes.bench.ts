/**
 * Does the diagnosis name what was injected? Every fault scenario of the lab, and for each what was expected and what was
 * found: `npm run bench:causes`, or some: `npm run bench:causes -- --only jit_forced,lock_wait`. With `--plans FOLDER` the
 * plans and the diagnosis of each are written there, to look at.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { ExplainResult } from '../../src/diagnosis/explain-job';
import { type Side, sides } from '../../src/shared/side';
import { type LabPair, startCitusPair, startPlainPair } from '../lab/lab';
import { LabUnavailable } from '../lab/lab-unavailable';
import { faultScenarios } from '../lab/scenarios/faults/all';
import { obstacle, runScenario } from '../lab/scenarios/faults/run';
import type { FaultScenario, LabKind } from '../lab/scenarios/faults/scenario';

const { values } = parseArgs({ options: { only: { type: 'string' }, plans: { type: 'string' } } });
const only = values.only?.split(',');
const unknown = only?.find(name => !faultScenarios.some(scenario => scenario.name === name));
if (unknown !== undefined) {
  console.error(`There is no scenario "${unknown}"; there are ${faultScenarios.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}

const widths = [22, 22, 22, 10, 10, 10, 10, 5];
const line = (cells: string[]) => cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ');
console.log(
  line(['scenario', 'expected', 'found', 'confidence', 'explained', 'source', 'target', 'rank', 'false alarms']),
);

const total = { scenarios: 0, first: 0, falseAlarms: 0 };
for (const kind of ['plain', 'citus'] as const) await runAll(kind);
console.log(`named first ${total.first} of ${total.scenarios}, false alarms ${total.falseAlarms}`);

async function runAll(kind: LabKind): Promise<void> {
  const scenarios = faultScenarios.filter(({ cluster, name }) => cluster === kind && (only?.includes(name) ?? true));
  if (scenarios.length === 0) return;
  const pair = await startPair(kind).catch((error: unknown) => {
    if (!(error instanceof LabUnavailable)) throw error;
    console.log(`SKIPPED: ${scenarios.length} scenarios on ${kind}. ${error.message}`);
    return undefined;
  });
  if (!pair) return;
  try {
    for (const scenario of scenarios) await runOne(pair, scenario);
  } finally {
    await pair.stop();
  }
}

function startPair(kind: LabKind): Promise<LabPair> {
  // Faults are injected one at a time: versions that differ would be a second.
  return kind === 'plain' ? startPlainPair() : startCitusPair({ sameVersion: true });
}

async function runOne(pair: LabPair, scenario: FaultScenario): Promise<void> {
  const why = obstacle(pair, scenario);
  if (why) {
    console.log(`${scenario.name.padEnd(widths[0]!)}  SKIPPED: ${why}`);
    return;
  }
  total.scenarios++;
  try {
    const result = await runScenario(pair, scenario);
    report(scenario, result);
    if (values.plans !== undefined) await keep(values.plans, scenario, result);
  } catch (error) {
    console.log(`${scenario.name.padEnd(widths[0]!)}  FAILED: ${error instanceof Error ? error.message : error}`);
  }
}

function report({ name, expected, alsoTrue = [] }: FaultScenario, { view }: ExplainResult): void {
  const causes = view.diagnosis?.causes ?? [];
  const place = causes.findIndex(({ id }) => id === expected);
  const falseAlarms = causes.map(({ id }) => id).filter(id => id !== expected && !alsoTrue.includes(id));
  const isRight = view.diagnosis !== undefined && (expected === undefined ? causes.length === 0 : place === 0);
  if (isRight) total.first++;
  total.falseAlarms += falseAlarms.length;
  const [top] = causes;
  const share = view.diagnosis?.explainedShare;
  const ms = (side: Side) => `${Math.round((view[side].planningMs ?? 0) + (view[side].executionMs ?? 0))} ms`;
  console.log(
    line([
      name,
      expected ?? 'none',
      top?.id ?? 'none',
      top?.confidence ?? '',
      share === undefined ? '' : `${Math.round(share * 100)} %`,
      ms('source'),
      ms('target'),
      place < 0 ? '-' : String(place + 1),
      falseAlarms.join(', '),
    ]),
  );
}

async function keep(folder: string, { name }: FaultScenario, { view, raw }: ExplainResult): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const side of sides) await writeFile(join(folder, `${name}.${side}.json`), raw[side] ?? '');
  await writeFile(join(folder, `${name}.diagnosis.json`), `${JSON.stringify(view.diagnosis ?? null, null, 2)}\n`);
}
