/**
 * What host and page say about the statements inside a function or procedure. Times are milliseconds. SQL is as hostile
 * as the server it came from.
 */
import * as z from 'zod/mini';
import { planDiffViewSchema, statementClassSchema } from './plan-diff';

const figure = z.optional(z.number());

/**
 * Where the time of a nested statement comes from.
 * - `autoExplain`: measured in the call itself, with its plan.
 * - `statistics`: measured in the call itself, by pg_stat_statements (difference of before and after).
 * - `explainAnalyze`: the statement was run once on its own after the call.
 * - `none`: it was not executed on this side, or nothing could measure it.
 */
export const nestedTimeSchema = z.enum(['autoExplain', 'statistics', 'explainAnalyze', 'none']);
export type NestedTime = z.infer<typeof nestedTimeSchema>;

/** What one node's pg_stat_statements counted for a statement during the call; on Citus the tasks on one worker. */
export const nestedNodeSchema = z.strictObject({
  /** `host:port`. */
  node: z.string(),
  /** Executions there: on a worker one for each task. */
  calls: z.number(),
  /** Of all of them together: tasks run at the same time, so this may exceed the time of the statement. */
  totalMs: z.number(),
  /** JIT of all of them together; absent before PostgreSQL 15. */
  jitMs: figure,
});
export type NestedNode = z.infer<typeof nestedNodeSchema>;

export const nestedSideSchema = z.strictObject({
  /** How often it ran in the call; absent where that is not known. */
  calls: figure,
  /** Of all its calls together, the statements inside it included. */
  executionMs: figure,
  /** Of the call's time on this side, 0 to 1. */
  share: figure,
  timeFrom: nestedTimeSchema,
  /** JIT of all its calls together; on Citus of the slowest task. */
  jitMs: figure,
  /** The workers' own figures, the most time first. */
  nodes: z.optional(z.array(nestedNodeSchema)),
});
export type NestedSide = z.infer<typeof nestedSideSchema>;

/** A statement inside a call. Statements that repeat in a loop are one of these, with their number of calls. */
export const nestedStatementSchema = z.strictObject({
  /** Its place in the tree: `1`, `1.2`. */
  id: z.string(),
  /** Id of the statement whose function or trigger runs it; absent directly below the call. */
  parent: z.optional(z.string()),
  /** 0 directly below the call. */
  depth: z.number(),
  /** As written in the routine, or normalised (`$1` for constants) where only the server's statistics have it. */
  sql: z.string(),
  /**
   * With the call's values in place, so that it can be explained on its own; `$n` stands for those that are not known.
   * Absent where the text is not known before it runs, and for what EXPLAIN does not take.
   */
  explained: z.optional(z.string()),
  /** One line. */
  title: z.string(),
  class: statementClassSchema,
  /** `analytics.create_rollup(date,date)`, and the line in its body. */
  routine: z.optional(z.string()),
  line: figure,
  /** Absent: it is not among the statements of this side. */
  source: z.optional(nestedSideSchema),
  target: z.optional(nestedSideSchema),
  /** Its plans side by side; absent when neither side has one. */
  view: z.optional(planDiffViewSchema),
  /** Sentences: which values are not known, why there is no plan. */
  unresolved: z.array(z.string()),
});
export type NestedStatement = z.infer<typeof nestedStatementSchema>;

export const callSideSchema = z.strictObject({
  /** The call itself ran, and was rolled back. */
  executed: z.boolean(),
  /** Of the whole call, as the client saw it. */
  executionMs: figure,
  /** How its statements were found: one phrase for each way. */
  how: z.array(z.string()),
  /** What would show more, one sentence each: which grant, which setting. */
  missing: z.array(z.string()),
});
export type CallSide = z.infer<typeof callSideSchema>;

/** Everything inside one call, in the order it ran; a statement stands before the ones inside it. */
export const callViewSchema = z.strictObject({
  source: callSideSchema,
  target: callSideSchema,
  statements: z.array(nestedStatementSchema),
  notes: z.array(z.string()),
});
export type CallView = z.infer<typeof callViewSchema>;
