/**
 * `pg_stat_statements` of both sides, matched statement by statement, as it is drawn, printed and recorded. Times are
 * milliseconds, sizes bytes, pages 8 kB blocks; a figure that a server does not keep is absent, never zero.
 */
import * as z from 'zod/mini';
import { statementClassSchema, viewErrorSchema } from './plan-diff';

const side = z.enum(['source', 'target']);
const figure = z.optional(z.number());
const count = z.number();

/** How two entries were found to be the same statement. */
export const matchMethods = [
  /** The same text but for layout, case, comments, parameter numbers, list lengths, shards and the schema of the search path. */
  'exact',
  /** The same, run by another role. */
  'exactOtherRole',
  /** The same parse tree: parentheses, casts of parameters and aliases differ. */
  'tree',
  /** The user said so. */
  'pinned',
  /** The parser's fingerprint is the same, which also takes some different statements for one: a proposal. */
  'fingerprint',
  /** A text was cut off; what is left of it is alike: a proposal. */
  'similar',
] as const;
export const matchMethodSchema = z.enum(matchMethods);
export type MatchMethod = z.infer<typeof matchMethodSchema>;

export const matchWords: Record<MatchMethod, string> = {
  exact: 'exact',
  exactOtherRole: 'exact, other role',
  tree: 'same tree',
  pinned: 'pinned',
  fingerprint: 'proposed: fingerprint',
  similar: 'proposed: similar text',
};

/** Pairs that nobody confirmed yet count neither as regressions nor in any total. */
export function isProposed(match: MatchMethod | undefined): boolean {
  return match === 'fingerprint' || match === 'similar';
}

export const verdicts = [
  'regression',
  'improvement',
  /** Below one of the gates: nothing to conclude. */
  'same',
  /** Too few calls, or too much spread, to tell a difference of this size from chance. */
  'noise',
  /** Rows per call differ: the data or the work do, so that times say nothing about the cluster. */
  'differentData',
  /** A proposed pair. */
  'unconfirmed',
  /** Run on one side only, in what was observed. */
  'onlySource',
  'onlyTarget',
] as const;
export const verdictSchema = z.enum(verdicts);
export type StatementVerdict = z.infer<typeof verdictSchema>;

/** Where the statement was counted. */
export const statementScopes = [
  /** Sent by a client: its time is what an application waits for. */
  'client',
  /** Inside a function or procedure (`toplevel` is false). */
  'nested',
  /** Seen on workers only, as tasks over shards: worker time, side by side, inside some other statement. */
  'tasks',
] as const;
export const statementScopeSchema = z.enum(statementScopes);
export type StatementScope = z.infer<typeof statementScopeSchema>;

/** Of one statement on one side; everything but `calls` and `totalMs` is per call. */
export const rowFiguresSchema = z.strictObject({
  calls: count,
  totalMs: count,
  meanMs: count,
  stddevMs: figure,
  callsPerSecond: figure,
  rows: figure,
  /** Of the execution time, 0 to 1; on Citus of its tasks', where they could be told. */
  jitShare: figure,
  pagesHit: figure,
  pagesRead: figure,
  pagesDirtied: figure,
  tempPages: figure,
  walBytes: figure,
  planMs: figure,
  /** Launched of those wanted, 0 to 1. */
  parallelLaunched: figure,
});
export type RowFigures = z.infer<typeof rowFiguresSchema>;

export const statementRowSchema = z.strictObject({
  /** Stays the same as long as the statement does. */
  id: z.string(),
  /** The statement on one line, cut. */
  title: z.string(),
  class: statementClassSchema,
  scope: statementScopeSchema,
  user: z.string(),
  database: z.string(),
  /** `host:port` of every node that counted it, source's and target's. */
  nodes: z.array(z.string()),
  match: z.optional(matchMethodSchema),
  verdict: verdictSchema,
  source: z.optional(rowFiguresSchema),
  target: z.optional(rowFiguresSchema),
  /** Target's mean over source's. */
  ratio: figure,
  /** Calls on the target × (mean there − mean on the source); negative when the target is quicker. */
  impactMs: figure,
});
export type StatementRow = z.infer<typeof statementRowSchema>;

/** Where figures come from. */
export const windowSchema = z.strictObject({
  /** `live`, or the name of the snapshot. */
  origin: z.string(),
  /** When it was read, ISO. */
  at: z.string(),
  /** When counting began, ISO; absent when the server does not say. */
  since: z.optional(z.string()),
  seconds: figure,
  /** `6 d 2 h since reset`, `1 h 12 min between two snapshots`, `since an unknown time`. */
  words: z.string(),
});
export type StatementsWindow = z.infer<typeof windowSchema>;

