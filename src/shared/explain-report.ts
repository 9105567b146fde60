/**
 * What `cutover explain --format json` prints. Every key is always there; what a server did not say is `null`. The
 * version grows when a key changes its meaning or goes; new keys may come without that. Published as
 * docs/explain-report.schema.json.
 */
import * as z from 'zod/mini';
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
  causes: described(
    z.array(z.looseObject({ id: z.string() })),
    'Why one side is slower. Always empty in this version: causes are not looked for yet.',
  ),
  differences: z.array(z.omit(differenceSchema, { row: true })),
  notes: described(z.array(z.string()), 'What could not be read, or must be known when reading the figures.'),
});
export type ExplainReport = z.infer<typeof explainReportSchema>;
