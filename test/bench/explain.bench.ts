/**
 * Explaining a statement on both sides, against two psql that only ask: from SQL text to the view of both plans, which is what
 * psql shows, and to its diagnosis, for which settings, tables and statistics are read besides.
 */
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseConnectionUri } from '../../src/cluster/connection-uri';
import { defaultLimits } from '../../src/cluster/limits';
import { SessionKeeper } from '../../src/cluster/session-keeper';
import { explainBothSides } from '../../src/diagnosis/explain-both-sides';
import type { ExplainJob } from '../../src/diagnosis/explain-job';
import { type Side, sides } from '../../src/shared/side';
import { startPlainPair } from '../lab/lab';
import { rollupStatement } from '../lab/scenarios/rollup';
import { countedRuns, figure, median, medianPairMs } from './measure';

const execute = promisify(execFile);

const pair = await startPlainPair({ scenario: 'rollup' });
const sessions = new SessionKeeper();
try {
  const read = `SELECT app_id, count(*), sum(bytes) FROM analytics.events GROUP BY app_id`;
  const statements: [name: string, sql: string, mode: ExplainJob['mode']][] = [
    ['plain, rollup', await rollupStatement(), 'plain'],
    ['analyze, read', read, 'analyze'],
  ];
  const psql = await findPsql();
  for (const [name, sql, mode] of statements) {
    const options =
      mode === 'analyze' ? 'ANALYZE, VERBOSE, BUFFERS, SETTINGS, WAL' : 'VERBOSE, BUFFERS, SETTINGS, SUMMARY';
    const ask = (side: Side) =>
      execute(psql, ['-X', '-q', '-A', '-t', '-d', pair[side].uri, '-c', `EXPLAIN (${options}, FORMAT JSON) ${sql}`]);
    const byPsql = () => Promise.all(sides.map(ask));
    for (const [how, keeper] of [
      ['sessions kept', sessions],
      ['logging in each time', undefined],
    ] as const) {
      const shown: number[] = [];
      const explained = async () => {
        const startedAt = performance.now();
        const onPlans = () => shown.push(performance.now() - startedAt);
        const { view } = await explainBothSides({ ...jobFor(sql, mode), sessions: keeper, onPlans });
        for (const side of sides) if (view[side].error) throw new Error(`${side}: ${view[side].error.message}`);
        if (!view.diagnosis || view.diagnosis.notes.length > 0) throw new Error('The diagnosis is not complete.');
      };
      const [whole, reference] = await medianPairMs(explained, byPsql);
      const plans = median(shown.slice(-countedRuns));
      figure(`${name}: two psql`, reference, 'ms');
      figure(`${name}: plans of both sides, ${how}`, plans, 'ms');
      figure(`${name}: with diagnosis, ${how}`, whole, 'ms');
      figure(`${name}: ratio of the plans, ${how}`, plans / reference, '×', { atMost: 1.1 });
      figure(`${name}: ratio with diagnosis, ${how}`, whole / reference, '×', { atMost: 1.5 });
    }
  }
} finally {
  await sessions.dispose();
  await pair.stop();
}

function jobFor(sql: string, mode: ExplainJob['mode']): ExplainJob {
  const on = (side: Side) => {
    const { settings } = parseConnectionUri(pair[side].uri);
    return { side, settings, label: side, color: 'charts.blue', protected: false };
  };
  return {
    migration: 'bench',
    source: on('source'),
    target: on('target'),
    sql,
    mode,
    analyzeWrites: [],
    limits: defaultLimits,
  };
}

/** The one beside the server, else the one in the PATH; embedded servers bring none. */
async function findPsql(): Promise<string> {
  const beside = join(pair.source.coordinator.binDir, 'psql');
  return access(beside).then(
    () => beside,
    () => 'psql',
  );
}
