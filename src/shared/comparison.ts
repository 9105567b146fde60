/** Two clusters compared by the catalogue of checks: what is stored, shown, exported and compared with a later one. */
import * as z from 'zod/mini';
import { checkVerdictSchema } from './check';

const side = z.enum(['source', 'target']);

/** Worst first. */
export const severities = ['critical', 'high', 'medium', 'low', 'info'] as const;
export const severitySchema = z.enum(severities);
export type Severity = z.infer<typeof severitySchema>;

/** What one side is, as it was read. */
export const comparedSideSchema = z.strictObject({
  label: z.string(),
  /** `host:port/database`; absent when it could not be reached. */
  address: z.optional(z.string()),
});

export const comparisonEvidenceSchema = z.strictObject({
  what: z.string(),
  /** `host:port`; absent for the whole cluster. */
  node: z.optional(z.string()),
  source: z.optional(z.string()),
  target: z.optional(z.string()),
});

export const remedyStepSchema = z.strictObject({
  side,
  /** `host:port` of each node to run it on. */
  nodes: z.array(z.string()),
  sql: z.string(),
  lock: z.string(),
  rollback: z.string(),
  verify: z.string(),
});

/** What one check of the catalogue came to. */
export const comparedCheckSchema = z.strictObject({
  /** Of the catalogue. */
  id: z.string(),
  group: z.string(),
  title: z.string(),
  question: z.string(),
  why: z.string(),
  /** Where the rule comes from. */
  reference: z.string(),
  verdict: checkVerdictSchema,
  /** Of the catalogue: how much it hurts when it fails. */
  severity: severitySchema,
  summary: z.string(),
  /** What differs, or is not as it should be, on which node. */
  evidence: z.array(comparisonEvidenceSchema),
  /** What could not be told, and the SQL that would let the role see it. */
  unknown: z.array(z.strictObject({ what: z.string(), node: z.optional(z.string()), grant: z.optional(z.string()) })),
  /** Lines of the judgement, remarks among them. */
  details: z.array(z.string()),
  remedies: z.array(remedyStepSchema),
});
export type ComparedCheck = z.infer<typeof comparedCheckSchema>;

export const comparisonSchema = z.strictObject({
  version: z.literal(1),
  /** Stable within the workspace. */
  id: z.string(),
  /** When it ended, ISO 8601 in UTC. */
  at: z.string(),
  elapsedMs: z.number(),
  migration: z.string(),
  source: comparedSideSchema,
  target: comparedSideSchema,
  /** In the catalogue's order. */
  checks: z.array(comparedCheckSchema),
});
export type Comparison = z.infer<typeof comparisonSchema>;
