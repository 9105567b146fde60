/** What the extension host and the thread that matches statements say to each other: the envelope is that of the pages. */
import * as z from 'zod/mini';
import { viewErrorSchema } from '../shared/plan-diff';
import { statementDetailsSchema, statementRowSchema, statementsSummarySchema } from '../shared/statements';
import { exportFormats } from '../shared/statements-panel';
import { outlineGroups, outlineSorts } from './outline';
import { readingSchema } from './reading';

const idPairs = z.array(z.tuple([z.string(), z.string()]));
export const userMatchesSchema = z.strictObject({ pinned: idPairs, split: idPairs });

const sideInput = z.strictObject({
  label: z.string(),
  color: z.string(),
  read: z.optional(z.strictObject({ reading: readingSchema, base: z.optional(readingSchema), origin: z.string() })),
  error: z.optional(viewErrorSchema),
});

const loaded = z.strictObject({
  summary: statementsSummarySchema,
  /** JSON of the rows, as the page gets them. */
  rows: z.string(),
});

const outlineGroup = z.strictObject({
  id: z.enum(outlineGroups),
  count: z.number(),
  impactMs: z.optional(z.number()),
  rows: z.array(statementRowSchema),
});

export const workerRequests = {
  load: {
    params: z.strictObject({
      migration: z.string(),
      source: sideInput,
      target: sideInput,
      user: userMatchesSchema,
    }),
    result: loaded,
  },
  rematch: { params: z.strictObject({ user: userMatchesSchema }), result: loaded },
  outline: {
    params: z.strictObject({ filter: z.string(), sort: z.enum(outlineSorts), limit: z.number() }),
    result: z.array(outlineGroup),
  },
  details: { params: z.strictObject({ id: z.string() }), result: statementDetailsSchema },
  /** The ids that pins and splits are kept by; a side that has no part in the row is absent. */
  statementIds: {
    params: z.strictObject({ id: z.string() }),
    result: z.strictObject({ source: z.optional(z.string()), target: z.optional(z.string()) }),
  },
  /** What makes up the source's load. */
  heaviest: {
    params: z.strictObject({}),
    result: z.array(z.strictObject({ title: z.string(), share: z.number() })),
  },
  search: { params: z.strictObject({ text: z.string() }), result: z.strictObject({ ids: z.array(z.string()) }) },
  export: {
    params: z.strictObject({ format: z.enum(exportFormats), ids: z.array(z.string()) }),
    result: z.strictObject({ text: z.string() }),
  },
} as const;
export type WorkerRequests = typeof workerRequests;

export const workerNotifications = {} as const;
