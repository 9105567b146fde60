/** What the user can narrow the table to, and sort it by. */
import * as z from 'zod/mini';
import { statementClassSchema } from '../../src/shared/plan-diff';
import { verdictSchema } from '../../src/shared/statements';

/** Where a statement was found. */
export const presences = ['pairs', 'onlyTarget', 'onlySource'] as const;
export type Presence = (typeof presences)[number];

export const sortKeySchema = z.strictObject({ column: z.string(), direction: z.enum(['ascending', 'descending']) });
export type SortKey = z.infer<typeof sortKeySchema>;

export const filtersSchema = z.strictObject({
  find: z.string(),
  presence: z.enum(presences),
  class: z.optional(statementClassSchema),
  user: z.optional(z.string()),
  database: z.optional(z.string()),
  node: z.optional(z.string()),
  verdict: z.optional(verdictSchema),
});
export type Filters = z.infer<typeof filtersSchema>;

export const noFilters: Filters = { find: '', presence: 'pairs' };
