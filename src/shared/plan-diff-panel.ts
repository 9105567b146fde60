/**
 * What host and plan-diff page say to each other. The host computes the view; the page draws it and keeps nothing but what
 * the user arranged.
 */
import * as z from 'zod/mini';
import { provingSchema } from './diagnosis';
import { callViewSchema } from './nested';
import { planDiffViewSchema, rowDetailsSchema, viewErrorSchema } from './plan-diff';

const side = z.enum(['source', 'target']);
const figure = z.optional(z.number());

/** What the panel shows right now. */
export const planDiffStateSchema = z.discriminatedUnion('status', [
  z.strictObject({
    status: z.literal('running'),
    title: z.string(),
    analyzed: z.boolean(),
    /** How long it had been running when this was sent, in milliseconds; absent when it has just begun. */
    elapsedMs: figure,
    source: z.strictObject({ label: z.string(), color: z.string(), done: z.boolean() }),
    target: z.strictObject({ label: z.string(), color: z.string(), done: z.boolean() }),
  }),
  z.strictObject({
    status: z.literal('failed'),
    title: z.string(),
    error: viewErrorSchema,
    /** What a `rerun` would do; absent when there is nothing to run again. */
    analyzed: z.optional(z.boolean()),
  }),
  z.strictObject({
    status: z.literal('ready'),
    view: planDiffViewSchema,
    recordedIn: z.optional(z.string()),
    /** The statements inside, when it is a call of a function or procedure. */
    call: z.optional(callViewSchema),
    /** The plans are there, why they differ is still being looked for. */
    diagnosing: z.optional(z.boolean()),
    /** Experiments can be made: there is a statement to run, and a side it may run on. */
    provable: z.optional(z.boolean()),
  }),
]);
export type PlanDiffState = z.infer<typeof planDiffStateSchema>;

/** Requests of the plan-diff page. Each has its parameters and its answer. */
export const planDiffRequests = {
  /** The page is up (again) and wants the state; later states come as `state` notifications. */
  ready: { params: z.strictObject({ id: z.optional(z.string()) }), result: planDiffStateSchema },
  details: { params: z.strictObject({ row: z.number() }), result: rowDetailsSchema },
  raw: { params: z.strictObject({ side }), result: z.strictObject({ text: z.string() }) },
  openRaw: { params: z.strictObject({ side }), result: z.null() },
  record: { params: z.strictObject({}), result: z.strictObject({ file: z.string() }) },
  copyMarkdown: { params: z.strictObject({}), result: z.null() },
  /** Experiments on the slower side; answers when they are over, the result is in the state. */
  prove: { params: z.strictObject({}), result: z.null() },
  /** Opens the fix of a cause (index into `diagnosis.causes`) as a script; nothing runs. */
  openRemedy: { params: z.strictObject({ cause: z.number() }), result: z.null() },
  /** Opens the plans of a statement inside a call in a panel of their own. */
  openNested: { params: z.strictObject({ id: z.string() }), result: z.null() },
  /** Runs the same statement again. */
  rerun: { params: z.strictObject({ analyze: z.boolean() }), result: z.null() },
  cancel: { params: z.strictObject({}), result: z.null() },
} as const;

/** Notifications of the host to the plan-diff page. */
export const planDiffNotifications = {
  state: planDiffStateSchema,
  /** Experiments go on; `null` when they are over. */
  proving: z.nullable(provingSchema),
} as const;
