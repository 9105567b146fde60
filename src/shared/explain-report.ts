/**
 * What `cutover explain --format json` prints. Every key is always there; what a server did not say is `null`. The
 * version grows when a key changes its meaning or goes; new keys may come without that. Published as
 * docs/explain-report.schema.json.
 */
import * as z from 'zod/mini';
import { causeSchema, experimentSchema, intervalSchema, remedySchema } from './diagnosis';
import { nestedTimeSchema } from './nested';
import {
  buffersSchema,
  differenceSchema,
  jitViewSchema,
  planDiffViewSchema,
  sideViewSchema,
  viewErrorSchema,
} from './plan-diff';

const described = <T extends z.ZodMiniType>(schema: T, text: string): T => schema.check(z.describe(text)) as T;
const figure = (text: string) => described(z.nullable(z.number()), text);
const text = (what: string) => described(z.nullable(z.string()), what);

const explainReportSideSchema = z.strictObject({
  label: z.string(),
  address: text('host:port/database.'),
  postgresVersion: text('As 15.4.'),
  citusVersion: text('As 11.1.7; null on plain PostgreSQL.'),
  planningMs: figure('Planning Time, milliseconds.'),
  executionMs: figure('Execution Time, milliseconds; null unless the statement was executed (--analyze).'),
  totalCost: figure("The root's total cost, in the planner's units."),
  rowsEstimated: figure('Rows the planner expects from the root.'),
  rowsActual: figure('Rows the root gave; null unless executed.'),
  buffers: described(z.nullable(buffersSchema), 'Pages (8 kB) touched; null unless executed.'),
  jit: described(z.nullable(jitViewSchema), 'Null when nothing was or would be compiled.'),
  settings: described(
    z.nullable(z.record(z.string(), z.string())),
    "Planner settings that differ from their defaults; on Citus the coordinator's only.",
  ),
  tasks: described(z.nullable(sideViewSchema.shape.tasks.def.innerType), 'Tasks of a distributed query on Citus.'),
  notices: z.array(z.string()),
  error: described(z.nullable(viewErrorSchema), 'Why this side has no plan; null when it has one.'),
});
export type ExplainReportSide = z.infer<typeof explainReportSideSchema>;

const share = (of: string) => figure(`Share of ${of}, 0 to 1.`);

const reportCauseSchema = z.strictObject({
  id: described(z.string(), 'Of the catalogue (docs/causes.md), as jit.forced.'),
  side: described(causeSchema.shape.side, 'Where it holds.'),
  confidence: causeSchema.shape.confidence,
  explainedMs: figure("How much of that side's time it accounts for, milliseconds."),
  explainedShare: share('the difference between the sides; null where not both were timed'),
  title: described(z.string(), "One sentence with this case's figures."),
  meaning: z.string(),
  evidence: z.array(
    z.strictObject({
      what: z.string(),
      source: text('As seen on the source.'),
      target: text('As seen on the target.'),
      node: text('host:port it was seen on; null for the whole side.'),
    }),
  ),
  remedy: described(z.nullable(remedySchema), 'SQL for somebody to run: Cutover runs none of it.'),
  reference: described(z.string(), 'Where the rule comes from.'),
});
export type ReportCause = z.infer<typeof reportCauseSchema>;

const interval = (what: string) => described(z.nullable(intervalSchema), `${what}: median with its 95 % interval.`);

const reportExperimentSchema = z.strictObject({
  side: experimentSchema.shape.side,
  changed: experimentSchema.shape.changed,
  tests: described(z.array(z.string()), 'Ids of the causes that it tests.'),
  outcome: experimentSchema.shape.outcome,
  planChanged: z.nullable(z.boolean()),
  workersHeard: described(z.nullable(z.boolean()), 'The workers ran with it; null on plain PostgreSQL.'),
  unchangedMs: z.array(z.number()),
  changedMs: z.array(z.number()),
  unchanged: interval('Execution time unchanged, milliseconds'),
  changedTo: interval('Execution time changed, milliseconds'),
  ratio: interval('Changed / unchanged'),
  explainedShare: figure('Share of the difference between the sides that goes away.'),
  note: z.nullable(z.string()),
});
export type ReportExperiment = z.infer<typeof reportExperimentSchema>;

const reportNestedSideSchema = z.strictObject({
  calls: figure('How often it ran in the call.'),
  executionMs: figure('Of all its calls together, milliseconds.'),
  share: share("the call's time"),
  jitMs: figure('JIT, milliseconds.'),
  timeFrom: nestedTimeSchema,
});
export type ReportNestedSide = z.infer<typeof reportNestedSideSchema>;

export const explainReportSchema = z.strictObject({
  version: z.literal(1),
  at: described(z.string(), 'When it was taken, ISO 8601 in UTC.'),
  migration: z.string(),
  analyzed: described(z.boolean(), 'The statement was executed (--analyze).'),
  statement: planDiffViewSchema.shape.statement,
  source: explainReportSideSchema,
  target: explainReportSideSchema,
  ratio: figure('Target / source of what verdict.basis names.'),
  verdict: z.strictObject({
    sentence: z.string(),
    basis: planDiffViewSchema.shape.verdict.shape.basis,
    tone: planDiffViewSchema.shape.verdict.shape.tone,
  }),
  slower: described(
    z.nullable(causeSchema.shape.side),
    'The slower side, or the one under suspicion where not both were timed; null when nothing differs beyond noise.',
  ),
  differenceMs: figure('Slower minus faster, milliseconds; null where not both were timed.'),
  explainedShare: share('the difference that the causes account for together'),
  causes: described(z.array(reportCauseSchema), 'Why one side is slower; what explains most first.'),
  experiments: described(z.array(reportExperimentSchema), 'What --prove tried.'),
  statements: described(
    z.array(
      z.strictObject({
        id: z.string(),
        parent: z.nullable(z.string()),
        sql: z.string(),
        source: z.nullable(reportNestedSideSchema),
        target: z.nullable(reportNestedSideSchema),
        unresolved: z.array(z.string()),
      }),
    ),
    'The statements inside, when the statement calls a function or procedure.',
  ),
  differences: z.array(z.omit(differenceSchema, { row: true })),
  notes: described(z.array(z.string()), 'What could not be read, or must be known when reading the figures.'),
});
export type ExplainReport = z.infer<typeof explainReportSchema>;
