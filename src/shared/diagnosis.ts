/**
 * Why one side is slower, with evidence of both, and what experiments showed. Times are milliseconds. Every text is
 * plain text: names and SQL in it come from servers and are as hostile as those.
 */
import * as z from 'zod/mini';

const side = z.enum(['source', 'target']);
const figure = z.optional(z.number());

/**
 * `verified`: an experiment showed it. `observed`: read off. `derived`: computed from what was read. `suspected`: fits,
 * unproven. `unknown`: what would tell could not be read.
 */
export const confidenceSchema = z.enum(['verified', 'observed', 'derived', 'suspected', 'unknown']);
export type Confidence = z.infer<typeof confidenceSchema>;

/** One thing that was seen, on both sides where both have it. Values are text with their unit. */
export const evidenceSchema = z.strictObject({
  /** What was looked at: `JIT of the slowest task`, `enable_nestloop`. */
  what: z.string(),
  source: z.optional(z.string()),
  target: z.optional(z.string()),
  /** `host:port` of the node it was seen on; absent for the whole cluster or a plain server. */
  node: z.optional(z.string()),
});
export type Evidence = z.infer<typeof evidenceSchema>;

export const remedyStepSchema = z.strictObject({
  /** A plain server is its own coordinator. */
  on: z.enum(['coordinator', 'workers', 'everyNode']),
  /** One statement or script, for the user to run. Identifiers in it are quoted. */
  sql: z.string(),
  /** What others wait for while it runs; `none` where nobody does. */
  lock: z.string(),
  /** SQL that takes it back, or a sentence why nothing needs to be. */
  rollback: z.string(),
});
export type RemedyStep = z.infer<typeof remedyStepSchema>;

/** Where a step runs, in words. */
export const stepPlaces: Record<RemedyStep['on'], string> = {
  coordinator: 'on the coordinator',
  workers: 'on each worker',
  everyNode: 'on the coordinator and on each worker',
};

export const remedySchema = z.strictObject({
  /** One sentence. */
  summary: z.string(),
  side,
  steps: z.array(remedyStepSchema),
  /** How to see that it helped. */
  verify: z.string(),
});
export type Remedy = z.infer<typeof remedySchema>;

export const causeSchema = z.strictObject({
  /** Of the catalogue: `jit.forced`. */
  id: z.string(),
  /** Where it holds: the slower side, as a rule. */
  side,
  /** One sentence with this case's figures. */
  title: z.string(),
  /** One sentence: what such a cause means. */
  meaning: z.string(),
  confidence: confidenceSchema,
  /** How much of this side's execution time it accounts for. */
  explainedMs: figure,
  /** The same as a share of the difference between the sides, 0 to 1, where both were timed. */
  explainedShare: figure,
  evidence: z.array(evidenceSchema),
  remedy: z.optional(remedySchema),
  /** Where the rule comes from: a section of PostgreSQL's or Citus's documentation, or a measurement. */
  reference: z.string(),
  /** Rows of the plan diff that show it. */
  rows: z.array(z.number()),
});
export type Cause = z.infer<typeof causeSchema>;

/** A median with an interval that holds it with 95 % confidence. */
export const intervalSchema = z.strictObject({ median: z.number(), low: z.number(), high: z.number() });
export type Interval = z.infer<typeof intervalSchema>;

/** The statement run again on one side with exactly the named settings changed. */
export const experimentSchema = z.strictObject({
  side,
  /** What was set in the transaction, and what it was before there. */
  changed: z.array(z.strictObject({ name: z.string(), from: z.string(), to: z.string() })),
  /** Ids of the causes that it tests. */
  tests: z.array(z.string()),
  /** Whether plain EXPLAIN shows another plan (or another JIT decision) with it; absent when that could not be told. */
  planChanged: z.optional(z.boolean()),
  /** On Citus: the workers ran with it, as they said themselves; absent on plain PostgreSQL. */
  workersHeard: z.optional(z.boolean()),
  /** Execution times unchanged and changed, in the order they were taken, without the first of each. */
  unchangedMs: z.array(z.number()),
  changedMs: z.array(z.number()),
  unchanged: z.optional(intervalSchema),
  changedTo: z.optional(intervalSchema),
  /** Changed / unchanged. */
  ratio: z.optional(intervalSchema),
  /** Share of the difference between the sides that goes away, 0 to 1 and above. */
  explainedShare: figure,
  outcome: z.enum(['explains', 'helps', 'noEffect', 'worse', 'unclear', 'planOnly', 'failed', 'cancelled']),
  /** Why it failed, or what must be known when reading it. */
  note: z.optional(z.string()),
});
export type Experiment = z.infer<typeof experimentSchema>;

export const outcomeWords: Record<Experiment['outcome'], string> = {
  explains: 'explains it',
  helps: 'helps',
  noEffect: 'no effect',
  worse: 'worse',
  unclear: 'unclear',
  planOnly: 'plan only',
  failed: 'failed',
  cancelled: 'cancelled',
};

export const diagnosisSchema = z.strictObject({
  /** The side that is slower, or under suspicion where times cannot be compared; absent when nothing is to be explained. */
  slower: z.optional(side),
  /** Slower minus faster, where both were timed. */
  differenceMs: figure,
  /** Share of that which the causes account for together, 0 to 1. */
  explainedShare: figure,
  /** `63 % of the 1.2 s is explained.`, `Nothing differs beyond noise.` */
  sentence: z.string(),
  /** What explains most first. */
  causes: z.array(causeSchema),
  experiments: z.array(experimentSchema),
  /** What could not be looked at, and what would let it. */
  notes: z.array(z.string()),
});
export type Diagnosis = z.infer<typeof diagnosisSchema>;

/** What an experiment is doing right now. */
export const provingSchema = z.strictObject({
  /** `jit = off`. */
  changing: z.string(),
  /** Which experiment of how many are planned so far, from 1. */
  experiment: z.number(),
  experiments: z.number(),
  /** Timed runs done and planned; absent while only plans are looked at. */
  run: figure,
  runs: figure,
});
export type Proving = z.infer<typeof provingSchema>;
