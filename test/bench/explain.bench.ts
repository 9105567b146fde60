/** Explaining a statement on both sides, from SQL text to the finished view, against two psql that only ask. */
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
import { figure, medianPairMs } from './measure';

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
    const job = (keeper?: SessionKeeper) => async () => {
      const { view } = await explainBothSides({ ...jobFor(sql, mode), sessions: keeper });
      for (const side of sides) if (view[side].error) throw new Error(`${side}: ${view[side].error.message}`);
    };
    const [warm, reference] = await medianPairMs(job(sessions), byPsql);
    const [cold, again] = await medianPairMs(job(), byPsql);
    figure(`${name}: two psql`, reference, 'ms');
    figure(`${name}: on both sides, sessions kept`, warm, 'ms');
    figure(`${name}: on both sides, logging in each time`, cold, 'ms');
    figure(`${name}: ratio, sessions kept`, warm / reference, '×', { atMost: 1.1 });
    figure(`${name}: ratio, logging in each time`, cold / again, '×', { atMost: 1.1 });
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
