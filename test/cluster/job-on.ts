import type { ExplainJob } from '../../src/diagnosis/explain-job';
import type { Side } from '../../src/shared/side';
import type { LabPair } from '../lab/lab';
import { limits } from './profile-of';

interface As {
  /** Default: the superuser. */
  user?: string;
  /** As it is unless somebody says otherwise. */
  sourceProtected: boolean;
}

/** A job on both coordinators of a lab: plain EXPLAIN unless `changes` say otherwise. */
export function jobOn(pair: LabPair, as: As, sql: string, changes: Partial<ExplainJob> = {}): ExplainJob {
  const on = (side: Side) => {
    const { host, port, database, user } = pair[side].coordinator;
    const settings = { host, port, database, user: as.user ?? user };
    const isProtected = side === 'source' && as.sourceProtected;
    return { side, settings, label: `The ${side}`, color: 'charts.blue', protected: isProtected };
  };
  return {
    migration: 'eu',
    source: on('source'),
    target: on('target'),
    sql,
    mode: 'plain',
    analyzeWrites: [],
    limits,
    ...changes,
  };
}
