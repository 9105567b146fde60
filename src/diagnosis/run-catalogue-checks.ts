/** Checks of the catalogue on both sides, read at the same time; one side's failure leaves the other's answers alone. */
import { findCheck, suggestCheck } from '../checks/catalogue';
import type { Check, CheckJudgement, SideReading } from '../checks/check';
import { connect } from '../cluster/connect';
import { ClusterError } from '../cluster/errors';
import type { SessionLimits } from '../cluster/limits';
import { readCheckAnswers } from '../cluster/read-checks';
import { SessionKeeper } from '../cluster/session-keeper';
import type { CheckResult } from '../shared/check';
import { type BySide, type Side, sides } from '../shared/side';
import { bySide, mapSides, settle } from './by-side';
import type { SideConnection } from './explain-job';

export interface CheckJob {
  source: SideConnection;
  target: SideConnection;
  limits: SessionLimits;
  signal?: AbortSignal | undefined;
  sessions?: SessionKeeper | undefined;
  onSideDone?: ((side: Side) => void) | undefined;
}

/** With what a finding is made of, which the result in a file has no room for. */
export type CatalogueResult = CheckResult & Omit<CheckJudgement, keyof CheckResult>;

/** What a side has answered so far. */
interface SideProgress {
  reading: SideReading;
  /** Names of queries that have all the answers that they will get. */
  settled: ReadonlySet<string> | 'all';
  /** `host:port/database`; absent when it could not be reached. */
  address?: string;
}

/**
 * Gives each result as soon as both sides have answered what it asks, and all of them at the end, in the order of `ids`. An
 * id that the catalogue has not is an `error`. Rejects with a ClusterError when it is cancelled.
 */
export async function runCatalogueChecks(
  job: CheckJob,
  ids: readonly string[],
  onResult: (result: CatalogueResult) => void = () => {},
): Promise<CatalogueResult[]> {
  const began = performance.now();
  const results = new Map<string, CatalogueResult>();
  const give = (id: string, judgement: CheckJudgement, addresses: Partial<BySide<string>> = {}) => {
    const at = `${new Date().toISOString().slice(0, 19)}Z`;
    const result = { ...judgement, id, at, elapsedMs: Math.round(performance.now() - began), ...addresses };
    results.set(id, result);
    onResult(result);
  };
  const open = new Map(ids.flatMap(id => findCheck(id) ?? []).map(check => [check.id, check]));
  for (const id of ids) if (!open.has(id)) give(id, unknownId(id));

  const checks = [...open.values()];
  const progress = mapSides((side): SideProgress => {
    const isAsked = checks.some(({ sides }) => sides.includes(side));
    const user = job[side].settings.user ?? '';
    return { reading: { user, nodes: [] }, settled: isAsked ? new Set() : 'all' };
  });
  const judgeSettled = () => {
    const has = (side: Side, name: string) => progress[side].settled === 'all' || progress[side].settled.has(name);
    for (const check of open.values()) {
      if (!check.sides.every(side => check.queries.every(({ name }) => has(side, name)))) continue;
      open.delete(check.id);
      const addresses = check.sides.flatMap(side => (progress[side].address ? [[side, progress[side].address]] : []));
      give(check.id, check.judge(mapSides(side => progress[side].reading)), Object.fromEntries(addresses));
    }
  };
  const read = bySide(async side => {
    const advance = (change: Partial<SideProgress>) => {
      Object.assign(progress[side], change);
      if (!job.signal?.aborted) judgeSettled();
    };
    if (progress[side].settled === 'all') return;
    const asked = checks.filter(({ sides }) => sides.includes(side));
    try {
      await readSide(job, side, asked, advance);
      advance({ settled: 'all' });
    } catch (error) {
      if (!(error instanceof ClusterError) || error.reason === 'cancelled') throw error;
      advance({ reading: silentSide(job[side], error), settled: 'all' });
    }
  });
  const outcomes = await settle(read);
  for (const side of sides) if (outcomes[side].error) throw outcomes[side].error;
  if (job.signal?.aborted)
    throw new ClusterError('cancelled', 'The checks were cancelled.', { next: 'Run them again when you need them.' });
  return ids.flatMap(id => results.get(id) ?? []);
}

async function readSide(
  job: CheckJob,
  side: Side,
  checks: readonly Check[],
  advance: (change: Partial<SideProgress>) => void,
): Promise<void> {
  let isAnswering = false;
  const read = async () => {
    const { settings, password } = job[side];
    const { limits, signal } = job;
    const keeper = job.sessions ?? new SessionKeeper(0);
    const session = await connect(settings, { stored: password, limits, signal }, (...login) => keeper.lend(...login));
    try {
      const { address } = session;
      const onSettled = (settled: ReadonlySet<string>, reading: SideReading) => {
        isAnswering = settled.size > 0;
        advance({ address, reading, settled });
      };
      await readCheckAnswers(session, checks, { signal, onSettled });
    } finally {
      await keeper.giveBack(session);
    }
  };
  try {
    await read().catch(error => {
      if (!isAnswering || !(error instanceof ClusterError) || error.reason === 'cancelled') throw error;
      // A worker that falls silent under a command takes the coordinator's backend along, which waits for it to take the
      // cancellation. Another session finds that worker silent, and asks the others.
      return read();
    });
  } finally {
    job.onSideDone?.(side);
  }
}

/** Stands where a side should: every check that asks it sees one node that did not answer. */
function silentSide({ label, settings }: SideConnection, { message, next, sqlstate }: ClusterError): SideReading {
  const problem = { kind: 'unreachable' as const, message, next, ...(sqlstate === undefined ? {} : { sqlstate }) };
  return {
    user: settings.user ?? '',
    nodes: [{ node: label, role: 'coordinator', answers: new Map(), problem }],
  };
}

function unknownId(id: string): CheckJudgement {
  const near = suggestCheck(id);
  const summary = `The catalogue has no check ${id}.${near === undefined ? '' : ` Did you mean ${near}?`}`;
  return { verdict: 'error', summary, details: [], differences: [], unknown: [], remedies: [] };
}
