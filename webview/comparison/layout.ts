/** What the user arranged in the report, kept across reloads: navigation and layout, never data. */
import * as z from 'zod/mini';
import { severitySchema } from '../../src/shared/comparison';
import { PersistedState } from '../common/host';

const layoutSchema = z.strictObject({
  /** A page of another version of the extension starts afresh. */
  version: z.literal(1),
  text: z.string(),
  group: z.optional(z.string()),
  /** This one and worse. */
  severity: z.optional(severitySchema),
  /** Checks that the user opened or closed, by id; the others are as they come. */
  open: z.record(z.string(), z.boolean()),
  /** Sections below the differences that the user opened or closed, by name; the others are as they come. */
  sections: z.record(z.string(), z.boolean()),
  scrollTop: z.number(),
});
export type Layout = z.infer<typeof layoutSchema>;

export function persistedLayout(): PersistedState<typeof layoutSchema> {
  return new PersistedState(layoutSchema, {
    version: 1,
    text: '',
    open: {},
    sections: {},
    scrollTop: 0,
  });
}
