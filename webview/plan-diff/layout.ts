/** What the user arranged in the panel, kept across reloads: navigation and layout, never data. */
import * as z from 'zod/mini';
import { PersistedState } from '../common/host';

export const tabs = ['plan', 'call', 'causes', 'differences', 'experiments', 'settings', 'statement', 'raw'] as const;
export type TabId = (typeof tabs)[number];

const layoutSchema = z.strictObject({
  /** A page of another version of the extension starts afresh. */
  version: z.literal(1),
  /** Which result was shown; the host finds it again by this. */
  id: z.optional(z.string()),
  tab: z.enum(tabs),
  foldBase: z.enum(['default', 'folded', 'unfolded']),
  /** Rows that stand contrary to `foldBase`, by key. */
  toggled: z.array(z.string()),
  /** Key of the selected row. */
  selected: z.optional(z.string()),
  scrollTop: z.number(),
  onlyDifferences: z.boolean(),
  find: z.string(),
  detailsOpen: z.boolean(),
  detailsHeightPx: z.number(),
});
export type Layout = z.infer<typeof layoutSchema>;

export function persistedLayout(): PersistedState<typeof layoutSchema> {
  return new PersistedState(layoutSchema, {
    version: 1,
    tab: 'plan',
    foldBase: 'default',
    toggled: [],
    scrollTop: 0,
    onlyDifferences: false,
    find: '',
    detailsOpen: false,
    detailsHeightPx: 190,
  });
}
