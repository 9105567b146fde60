/**
 * Real clusters on loopback, made for one run and gone after it: the demo, the tests and the benchmarks share them.
 *
 *     const pair = await startPlainPair({ scenario: 'rollup' });
 *     … pair.source.uri, pair.target.uri …
 *     await pair.stop();
 */
import { cp, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Side, sides } from '../../src/shared/side';
import { type Account, canReach, serverAccount } from './account';
import { type ClusterSpec, createCitusCluster, createPlainCluster, type LabCluster } from './cluster';
import { externalCluster } from './external';
import type { PostgresInstallation } from './installation';
import { findCitus, findPostgres, requirePostgres } from './installations';
import { LabUnavailable } from './lab-unavailable';
import { createRunFolder } from './run-folder';
import { appOwner, setUpRollup } from './scenarios/rollup';
import { initializeDataDirectory } from './server';

export type ScenarioName = 'rollup' | 'none';

export interface LabPair {
  kind: 'plain' | 'citus' | 'external';
  source: LabCluster;
  target: LabCluster;
  /** JIT can fire on the target. */
  jit: boolean;
  /** Ends the servers and removes everything. External servers are left alone. */
  stop(): Promise<void>;
}

export interface PlainPairOptions {
  /** Major version of each side; default: the best PostgreSQL found, for both. */
  source?: number;
  target?: number;
  scenario?: ScenarioName;
}

/** Two PostgreSQL servers. Rejects with {@link LabUnavailable} when a version asked for is not there. */
export async function startPlainPair(options: PlainPairOptions = {}): Promise<LabPair> {
  const best = options.scenario === 'rollup' ? await bestForRollup() : await requirePostgres();
  const source = options.source === undefined ? best : await requirePostgres(options.source);
  const target = options.target === undefined ? best : await requirePostgres(options.target);
  return startPair('plain', { source, target }, createPlainCluster, options.scenario ?? 'none');
}

export interface CitusPairOptions {
  scenario?: ScenarioName;
  /** The source runs what the target runs, so that their versions make no difference. */
  sameVersion?: boolean;
  /** Of each side; 2 unless told otherwise. */
  workers?: number;
}

/** Two Citus clusters, each a coordinator and its workers. Rejects with {@link LabUnavailable} when no Citus is found. */
export async function startCitusPair(options: CitusPairOptions = {}): Promise<LabPair> {
  const { source, target } = await findCitus();
  const installations = { source: options.sameVersion ? target : source, target };
  const create = (spec: ClusterSpec) => createCitusCluster({ ...spec, workers: options.workers });
  return startPair('citus', installations, create, options.scenario ?? 'none');
}

/** The clusters that CUTOVER_SOURCE_URI and CUTOVER_TARGET_URI name. Nothing is created there, nothing stopped. */
export async function externalPair(): Promise<LabPair> {
  const uris = { source: process.env.CUTOVER_SOURCE_URI, target: process.env.CUTOVER_TARGET_URI };
  if (!uris.source || !uris.target) {
    throw new LabUnavailable('No external pair', 'set CUTOVER_SOURCE_URI and CUTOVER_TARGET_URI.');
  }
  const [source, target] = await Promise.all([externalCluster(uris.source), externalCluster(uris.target)]);
  return { kind: 'external', source, target, jit: await hasJit(target), stop: async () => {} };
}

/** The fault of the scenario needs a planner that prices disabled nodes, as up to PostgreSQL 17, and shows best with JIT. */
async function bestForRollup(): Promise<PostgresInstallation> {
  const pricing = (await findPostgres()).filter(found => found.majorVersion <= 17);
  return pricing[0] ?? (await requirePostgres());
}

async function startPair(
  kind: 'plain' | 'citus',
  installations: Record<Side, PostgresInstallation>,
  create: (spec: ClusterSpec) => Promise<LabCluster>,
  scenario: ScenarioName,
): Promise<LabPair> {
  if (process.platform === 'win32') {
    throw new LabUnavailable('No lab on Windows', 'run it in WSL, or set CUTOVER_SOURCE_URI and CUTOVER_TARGET_URI.');
  }
  const account = await serverAccount();
  const run = await createRunFolder('lab');
  try {
    const templates = new Map<string, Promise<Template>>();
    const cluster = async (side: Side): Promise<LabCluster> => {
      const installation = installations[side];
      let template = templates.get(installation.binDir);
      if (!template) {
        template = createTemplate(installation, account, join(run.path, `t${templates.size + 1}`));
        templates.set(installation.binDir, template);
      }
      const created = await create({
        account,
        folder: join(run.path, side === 'source' ? 's' : 't'),
        ...(await template),
      });
      if (scenario === 'none') return created;
      created.uri = created.uri.replace('//postgres@', `//${appOwner}@`);
      await setUpRollup(created, side);
      return created;
    };
    const [source, target] = await Promise.all(sides.map(cluster));
    return { kind, source: source!, target: target!, jit: await hasJit(target!), stop: () => run.remove() };
  } catch (error) {
    await run.remove();
    throw error;
  }
}

interface Template {
  installation: PostgresInstallation;
  /** A fresh data directory, copied for every server: quicker than running initdb for each. */
  template: string;
}

async function createTemplate(found: PostgresInstallation, account: Account, folder: string): Promise<Template> {
  let installation = found;
  if (!(await canReach(account, join(found.binDir, 'postgres')))) {
    // A checkout below a private home folder: the account that runs the servers needs a copy it may read.
    await cp(dirname(found.binDir), join(folder, 'native'), { recursive: true, verbatimSymlinks: true });
    installation = { ...found, binDir: join(folder, 'native', 'bin') };
  }
  const template = join(folder, 'data');
  await mkdir(folder, { recursive: true });
  await initializeDataDirectory(installation, account, template);
  return { installation, template };
}

async function hasJit(cluster: LabCluster): Promise<boolean> {
  const [row] = await cluster.coordinator.query<{ jit: boolean }>('SELECT pg_jit_available() AS jit');
  return row?.jit === true;
}
