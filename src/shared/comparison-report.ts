/**
 * What a comparison comes to, as host, page and command line show it, and what `cutover compare --format json` prints. Every
 * key is always there; what there is not is `null`. The version grows when a key changes its meaning or goes; new keys may
 * come without that. Published as docs/comparison-report.schema.json.
 */
import * as z from 'zod/mini';
import { checkVerdictSchema } from './check';
import { severitySchema } from './comparison';
import { sides } from './side';

const described = <T extends z.ZodMiniType>(schema: T, text: string): T => schema.check(z.describe(text)) as T;
const text = (what: string) => described(z.nullable(z.string()), what);
const texts = (what: string) => described(z.array(z.string()), what);

/** A finding that somebody decided to live with. */
export const ignoredEntrySchema = z.strictObject({
  /** Of the check. */
  id: z.string(),
  reason: z.string(),
  /** When it was decided, ISO 8601 in UTC. */
  at: z.string(),
});
export type IgnoredEntry = z.infer<typeof ignoredEntrySchema>;

const evidenceSchema = z.strictObject({
  what: z.string(),
  node: text('host:port; null for the whole cluster.'),
  source: text('What the source says; null where it says nothing.'),
  target: text('The same of the target.'),
});
export type ReportEvidence = z.infer<typeof evidenceSchema>;

const remedySchema = z.strictObject({
  side: z.enum(sides),
  nodes: texts('host:port of each node to run it on.'),
  sql: described(z.string(), 'Never run by Cutover.'),
  lock: described(z.string(), 'What others wait for while it runs; `none` where nobody does.'),
  rollback: described(z.string(), 'SQL that takes it back, or a sentence why nothing needs to be.'),
  verify: described(z.string(), 'How to see that it helped.'),
});

const about = {
  id: described(z.string(), 'Of the catalogue (docs/checks.md); stable.'),
  group: z.string(),
  severity: described(severitySchema, 'How much it hurts when the check fails.'),
  title: z.string(),
  summary: described(z.string(), 'One line: what came of it.'),
  remarks: texts('What differs without harm, and what the reader must know.'),
};

const findingSchema = z.strictObject({
  ...about,
  confidence: described(z.literal('observed'), 'It was read off both sides.'),
  question: z.string(),
  why: described(z.string(), 'Why it matters.'),
  reference: described(z.string(), 'Where the rule comes from.'),
  evidence: described(z.array(evidenceSchema), 'What differs, or is not as it should be, on which node.'),
  remedy: described(z.array(remedySchema), 'Steps; empty where there is no SQL that mends it.'),
});
export type ReportFinding = z.infer<typeof findingSchema>;

const gapSchema = z.strictObject({
  what: z.string(),
  node: text('host:port; null for the whole cluster.'),
  grant: text('SQL that would let the connected role see it.'),
});

const unknownSchema = z.strictObject({
  ...about,
  verdict: described(checkVerdictSchema, '`fail`: enough was seen to call it a finding, and not all could be.'),
  gaps: described(z.array(gapSchema), 'What could not be told.'),
});
export type ReportUnknown = z.infer<typeof unknownSchema>;

const plainSchema = z.strictObject(about);
export type ReportPlain = z.infer<typeof plainSchema>;

const ignoredSchema = z.strictObject({
  ...about,
  reason: z.string(),
  at: described(z.string(), 'When it was ignored.'),
});

const counts = { fail: z.number(), unknown: z.number(), error: z.number(), pass: z.number() };
export const verdictCountsSchema = z.strictObject(counts);
export type VerdictCounts = z.infer<typeof verdictCountsSchema>;

const groupSchema = z.strictObject({
  group: z.string(),
  worst: described(z.nullable(severitySchema), 'Of its findings; null without any.'),
  ...counts,
});
export type ReportGroup = z.infer<typeof groupSchema>;

const sideSchema = z.strictObject({
  label: z.string(),
  address: text('host:port/database; null when it was not asked or could not be reached.'),
});

const evidenceChangeSchema = z.strictObject({ before: evidenceSchema, after: evidenceSchema });

/** What became of the checks since an earlier comparison. A finding is a check that fails. */
export const comparisonChangesSchema = z.strictObject({
  since: described(z.string(), 'When the earlier comparison ended, ISO 8601 in UTC.'),
  otherSides: described(z.array(z.enum(sides)), 'Sides that were another server or database then.'),
  appeared: described(z.array(plainSchema), 'Fail now and passed then.'),
  vanished: described(z.array(plainSchema), 'Failed then and pass now; as they were then.'),
  changed: described(
    z.array(
      z.strictObject({
        ...about,
        severityBefore: severitySchema,
        evidenceAppeared: z.array(evidenceSchema),
        evidenceVanished: z.array(evidenceSchema),
        evidenceChanged: described(
          z.array(evidenceChangeSchema),
          'The same thing on the same node, with other values.',
        ),
        incomplete: described(z.boolean(), 'Then or now not all of it could be told: some may have changed unseen.'),
      }),
    ),
    'Failed then and fail now, with other evidence or severity.',
  ),
  unchanged: described(z.array(plainSchema), 'Failed then and fail now, with the same evidence.'),
  undecided: described(
    z.array(z.strictObject({ ...about, before: checkVerdictSchema, after: checkVerdictSchema })),
    'Judged in one of the two and not in the other: what changed cannot be told.',
  ),
  untold: texts('Ids of checks that were judged in neither.'),
  onlyBefore: texts('Ids of checks that were asked then and not now.'),
  onlyNow: texts('Ids of checks that are asked now and were not then.'),
});
export type ComparisonChanges = z.infer<typeof comparisonChangesSchema>;

export const comparisonReportSchema = z.strictObject({
  version: z.literal(1),
  at: described(z.string(), 'When it ended, ISO 8601 in UTC.'),
  elapsedMs: z.number(),
  migration: z.string(),
  source: sideSchema,
  target: sideSchema,
  counts: described(verdictCountsSchema, 'Of all checks but those ignored.'),
  groups: described(z.array(groupSchema), "In the catalogue's order."),
  findings: described(z.array(findingSchema), 'Worst first.'),
  unknown: described(z.array(unknownSchema), 'What could not be told; a finding may stand here, too.'),
  errors: described(z.array(plainSchema), 'Checks that could not be asked as they are.'),
  passed: z.array(plainSchema),
  ignored: described(z.array(ignoredSchema), 'Findings that somebody decided to live with; counted nowhere.'),
  changes: described(z.nullable(comparisonChangesSchema), 'Since an earlier comparison; null without one.'),
});
export type ComparisonReport = z.infer<typeof comparisonReportSchema>;
