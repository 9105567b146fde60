/** What the user arranged in the panel, kept across reloads: navigation and layout, never data. */
import * as z from 'zod/mini';
import { statementClassSchema } from '../../src/shared/plan-diff';
import { verdictSchema } from '../../src/shared/statements';
import { PersistedState } from '../common/host';
import { defaultColumns } from './columns';

/** Where a statement was found. */
export const presences = ['pairs', 'onlyTarget', 'onlySource'] as const;
export type Presence = (typeof presences)[number];

const sortKeySchema = z.strictObject({ column: z.string(), direction: z.enum(['ascending', 'descending']) });
export type SortKey = z.infer<typeof sortKeySchema>;

const filtersSchema = z.strictObject({
  find: z.string(),
  presence: z.enum(presences),
  class: z.optional(statementClassSchema),
  user: z.optional(z.string()),
  database: z.optional(z.string()),
  node: z.optional(z.string()),
  verdict: z.optional(verdictSchema),
});
export type Filters = z.infer<typeof filtersSchema>;

const layoutSchema = z.strictObject({
  /** A page of another version of the extension starts afresh. */
  version: z.literal(1),
  filters: filtersSchema,
  /** Beside the statement; those this version does not know are left out. */
  columns: z.array(z.string()),
  /** None: in the host's order, what costs most first. */
  sort: z.array(sortKeySchema),
  /** Id of the selected row. */
  selected: z.optional(z.string()),
  scrollTop: z.number(),
  detailsOpen: z.boolean(),
  detailsHeightPx: z.number(),
  /** Figures that are nothing on both sides are shown as well. */
  allFigures: z.boolean(),
});
export type Layout = z.infer<typeof layoutSchema>;

export const noFilters: Filters = { find: '', presence: 'pairs' };

export function persistedLayout(): PersistedState<typeof layoutSchema> {
  return new PersistedState(layoutSchema, {
    version: 1,
    filters: noFilters,
    columns: [...defaultColumns],
    sort: [],
    scrollTop: 0,
    detailsOpen: true,
    detailsHeightPx: 250,
    allFigures: false,
  });
}
