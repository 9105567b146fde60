/** How long one session may hold on to things. Milliseconds; 0 means no limit and is the user's own choice. */
export interface SessionLimits {
  statementTimeoutMs: number;
  lockTimeoutMs: number;
  idleInTransactionTimeoutMs: number;
  /** Overrides the profile's; at least as long as a login takes. */
  connectTimeoutMs?: number | undefined;
}

export const defaultLimits: SessionLimits = {
  statementTimeoutMs: 60_000,
  lockTimeoutMs: 2_000,
  idleInTransactionTimeoutMs: 30_000,
};
