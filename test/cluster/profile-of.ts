import type { ConnectionProfile } from '../../src/cluster/connection';
import type { SessionLimits } from '../../src/cluster/limits';
import type { LabServer } from '../lab/server';

export const limits: SessionLimits = {
  statementTimeoutMs: 20_000,
  lockTimeoutMs: 2_000,
  idleInTransactionTimeoutMs: 10_000,
};

/** How to connect to a server of the lab, as superuser unless told otherwise. */
export function profileOf(server: LabServer, changes: Partial<ConnectionProfile> = {}): ConnectionProfile {
  const { host, port, database, user } = server;
  return { host, port, database, user, sslmode: 'prefer', connectTimeoutMs: 5_000, ...changes };
}
