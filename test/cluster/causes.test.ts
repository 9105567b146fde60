import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair, startPlainPair } from '../lab/lab';
import { faultScenarios } from '../lab/scenarios/faults/all';
import { obstacle, runScenario } from '../lab/scenarios/faults/run';
import type { LabKind } from '../lab/scenarios/faults/scenario';

const missingCitus = await whyNoCitus();
if (missingCitus) console.warn(`SKIPPED: causes on Citus. ${missingCitus}`);

/** Those whose fault makes a difference many times the noise of a busy machine; all are in `npm run bench:causes`. */
describe('the fault that was injected comes out on top', () => {
  runAll('plain', () => startPlainPair(), [
    'jit_forced',
    'index_missing',
    'memory_setting',
    'lock_wait',
    'slow_trigger',
  ]);
});

describe.skipIf(missingCitus)('the fault that was injected into a Citus cluster comes out on top', () => {
  runAll('citus', () => startCitusPair({ sameVersion: true }), ['citus_jit_forced', 'citus_one_connection']);
});

function runAll(kind: LabKind, start: () => Promise<LabPair>, names: string[]): void {
  let pair: LabPair;
  beforeAll(async () => {
    pair = await start();
  });
  afterAll(() => pair?.stop());

  const scenarios = faultScenarios.filter(({ name }) => names.includes(name));
  test.for(scenarios)('$name: $expected', { retry: 2 }, async (scenario, { skip }) => {
    const why = obstacle(pair, scenario);
    if (why) skip(why);
    const { diagnosis } = (await runScenario(pair, scenario)).view;
    expect(diagnosis?.causes[0]?.id).toBe(scenario.expected);
    expect(diagnosis?.causes[0]?.evidence).not.toEqual([]);
  });

  const noFault = faultScenarios.find(({ cluster, expected }) => cluster === kind && expected === undefined)!;
  // What slows one side for a moment, as other work on the machine does, is rightly seen; it does not come twice.
  test('and none where there is no fault', { retry: 2 }, async () => {
    const { diagnosis } = (await runScenario(pair, noFault)).view;
    expect(diagnosis).toBeDefined();
    expect(diagnosis?.causes).toEqual([]);
  });
}
