import * as z from 'zod/mini';
import type { BySide, Side } from './side';

/** libpq's sslmode values, with libpq's meanings (PostgreSQL documentation, "SSL Mode Descriptions"). */
export const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof sslModes)[number];

/**
 * Where one side lives, as it stands in the setting `cutover.migrations`. Every field is optional: what is missing
 * comes from the service entry, then from PG* variables, then from libpq's defaults. Never holds a secret.
 */
export const connectionSettingsSchema = z.strictObject({
  host: z.optional(z.string()),
  port: z.optional(z.number()),
  database: z.optional(z.string()),
  user: z.optional(z.string()),
  /** Name of a `pg_service.conf` entry. */
  service: z.optional(z.string()),
  sslmode: z.optional(z.enum(sslModes)),
  sslrootcert: z.optional(z.string()),
  sslcert: z.optional(z.string()),
  sslkey: z.optional(z.string()),
  /** What the user calls this side: "Citus Cloud on AWS". */
  label: z.optional(z.string()),
  /** A VS Code theme colour id, as `charts.green`. */
  color: z.optional(z.string()),
  /** No ANALYZE of writes, no experiments, no replay there (safety.md §5). The source is protected unless it says false. */
  protected: z.optional(z.boolean()),
});
export type ConnectionSettings = z.infer<typeof connectionSettingsSchema>;

/** One named pair of clusters. */
export const migrationSchema = z.strictObject({
  name: z.string(),
  source: connectionSettingsSchema,
  target: connectionSettingsSchema,
});
export type Migration = z.infer<typeof migrationSchema>;

/** Contributed by the manifest: `charts.orange` is nearly transparent in VS Code's own dark themes. */
export const defaultColors: BySide<string> = { source: 'cutover.source', target: 'cutover.target' };

export function isProtected(side: Side, connection: ConnectionSettings): boolean {
  return connection.protected ?? side === 'source';
}
