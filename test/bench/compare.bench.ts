/**
 * Comparing two clusters by the whole catalogue, against two psql that log in and ask each node one thing: wall time as shards
 * and tables grow, and how many transactions it takes. On Citus where it is found, else on plain PostgreSQL.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { checksToCompare } from '../../src/checks/catalogue';
import { parseConnectionUri } from '../../src/cluster/connection-uri';
import { defaultLimits } from '../../src/cluster/limits';
import { Session } from '../../src/cluster/session';
import { SessionKeeper } from '../../src/cluster/session-keeper';
import { compareClusters } from '../../src/diagnosis/compare-clusters';
import { type Side, sides } from '../../src/shared/side';
import { type LabPair, startCitusPair, startPlainPair } from '../lab/lab';
import { LabUnavailable } from '../lab/lab-unavailable';
import { figure, medianPairMs } from './measure';

const execute = promisify(execFile);
const runs = { warmups: 1, runs: 5 };
const asked = checksToCompare().length;

/** Transactions that were sent, on both sides. */
let transactions = 0;
const { transaction } = Session.prototype;
Session.prototype.transaction = function (...given) {
  transactions++;
  return transaction.apply(this, given);
};

await measure(await startPlainPair(), [10, 1000], 'tables', (count, side) =>
  side.query(
    `DO $$ BEGIN FOR i IN 1..${count} LOOP EXECUTE format('CREATE TABLE IF NOT EXISTS t%s (id int PRIMARY KEY, note text)', i); END LOOP; END $$`,
  ),
);
try {
  await measure(await startCitusPair(), [32, 256, 1024], 'shards', async (count, side) => {
    await side.query('DROP TABLE IF EXISTS wide');
    await side.query('CREATE TABLE wide (id bigint PRIMARY KEY, note text)');
    await side.query(`SELECT create_distributed_table('wide', 'id', shard_count := ${count})`);
  });
} catch (error) {
  if (!(error instanceof LabUnavailable)) throw error;
  console.log(`SKIPPED: shards on Citus: ${error.message}`);
}

type Coordinator = LabPair['source']['coordinator'];

async function measure(
  pair: LabPair,
  counts: readonly number[],
  what: string,
  grow: (count: number, side: Coordinator) => Promise<unknown>,
): Promise<void> {
  const sessions = new SessionKeeper();
  const on = (side: Side) => {
    const { settings } = parseConnectionUri(pair[side].uri);
    return { side, settings, label: side, color: 'charts.blue', protected: false };
  };
  const nodes = 1 + pair.source.workers.length;
  const each = pair.kind === 'citus' ? 'SELECT * FROM run_command_on_workers($$SELECT 1$$)' : 'SELECT 1';
  const byPsql = () => Promise.all(sides.map(side => execute('psql', ['-X', '-q', '-d', pair[side].uri, '-c', each])));
  const compare = async () => {
    const job = { migration: 'bench', source: on('source'), target: on('target'), limits: defaultLimits, sessions };
    const { checks } = await compareClusters(job);
    if (checks.length !== asked) throw new Error('Not every check was asked.');
  };
  try {
    for (const count of counts) {
      for (const side of sides) await grow(count, pair[side].coordinator);
      const [whole, reference] = await medianPairMs(compare, byPsql, runs);
      transactions = 0;
      await compare();
      const name = `${nodes} ${nodes === 1 ? 'node' : 'nodes'} a side, ${count} ${what}`;
      figure(`${name}: ${asked} checks`, whole, 'ms');
      figure(`${name}: two psql that ask each node one thing`, reference, 'ms');
      figure(`${name}: ratio`, whole / reference, '×');
      figure(`${name}: transactions, both sides`, transactions, '');
    }
  } finally {
    await sessions.dispose();
    await pair.stop();
  }
}
