/** What the user arranged in the panel, kept across reloads: navigation and layout, never data. */
import * as z from 'zod/mini';
import { PersistedState } from '../common/host';
import { defaultColumns } from './columns';
import { filtersSchema, noFilters, sortKeySchema } from './filters';

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
