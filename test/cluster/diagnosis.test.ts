import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseConnectionUri } from '../../src/cluster/connection-uri';
import { defaultLimits } from '../../src/cluster/limits';
import { explainBothSides } from '../../src/diagnosis/explain-both-sides';
import type { ExplainJob } from '../../src/diagnosis/explain-job';
import { type PlanDiffView, planDiffViewSchema } from '../../src/shared/plan-diff';
import type { Side } from '../../src/shared/side';
import { whyNoCitus } from '../lab/installations';
import { type LabPair, startCitusPair, startPlainPair } from '../lab/lab';
import { rollupStatement } from '../lab/scenarios/rollup';

const missing = await whyNoCitus();
if (missing) console.warn(`SKIPPED: every test on Citus. ${missing}`);

describe.each(['plain', 'citus'] as const)('the rollup on a %s pair', kind => {
  const skipped = kind === 'citus' && missing !== undefined;
  let pair: LabPair;
  beforeAll(async () => {
    if (skipped) return;
    pair =
      kind === 'citus' ? await startCitusPair({ scenario: 'rollup' }) : await startPlainPair({ scenario: 'rollup' });
  });
  afterAll(() => pair?.stop());

  async function explained(changes: Partial<ExplainJob> = {}) {
    const on = (side: Side) => {
      const { settings } = parseConnectionUri(pair[side].uri);
      return { side, settings, label: side, color: 'charts.blue', protected: side === 'source' };
    };
    const views: PlanDiffView[] = [];
    const result = await explainBothSides({
      migration: 'story',
      source: on('source'),
      target: on('target'),
      sql: await rollupStatement(),
      mode: 'plain',
      analyzeWrites: [],
      limits: defaultLimits,
      onPlans: view => views.push(view),
      ...changes,
    });
    return { ...result, views };
  }

  test.skipIf(skipped)('shows the plans first, and then the cause with the setting and who set it', async () => {
    const { view, views, facts, found } = await explained();
    expect(views).toHaveLength(1);
    const { diagnosis, ...plans } = view;
    expect(views[0]).toEqual(plans);
    expect(planDiffViewSchema.safeParse(view).error).toBeUndefined();
    expect(diagnosis).toMatchObject({ slower: 'target', experiments: [], notes: [] });
    expect(found.map(({ title }) => title)).toEqual(diagnosis!.causes.map(({ title }) => title));
    for (const side of ['source', 'target'] as const) {
      expect(facts[side]!.unread).toEqual([]);
      expect(facts[side]!.nodes).toHaveLength(kind === 'citus' ? 3 : 1);
      expect(facts[side]!.relations.map(({ name }) => name).sort()).toEqual([
        'apps',
        'events',
        'latency_buckets',
        'rollups',
      ]);
    }
    if (!pair.jit) return;
    const [first] = diagnosis!.causes;
    expect(first).toMatchObject({ id: 'jit.forced', side: 'target', confidence: 'observed' });
    const workers = new Set(pair.target.workers.map(({ host, port }) => `${host}:${port}`));
    const setting = first!.evidence.find(({ what }) => what === 'enable_nestloop');
    expect(setting).toMatchObject({ target: 'off, set for the role app_owner', source: 'on, built-in value' });
    if (kind === 'citus') expect(workers).toContain(setting!.node);
    expect(first!.remedy!.steps.map(({ sql }) => sql).join()).toContain('ALTER ROLE app_owner');
  });

  test.skipIf(skipped)('explains what was executed on the target alone', async () => {
    const { view, facts } = await explained({ mode: 'analyze', analyzeWrites: ['target'] });
    expect(view.source.executionMs).toBeUndefined();
    expect(view.diagnosis!.slower).toBe('target');
    expect(facts.source!.waits).toBeUndefined();
    if (!pair.jit) return;
    expect(view.diagnosis!.causes[0]).toMatchObject({ id: 'jit.forced' });
    expect(view.diagnosis!.causes[0]!.explainedMs).toBeGreaterThan(50);
    // It ran long enough to be looked at.
    expect(facts.target!.waits!.samples).toBeGreaterThan(0);
  });

  test.skipIf(skipped)('says nothing of a side without a plan', async () => {
    const { view, facts, found, views } = await explained({ sql: 'SELECT no_such_column FROM analytics.apps' });
    expect(view.diagnosis).toBeUndefined();
    expect([facts, found]).toEqual([{ source: undefined, target: undefined }, []]);
    expect(views).toEqual([view]);
  });
});
