/**
 * What `cutover check --format json` prints. Every key is always there; what there is not is `null`. The version grows when
 * a key changes its meaning or goes; new keys may come without that. Published as docs/check-report.schema.json.
 */
import * as z from 'zod/mini';
import { checkVerdictSchema } from './check';

const described = <T extends z.ZodMiniType>(schema: T, text: string): T => schema.check(z.describe(text)) as T;
const text = (what: string) => described(z.nullable(z.string()), what);

const place = {
  id: described(z.string(), 'As the playbook has it; `line 12` for a check without one.'),
  phase: text('The heading of level 2 above it.'),
  step: text('The heading of level 3 above it.'),
  line: described(z.number(), 'Of the opening fence, from 1, as the file was read.'),
};

const reportCheckSchema = z.strictObject({
  ...place,
  verdict: described(
    checkVerdictSchema,
    '`unknown`: it could not be judged, as a node did not answer, a privilege is missing, or a value is NULL. `error`: it was not asked: malformed, or refused.',
  ),
  summary: described(z.string(), 'One line.'),
  details: described(z.array(z.string()), 'Evidence: what differs, on which node.'),
  expected: text('Where both sides should say the same: what the source says.'),
  actual: text('What the target says there.'),
  remedy: text('SQL that would mend it. Never run by Cutover.'),
  at: described(z.string(), 'When it ended, ISO 8601 in UTC.'),
  elapsedMs: z.number(),
  source: text('host:port/database; null where the source was not asked.'),
  target: text('The same of the target.'),
});
export type ReportCheck = z.infer<typeof reportCheckSchema>;

const notAskedSchema = z.strictObject({
  ...place,
  why: described(z.enum(['notChosen', 'cancelled']), 'By --phase or --id; or Ctrl-C came first.'),
  last: described(
    z.nullable(z.strictObject({ verdict: checkVerdictSchema, at: z.string() })),
    'The result that stands in the playbook; null when it never ran.',
  ),
  stale: text('Why that result no longer counts; null when it does.'),
});
export type NotAsked = z.infer<typeof notAskedSchema>;

export const checkReportSchema = z.strictObject({
  version: z.literal(1),
  at: described(z.string(), 'When the last check ended, ISO 8601 in UTC.'),
  playbook: described(z.string(), 'The file, as it was named.'),
  migration: text('As the settings or the playbook call the pair.'),
  settings: text('The settings file that says where the clusters are; null with --source and --target.'),
  verdict: described(checkVerdictSchema, 'Of all that were asked: fail before error, error before unknown.'),
  counts: z.strictObject({ pass: z.number(), fail: z.number(), unknown: z.number(), error: z.number() }),
  checks: described(z.array(reportCheckSchema), 'In the order of the playbook.'),
  notAsked: described(z.array(notAskedSchema), 'The others, in the order of the playbook.'),
});
export type CheckReport = z.infer<typeof checkReportSchema>;