export const statementsSideSchema = z.strictObject({
  label: z.string(),
  /** A VS Code theme colour id. */
  color: z.string(),
  address: z.optional(z.string()),
  postgresVersion: z.optional(z.string()),
  citusVersion: z.optional(z.string()),
  /** Absent when the side could not be read. */
  window: z.optional(windowSchema),
  /** Statements, rows of the same statement folded into one. */
  statements: count,
  error: z.optional(viewErrorSchema),
});
export type StatementsSide = z.infer<typeof statementsSideSchema>;

export const noteSchema = z.strictObject({
  tone: z.enum(['info', 'warning']),
  side: z.optional(side),
  node: z.optional(z.string()),
  text: z.string(),
  /** How to mend it: SQL or a line of postgresql.conf. Never run by Cutover. */
  remedy: z.optional(z.string()),
});
export type StatementsNote = z.infer<typeof noteSchema>;

/** What the statements of one class add up to: those that clients sent, paired beyond doubt. */
export const classTotalSchema = z.strictObject({
  pairs: count,
  regressions: count,
  /** Time on the target, in its window. */
  targetMs: count,
  /** What the same calls would have taken with the source's means. */
  sourceMs: count,
  /** Their difference; negative when the target is quicker. */
  extraMs: count,
});
export type ClassTotal = z.infer<typeof classTotalSchema>;

export const statementsSummarySchema = z.strictObject({
  migration: z.string(),
  /** ISO. */
  at: z.string(),
  source: statementsSideSchema,
  target: statementsSideSchema,
  /** One sentence: which class carries the difference, and who looks at the other alone would have missed it. */
  sentence: z.string(),
  reads: classTotalSchema,
  writes: classTotalSchema,
  /** What `impactMs` has to be multiplied by for an hour of the target; absent when its window is not known. */
  perHour: figure,
  notes: z.array(noteSchema),
});
export type StatementsSummary = z.infer<typeof statementsSummarySchema>;

/** Pairs first, in rank order, then what is on one side only, by total time. */
export const statementsViewSchema = z.strictObject({
  summary: statementsSummarySchema,
  rows: z.array(statementRowSchema),
});
export type StatementsView = z.infer<typeof statementsViewSchema>;

const bothFigures = { source: figure, target: figure };

export const figureUnits = ['count', 'ms', 'pages', 'bytes', 'rows', 'share'] as const;
export type FigureUnit = (typeof figureUnits)[number];

export const detailFigureSchema = z.strictObject({
  title: z.string(),
  unit: z.enum(figureUnits),
  /** Over all calls; absent for what is no sum (mean, least, most, spread). */
  total: z.optional(z.strictObject(bothFigures)),
  /** Per call, or the figure itself where it is no sum. */
  perCall: z.optional(z.strictObject(bothFigures)),
});
export type DetailFigure = z.infer<typeof detailFigureSchema>;

/** One node's share in one statement. */
export const nodeFiguresSchema = z.strictObject({
  side,
  node: z.string(),
  role: z.enum(['coordinator', 'worker', 'standalone']),
  /** `tasks`: over shards, for a statement that a coordinator runs. */
  as: z.enum(['statement', 'tasks']),
  /** Rows of pg_stat_statements that were folded, as one for each shard. */
  rows: count,
  calls: count,
  totalMs: count,
  meanMs: count,
  jitShare: figure,
  pagesRead: figure,
  walBytes: figure,
});
export type NodeFigures = z.infer<typeof nodeFiguresSchema>;

export const sideTextSchema = z.strictObject({
  /** As that side's server keeps it: of several that were folded the one with the most time. */
  sql: z.string(),
  truncated: z.boolean(),
  /** How many different texts were folded into this statement there. */
  texts: count,
  queryIds: z.array(z.string()),
  user: z.string(),
  database: z.string(),
  /** From citus_stat_statements, where it is tracked. */
  citus: z.optional(z.strictObject({ executors: z.array(z.string()), partitionKeys: count })),
});
export type SideText = z.infer<typeof sideTextSchema>;

/** Everything about one row. */
export const statementDetailsSchema = z.strictObject({
  row: statementRowSchema,
  source: z.optional(sideTextSchema),
  target: z.optional(sideTextSchema),
  /** Why it has its class, in plain words. */
  classReasons: z.array(z.string()),
  /** Why it has its verdict, with the figures: one sentence each. */
  reasons: z.array(z.string()),
  figures: z.array(detailFigureSchema),
  nodes: z.array(nodeFiguresSchema),
});
export type StatementDetails = z.infer<typeof statementDetailsSchema>;
