/** What a check asked and what came of it, as host, command line and playbook say it to each other. */
import * as z from 'zod/mini';
import { sides } from './side';

/**
 * `pass` and `fail` are judgements. `unknown`: it could not be judged, as a node did not answer, a privilege is missing, or a
 * value is NULL. `error`: it was not asked, or could not be: refused, malformed, or the statement failed.
 */
export const checkVerdicts = ['pass', 'fail', 'unknown', 'error'] as const;
export const checkVerdictSchema = z.enum(checkVerdicts);
export type CheckVerdict = z.infer<typeof checkVerdictSchema>;

/** Where a check in SQL is asked: the coordinators of both sides or of one, or every node of both sides. */
export const checkPlaces = ['both', 'source', 'target', 'workers'] as const;
export type CheckPlace = (typeof checkPlaces)[number];

/** Why a node gave no rows. */
export const checkProblemSchema = z.strictObject({
  /** `refused`: by Cutover's own rules, nothing was sent. */
  kind: z.enum(['refused', 'failed', 'unreachable', 'cancelled']),
  message: z.string(),
  sqlstate: z.optional(z.string()),
  /** UTF-16 offset into the check's SQL. */
  offset: z.optional(z.number()),
  /** What to do about it. */
  next: z.optional(z.string()),
});
export type CheckProblem = z.infer<typeof checkProblemSchema>;

/** What one node answered. Values are the server's own text; null is NULL. */
export const nodeAnswerSchema = z.strictObject({
  side: z.enum(sides),
  /** `host:port`. */
  node: z.string(),
  role: z.enum(['coordinator', 'worker']),
  columns: z.array(z.strictObject({ name: z.string(), type: z.string() })),
  rows: z.array(z.array(z.nullable(z.string()))),
  /** There were more rows, or more text, than are read. */
  truncated: z.boolean(),
  elapsedMs: z.number(),
  problem: z.optional(checkProblemSchema),
});
export type NodeAnswer = z.infer<typeof nodeAnswerSchema>;

/** What a judge says of answers. All of it is plain text, in which names and values of a server may stand. */
export const judgementSchema = z.strictObject({
  verdict: checkVerdictSchema,
  /** One line: `both sides: 15.4, Citus 11.1.7`. */
  summary: z.string(),
  /** Evidence, a line each: what differs, on which node. */
  details: z.array(z.string()),
  /** For a diff, where both sides should say the same: the source's text and the target's. */
  expected: z.optional(z.string()),
  actual: z.optional(z.string()),
  /** SQL that would mend it, as the user would run it; Cutover never does. */
  remedy: z.optional(z.string()),
});
export type Judgement = z.infer<typeof judgementSchema>;

/** A check that was run. */
export const checkResultSchema = z.extend(judgementSchema, {
  /** The check's id in its playbook. */
  id: z.string(),
  /** When it ended, ISO 8601 in UTC, to the second. */
  at: z.string(),
  elapsedMs: z.number(),
  /** `host:port/database` of each side that was asked. */
  source: z.optional(z.string()),
  target: z.optional(z.string()),
});
export type CheckResult = z.infer<typeof checkResultSchema>;
