/** What the extension and its language server say to each other beyond the Language Server Protocol. */
import * as z from 'zod/mini';

/** What the server cannot know by itself; sent at the start and whenever it changes. */
export const serverContextSchema = z.strictObject({
  /** Names of the migrations in the settings. */
  migrations: z.array(z.string()),
  /** The workspace is trusted: checks may be run. */
  canRun: z.boolean(),
  /** Levels of rules where they differ from the usual. */
  levels: z.record(z.string(), z.string()),
  /** Address of the page that explains the rules; a rule's code is its anchor. */
  documentation: z.string(),
  /** Checks that are running: address of the playbook, then ids. */
  running: z.record(z.string(), z.array(z.string())),
  /** Statements that make up the load of a migration's source, by its name: heaviest first, with their share of its time. */
  heavy: z.record(z.string(), z.array(z.strictObject({ title: z.string(), share: z.number() }))),
});
export type ServerContext = z.infer<typeof serverContextSchema>;

/** Schemas, tables and columns for completion, of the clusters of a migration; null when none is connected. */
export const databaseNamesSchema = z.nullable(
  z.strictObject({
    schemas: z.array(z.string()),
    tables: z.array(z.strictObject({ schema: z.string(), name: z.string(), columns: z.array(z.string()) })),
  }),
);
export type DatabaseNames = NonNullable<z.infer<typeof databaseNamesSchema>>;

export const serverMethods = {
  /** Notification to the server: a {@link ServerContext}. */
  context: 'cutover/context',
  /** Request to the editor: `{ migration }` gives {@link databaseNamesSchema}. */
  names: 'cutover/names',
} as const;
