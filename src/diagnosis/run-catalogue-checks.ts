/** Checks of the catalogue on both sides, read at the same time; one side's failure leaves the other's answers alone. */
import { findCheck, suggestCheck } from '../checks/catalogue';
import type { Check, CheckJudgement, SideReading } from '../checks/check';
import { connect } from '../cluster/connect';
import type { ClusterError } from '../cluster/errors';
import type { SessionLimits } from '../cluster/limits';
import { readCheckAnswers } from '../cluster/read-checks';
import { SessionKeeper } from '../cluster/session-keeper';
import type { CheckResult } from '../shared/check';
import type { BySide, Side } from '../shared/side';
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

interface SideOutcome {
  reading: SideReading;
  /** `host:port/database`; absent when it could not be reached. */
  address?: string;
}

/**
 * Gives each result as soon as it is judged, in the order of `ids`, and all of them at the end. An id that the catalogue
 * has not is an `error`. Rejects with a ClusterError when it is cancelled.
 */
export async function runCatalogueChecks(
  job: CheckJob,
  ids: readonly string[],
  onResult: (result: CatalogueResult) => void = () => {},
): Promise<CatalogueResult[]> {
  const began = performance.now();
  const checks = ids.flatMap(id => findCheck(id) ?? []);
  const outcomes = checks.length > 0 ? await readSides(job, checks) : undefined;
  return ids.map(id => {
    const check = findCheck(id);
    const judgement = check && outcomes ? check.judge(mapSides(side => outcomes[side].reading)) : unknownId(id);
    const result: CatalogueResult = {
      ...judgement,
      id,
      at: `${new Date().toISOString().slice(0, 19)}Z`,
      elapsedMs: Math.round(performance.now() - began),
    };
    for (const side of check?.sides ?? []) {
      const address = outcomes?.[side].address;
      if (address !== undefined) result[side] = address;
    }
    onResult(result);
    return result;
  });
}

async function readSides(job: CheckJob, checks: readonly Check[]): Promise<BySide<SideOutcome>> {
  const outcomes = await settle(bySide(side => readSide(job, side, checks)));
  return mapSides(side => {
    const { value, error } = outcomes[side];
    if (error?.reason === 'cancelled') throw error;
    return value ?? { reading: silentSide(job[side], error!) };
  });
}

async function readSide(job: CheckJob, side: Side, checks: readonly Check[]): Promise<SideOutcome> {
  const asked = checks.filter(({ sides }) => sides.includes(side));
  const { settings, password } = job[side];
  if (asked.length === 0) return { reading: { user: settings.user ?? '', nodes: [] } };
  const { limits, signal, onSideDone } = job;
  const keeper = job.sessions ?? new SessionKeeper(0);
  const session = await connect(settings, { stored: password, limits, signal }, (...login) => keeper.lend(...login));
  try {
    return { reading: await readCheckAnswers(session, asked, { signal }), address: session.address };
  } finally {
    onSideDone?.(side);
    await keeper.giveBack(session);
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
