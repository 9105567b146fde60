/** What "duplicate key value violates unique constraint" came from. Names, values and messages in it are a server's: hostile text. */
import * as z from 'zod/mini';
import { confidenceSchema } from './diagnosis';
import { sides } from './side';

/** What the text of the error says. */
export const duplicateKeyErrorSchema = z.strictObject({
  /** As the server named it; of a shard, with the shard's number. */
  index: z.string(),
  /** Each column with its value, where they can be told apart. */
  key: z.array(z.strictObject({ column: z.string(), value: z.string() })),
  /** The index was being built: the table has two rows with the key. */
  building: z.boolean(),
});
export type DuplicateKeyError = z.infer<typeof duplicateKeyErrorSchema>;

/**
 * `order`: an index holds another libc's or ICU's order. `sequence`: a sequence is behind its column. `range`: a worker's
 * sequence is behind in its own range. `duplicates`: rows with the same key are in the table already.
 */
export const duplicateKeyCauses = ['order', 'sequence', 'range', 'duplicates'] as const;

export const hypothesisSchema = z.strictObject({
  cause: z.enum(duplicateKeyCauses),
  title: z.string(),
  /** `unlikely`: what it would leave behind was looked for and is not there. */
  standing: z.enum(['likely', 'unlikely', 'unknown']),
  confidence: confidenceSchema,
  /** A line each, with its node. */
  evidence: z.array(z.string()),
  /** What to do about it, or how to tell. */
  next: z.string(),
});
export type Hypothesis = z.infer<typeof hypothesisSchema>;

export const suspectIndexSchema = z.strictObject({
  /** `host:port`. */
  node: z.string(),
  schema: z.string(),
  /** A shard goes by its own name. */
  table: z.string(),
  index: z.string(),
  method: z.string(),
  unique: z.boolean(),
  /** Null when somebody has locked it. */
  bytes: z.nullable(z.number()),
  /** Collations that it sorts by, with their versions. */
  collations: z.array(z.string()),
  /** `named`: by the error. `stale`: made with another collation version. `dependent`: it sorts by a collation. */
  why: z.enum(['named', 'stale', 'dependent']),
  /** What amcheck says; `unchecked` where it was not asked. */
  state: z.enum(['unchecked', 'sound', 'corrupt', 'unknown']),
  /** What amcheck said, or why it could not be asked. */
  detail: z.optional(z.string()),
  /** Keys that several rows have, found without any index; absent where nobody looked. */
  duplicates: z.optional(
    z.strictObject({
      keys: z.array(z.strictObject({ key: z.array(z.nullable(z.string())), copies: z.number() })),
      /** There are more than are listed. */
      more: z.boolean(),
    }),
  ),
});
export type SuspectIndex = z.infer<typeof suspectIndexSchema>;

export const duplicateKeyDiagnosisSchema = z.strictObject({
  side: z.enum(sides),
  /** `host:port/database`. */
  address: z.string(),
  /** ISO 8601 in UTC, to the second. */
  at: z.string(),
  error: z.optional(duplicateKeyErrorSchema),
  /** The likeliest first. */
  hypotheses: z.array(hypothesisSchema),
  /** Named by the error first, then stale, unique and large ones. */
  indexes: z.array(suspectIndexSchema),
  /** Further indexes that sort by a collation, beyond those listed. */
  moreIndexes: z.number(),
  /** What could not be told, with the SQL that would let the connected role see it. */
  unknown: z.array(z.strictObject({ what: z.string(), node: z.optional(z.string()), grant: z.optional(z.string()) })),
  /** How to repair each node that needs it: text for the user to read, adapt and run. Nothing runs it. */
  scripts: z.array(z.strictObject({ node: z.string(), sql: z.string() })),
});
export type DuplicateKeyDiagnosis = z.infer<typeof duplicateKeyDiagnosisSchema>;
