/**
 * Two plans side by side as they are drawn, printed and recorded. Times are milliseconds, sizes bytes or 8 kB pages as named.
 */
import * as z from 'zod/mini';
import { diagnosisSchema } from './diagnosis';

const side = z.enum(['source', 'target']);
const figure = z.optional(z.number());

export const statementClassSchema = z.enum(['read', 'write', 'utility', 'unknown']);
export type StatementClass = z.infer<typeof statementClassSchema>;

/** Families of work, for colour and legend; every category also has a word. */
export const categories = ['jit', 'scan', 'join', 'sort', 'aggregate', 'write', 'coordinator', 'other'] as const;
export const categorySchema = z.enum(categories);
export type Category = z.infer<typeof categorySchema>;

/** Pages (8 kB blocks) touched. */
export const buffersSchema = z.strictObject({
  sharedHit: z.number(),
  sharedRead: z.number(),
  sharedDirtied: z.number(),
  sharedWritten: z.number(),
  localHit: z.number(),
  localRead: z.number(),
  tempRead: z.number(),
  tempWritten: z.number(),
});
export type Buffers = z.infer<typeof buffersSchema>;

export const viewErrorSchema = z.strictObject({
  /** Stable word for programs, as `unreachable`, `authentication`, `cancelled`, `syntax`. */
  reason: z.string(),
  message: z.string(),
  sqlstate: z.optional(z.string()),
  /** 1-based character in the statement the user wrote. */
  position: z.optional(z.number()),
  detail: z.optional(z.string()),
  hint: z.optional(z.string()),
  /** What to do next, one sentence. */
  next: z.optional(z.string()),
});
export type ViewError = z.infer<typeof viewErrorSchema>;

export const jitViewSchema = z.strictObject({
  totalMs: z.number(),
  functions: z.number(),
  inlining: z.boolean(),
  optimization: z.boolean(),
});
export type JitView = z.infer<typeof jitViewSchema>;

export const taskViewSchema = z.strictObject({
  /** `host:port` of the worker. */
  node: z.string(),
  executionMs: figure,
  jitMs: figure,
  /** Set when the task's plan could not be had. */
  error: z.optional(z.string()),
});
export type TaskView = z.infer<typeof taskViewSchema>;

export const sideViewSchema = z.strictObject({
  side,
  label: z.string(),
  color: z.string(),
  /** `host:port/database`. */
  address: z.optional(z.string()),
  postgresVersion: z.optional(z.string()),
  citusVersion: z.optional(z.string()),
  status: z.enum(['ok', 'error']),
  error: z.optional(viewErrorSchema),
  planningMs: figure,
  executionMs: figure,
  totalCost: figure,
  rowsEstimated: figure,
  rowsActual: figure,
  buffers: z.optional(buffersSchema),
  jit: z.optional(jitViewSchema),
  /** Settings that differ from their defaults, as EXPLAIN (SETTINGS) says; on Citus the coordinator's only. */
  settings: z.optional(z.record(z.string(), z.string())),
  tasks: z.optional(
    z.strictObject({
      /** How many tasks the statement has. */
      total: z.number(),
      /** Distinct nodes among the tasks that EXPLAIN showed. */
      nodes: z.number(),
      /** How the server put it: `All`, `One of 8`, … */
      shown: z.string(),
      list: z.array(taskViewSchema),
    }),
  ),
  /** Where the wall time goes; sums to executionMs when ANALYZE ran, empty otherwise. */
  composition: z.array(z.strictObject({ category: categorySchema, ms: z.number() })),
  /** Every statement sent to the server, in order. */
  sent: z.array(z.string()),
  notices: z.array(z.string()),
});
export type SideView = z.infer<typeof sideViewSchema>;

export const cellSchema = z.strictObject({
  /** Index of the node in its plan, for `details`; JIT lines have none. */
  node: z.optional(z.number()),
  /** `Seq Scan on events`. */
  name: z.string(),
  /** What tells it from its like: `quicksort, 197 kB`, `8 tasks`. */
  detail: z.optional(z.string()),
  category: categorySchema,
  selfMs: figure,
  totalMs: figure,
  rowsEstimated: figure,
  rowsActual: figure,
  loops: figure,
  totalCost: figure,
  pages: figure,
  tempPages: figure,
  neverExecuted: z.optional(z.boolean()),
  /** EXPLAIN gave an error text instead of a plan here. */
  error: z.optional(z.string()),
});
export type Cell = z.infer<typeof cellSchema>;

export const markSchema = z.enum(['same', 'changed', 'sourceOnly', 'targetOnly']);
export type Mark = z.infer<typeof markSchema>;

/** One line of the aligned trees, in preorder. */
export const rowSchema = z.strictObject({
  depth: z.number(),
  /** How many of the following rows lie below this one. */
  descendants: z.number(),
  mark: markSchema,
  /** Nothing in this row nor below it differs: folds by default when large. */
  equal: z.boolean(),
  source: z.optional(cellSchema),
  target: z.optional(cellSchema),
  /** What differs, in words: `index events_pkey → events_created_at_idx`. */
  changes: z.array(z.string()),
});
export type Row = z.infer<typeof rowSchema>;

export const differenceSchema = z.strictObject({
  kind: z.enum(['structure', 'setting', 'spill', 'estimate', 'work', 'time']),
  /** Row it belongs to, if any. */
  row: z.optional(z.number()),
  title: z.string(),
  source: z.string(),
  target: z.string(),
});
export type Difference = z.infer<typeof differenceSchema>;

export const planDiffViewSchema = z.strictObject({
  version: z.literal(1),
  /** Stable id of this result within the workspace. */
  id: z.string(),
  /** When it was taken, ISO 8601 in UTC. */
  at: z.string(),
  migration: z.string(),
  analyzed: z.boolean(),
  statement: z.strictObject({
    sql: z.string(),
    /** One line for the header. */
    title: z.string(),
    class: statementClassSchema,
    parameters: z.array(z.strictObject({ name: z.string(), value: z.nullable(z.string()) })),
  }),
  verdict: z.strictObject({
    sentence: z.string(),
    /** target / source of what `basis` names; absent when one side has none. */
    ratio: figure,
    basis: z.enum(['executionMs', 'totalCost', 'none']),
    tone: z.enum(['slower', 'faster', 'equal', 'unknown']),
  }),
  source: sideViewSchema,
  target: sideViewSchema,
  rows: z.array(rowSchema),
  differences: z.array(differenceSchema),
  /** Why one side is slower; absent when one side gave no plan. */
  diagnosis: z.optional(diagnosisSchema),
  /** What could not be read or must be known when reading the figures. */
  notes: z.array(z.string()),
});
export type PlanDiffView = z.infer<typeof planDiffViewSchema>;

/** Everything one row's two nodes said, for the details pane. Values are text as EXPLAIN gave them. */
export const rowDetailsSchema = z.array(
  z.strictObject({
    name: z.string(),
    source: z.optional(z.string()),
    target: z.optional(z.string()),
    differs: z.boolean(),
  }),
);
export type RowDetails = z.infer<typeof rowDetailsSchema>;
