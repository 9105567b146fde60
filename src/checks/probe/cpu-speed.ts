/** How fast one core of a node is, and how much of it there was to be had while the node was probed. */
import * as z from 'zod/mini';
import type { CheckQuery } from '../check';

const cpuSchema = z.strictObject({
  repetitions: z.number(),
  /** Of one repetition; null when there was none. */
  shortestMs: z.nullable(z.number()),
  /** A tenth of the repetitions took no longer. */
  tenthMs: z.nullable(z.number()),
  totalMs: z.nullable(z.number()),
  /** Other statements that ran when it ended; null: the role may not see them. */
  others: z.nullable(z.number()),
});
export type Cpu = z.infer<typeof cpuSchema>;

export const cpuWork = { repetitions: 100, hashes: 20_000, longestSeconds: 1 };

/**
 * Hashes integers through the executor, again and again, each time for less than a scheduler lets another process run (some
 * 3 ms): so that the shortest is the core's own even where the core is shared, and what is longer tells how much of it was
 * to be had. Each step needs the value of the one below it, so that no clock is read before the work is done.
 */
export const cpuSpeed: CheckQuery<Cpu> = {
  name: 'probeCpu',
  nodes: 'every',
  sql: () => `SELECT json_build_object('repetitions', count(*), 'shortestMs', min(ms),
  'tenthMs', percentile_cont(0.1) WITHIN GROUP (ORDER BY ms), 'totalMs', sum(ms),
  'others', CASE WHEN pg_has_role('pg_read_all_stats', 'USAGE') THEN
     (SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()) END)
  FROM (SELECT CASE WHEN hashed IS NOT NULL THEN 1000 * extract(epoch FROM clock_timestamp() - began)::float8 END AS ms
          FROM (SELECT began, (SELECT max(hashint8extended(n, r)) FROM (SELECT generate_series(1, ${cpuWork.hashes}) AS n) AS numbers
                                WHERE began IS NOT NULL) AS hashed
                  FROM (SELECT r, clock_timestamp() AS began FROM generate_series(1, ${cpuWork.repetitions}) AS r
                         WHERE clock_timestamp() < (SELECT clock_timestamp() + interval '${cpuWork.longestSeconds} s') OFFSET 0) AS start
                OFFSET 0) AS work
        OFFSET 0) AS measured`,
  answer: cpuSchema,
};

/** Of a core that it had while it was measured: 1 is all of it. */
export function shareOf({ repetitions, shortestMs, totalMs }: Cpu): number {
  return Math.min(1, (repetitions * (shortestMs ?? 0)) / (totalMs || 1));
}
