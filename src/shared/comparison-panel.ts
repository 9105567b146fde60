/** What host and comparison page say to each other. The host owns the comparison and does what the user asks. */
import * as z from 'zod/mini';
import { comparisonSchema } from './comparison';
import { ignoredEntrySchema } from './comparison-report';
import { viewErrorSchema } from './plan-diff';

const id = z.strictObject({ id: z.string() });
const nothing = z.strictObject({});

const sideStateSchema = z.strictObject({
  /** Theme colour id. */
  color: z.string(),
  /** Why it could not be asked. */
  error: z.optional(viewErrorSchema),
  /** While it runs: everything was asked. */
  done: z.optional(z.boolean()),
});

/** What the panel shows right now. */
export const comparisonStateSchema = z.discriminatedUnion('status', [
  /** Nothing was compared in this workspace. */
  z.strictObject({ status: z.literal('none'), migration: z.optional(z.string()) }),
  z.strictObject({ status: z.literal('failed'), error: viewErrorSchema }),
  z.strictObject({
    status: z.literal('shown'),
    /** While it runs: the checks that are there, among them those of the comparison before. */
    comparison: comparisonSchema,
    source: sideStateSchema,
    target: sideStateSchema,
    ignored: z.array(ignoredEntrySchema),
    /** An earlier comparison: what changed since is asked. */
    before: z.optional(comparisonSchema),
    /** Checks. */
    running: z.optional(z.strictObject({ done: z.number(), total: z.number() })),
  }),
]);
export type ComparisonState = z.infer<typeof comparisonStateSchema>;
export type ShownComparison = Extract<ComparisonState, { status: 'shown' }>;

/** Requests of the comparison page. Each has its parameters and its answer. Ids are those of checks. */
export const comparisonRequests = {
  /** The page is up (again) and wants the state; later states come as `state` notifications. */
  ready: { params: nothing, result: comparisonStateSchema },
  compare: { params: nothing, result: z.null() },
  cancel: { params: nothing, result: z.null() },
  /** Asks this check once more. */
  again: { params: id, result: z.null() },
  /** Opens the fix as SQL in an editor. */
  openFix: { params: id, result: z.null() },
  copyFix: { params: id, result: z.null() },
  /** Copies a text of the page, as an SQL of one step or a GRANT. */
  copy: { params: z.strictObject({ text: z.string() }), result: z.null() },
  record: { params: id, result: z.strictObject({ file: z.string() }) },
  /** Asks for the reason. */
  ignore: { params: id, result: z.null() },
  unignore: { params: id, result: z.null() },
  /** Asks which earlier comparison to compare with. */
  since: { params: nothing, result: z.null() },
  /** No longer shows what changed. */
  forgetSince: { params: nothing, result: z.null() },
  /** Asks as what, and writes it where the user says. */
  export: { params: nothing, result: z.null() },
} as const;

/** Notifications of the host to the comparison page. */
export const comparisonNotifications = {
  state: comparisonStateSchema,
  /** Shows this check, whatever is filtered. */
  select: id,
} as const;
