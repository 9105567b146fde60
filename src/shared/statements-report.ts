/**
 * What `cutover statements --format json` prints, and the panel exports. Every key is always there; what a server does not
 * keep is `null`. The version grows when a key changes its meaning or goes; new keys may come without that. Published as
 * docs/statements-report.schema.json.
 */
import * as z from 'zod/mini';
import { statementClassSchema, viewErrorSchema } from './plan-diff';
import { classTotalSchema, matchMethodSchema, noteSchema, statementScopeSchema, verdictSchema } from './statements';

const described = <T extends z.ZodMiniType>(schema: T, text: string): T => schema.check(z.describe(text)) as T;
const figure = (text: string) => described(z.nullable(z.number()), text);
const text = (what: string) => described(z.nullable(z.string()), what);

const reportWindowSchema = z.strictObject({
  origin: described(z.string(), '`live`, or the name of the snapshot.'),
  at: described(z.string(), 'When it was read, ISO 8601 in UTC.'),
  since: text('When counting began; null when the server does not say.'),
  seconds: figure('Length of the window.'),
  words: described(z.string(), 'As `6 d 2 h since reset`.'),
});

const statementsReportSideSchema = z.strictObject({
  label: z.string(),
  address: text('host:port/database.'),
  postgresVersion: text('As 15.4.'),
  citusVersion: text('As 11.1.7; null on plain PostgreSQL.'),
  window: described(z.nullable(reportWindowSchema), 'What the figures were counted in; null when nothing was read.'),
  statements: described(z.number(), 'Statements, rows of the same statement folded into one.'),
  error: described(z.nullable(viewErrorSchema), 'Why this side could not be read; null when it could.'),
});
export type StatementsReportSide = z.infer<typeof statementsReportSideSchema>;

const reportFiguresSchema = z.strictObject({
  calls: z.number(),
  totalMs: described(z.number(), 'Execution time of all calls, milliseconds.'),
  meanMs: z.number(),
  stddevMs: figure('Standard deviation of the execution time.'),
  callsPerSecond: figure('In the window; null when its length is not known.'),
  rows: figure('A call.'),
  jitShare: figure("JIT's share of the execution time, 0 to 1; on Citus of the tasks'."),
  pagesHit: figure('Shared pages (8 kB) found in memory, a call.'),
  pagesRead: figure('Shared pages read, a call.'),
  pagesDirtied: figure('Shared pages dirtied, a call.'),
  tempPages: figure('Temporary pages read and written, a call.'),
  walBytes: figure('WAL, a call.'),
  planMs: figure('Planning, each time; null without track_planning.'),
  parallelLaunched: figure('Parallel workers launched of those planned, 0 to 1.'),
});
export type StatementsReportFigures = z.infer<typeof reportFiguresSchema>;

const about = {
  id: described(z.string(), 'Stays the same as long as the statement does.'),
  query: described(z.string(), 'As the target keeps it; as the source keeps it where it is on the source only.'),
  truncated: described(z.boolean(), 'The text was cut off.'),
  class: described(statementClassSchema, 'By the grammar, the catalogs and what the servers saw it write.'),
  scope: described(statementScopeSchema, 'Sent by a client, inside a function, or as tasks seen on workers only.'),
  user: described(z.string(), 'The role that ran it, on the target where it ran there.'),
  database: text(
    'Another database than the connected one; null for the connected one, whatever its name on each side.',
  ),
};

const reportPairSchema = z.strictObject({
  ...about,
  sourceQuery: text('As the source keeps it; null where it is the same to the letter.'),
  sourceUser: text('The role that ran it on the source; null where it is the same.'),
  match: described(
    matchMethodSchema,
    'How the two were found to be the same; `fingerprint` and `similar` are proposals.',
  ),
  verdict: verdictSchema,
  source: reportFiguresSchema,
  target: reportFiguresSchema,
  ratio: figure("Target's mean / source's mean."),
  impactMs: figure("Calls on the target × (mean there − mean on the source), in the target's window."),
  reasons: described(z.array(z.string()), 'Why it has its verdict, one sentence each.'),
});
export type StatementsReportPair = z.infer<typeof reportPairSchema>;

const reportAloneSchema = z.strictObject({ ...about, figures: reportFiguresSchema });
export type StatementsReportAlone = z.infer<typeof reportAloneSchema>;

export const statementsReportSchema = z.strictObject({
  version: z.literal(1),
  at: described(z.string(), 'When it was compared, ISO 8601 in UTC.'),
  migration: z.string(),
  source: statementsReportSideSchema,
  target: statementsReportSideSchema,
  sentence: described(z.string(), 'Which class carries the difference.'),
  reads: described(classTotalSchema, 'Of all certain pairs that clients sent, whatever is listed below.'),
  writes: described(classTotalSchema, 'The same of the writes.'),
  pairs: described(z.array(reportPairSchema), 'Regressions first, then by impact.'),
  onlySource: described(z.array(reportAloneSchema), 'By total time.'),
  onlyTarget: described(z.array(reportAloneSchema), 'By total time.'),
  notes: described(
    z.array(
      z.strictObject({
        tone: noteSchema.shape.tone,
        side: described(z.nullable(z.enum(['source', 'target'])), 'Null for both.'),
        node: text('host:port of the node or nodes; null for the whole side.'),
        text: z.string(),
        remedy: text('How to mend it: SQL or a line of postgresql.conf. Never run by Cutover.'),
      }),
    ),
    'What could not be read, or must be known when reading the figures.',
  ),
});
export type StatementsReport = z.infer<typeof statementsReportSchema>;
