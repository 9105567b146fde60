/** What host and statements page say to each other. The host owns rows, filters by text, and does what the user asks. */
import * as z from 'zod/mini';
import { viewErrorSchema } from './plan-diff';
import { statementDetailsSchema, statementsSummarySchema } from './statements';

const id = z.strictObject({ id: z.string() });
const nothing = z.strictObject({});

/** What the panel shows right now. */
export const statementsStateSchema = z.discriminatedUnion('status', [
  z.strictObject({
    status: z.literal('running'),
    source: z.strictObject({ label: z.string(), color: z.string(), done: z.boolean() }),
    target: z.strictObject({ label: z.string(), color: z.string(), done: z.boolean() }),
  }),
  z.strictObject({ status: z.literal('failed'), error: viewErrorSchema }),
  z.strictObject({
    status: z.literal('ready'),
    /** Grows with every reading; rows of another revision are asked for again. */
    revision: z.number(),
    summary: statementsSummarySchema,
    /** JSON of `statementRowSchema[]`: the host hands it on unread, which keeps thousands of rows off its event loop. */
    rows: z.string(),
    /** Another reading is under way while this one is shown. */
    refreshing: z.optional(z.boolean()),
  }),
]);
export type StatementsState = z.infer<typeof statementsStateSchema>;

export const exportFormats = ['csv', 'json', 'markdown'] as const;

/** Requests of the statements page. Each has its parameters and its answer. */
export const statementsRequests = {
  /** The page is up (again) and wants the state; later states come as `state` notifications. */
  ready: { params: nothing, result: statementsStateSchema },
  details: { params: id, result: statementDetailsSchema },
  /** Ids of the rows whose statement holds all the words, in any place and case. */
  search: { params: z.strictObject({ text: z.string() }), result: z.strictObject({ ids: z.array(z.string()) }) },
  explain: { params: id, result: z.null() },
  prove: { params: id, result: z.null() },
  /** Opens the statement, laid out, in an editor. */
  open: { params: id, result: z.null() },
  copy: { params: id, result: z.null() },
  record: { params: id, result: z.strictObject({ file: z.string() }) },
  /** `source` and `target` are rows: one that was found on the source alone, one on the target alone. */
  pin: { params: z.strictObject({ source: z.string(), target: z.string() }), result: z.null() },
  /** Confirms a proposed pair. */
  confirm: { params: id, result: z.null() },
  split: { params: id, result: z.null() },
  /** Asks which readings to compare: live, a snapshot, the window between two. */
  choose: { params: nothing, result: z.null() },
  snapshot: { params: nothing, result: z.null() },
  refresh: { params: nothing, result: z.null() },
  cancel: { params: nothing, result: z.null() },
  /** Writes the rows, in this order, where the user says. */
  export: {
    params: z.strictObject({ format: z.enum(exportFormats), ids: z.array(z.string()) }),
    result: z.null(),
  },
} as const;

/** Notifications of the host to the statements page. */
export const statementsNotifications = {
  state: statementsStateSchema,
  /** Shows this row, whatever is filtered. */
  select: id,
} as const;
