import * as z from 'zod/mini';
import type { Answered } from '../answers';
import type { CheckQuery } from '../check';
import { literal } from '../literal';
import { serviceRoleQuery } from '../services';
import { graded, unlisted } from './grades';

const rowSchema = z.tuple([
  z.string(),
  /** As SHOW prints it: in the largest unit that leaves no fraction. */
  z.nullable(z.string()),
  z.string(),
  /** It is what the server has built in. */
  z.boolean(),
  /** When it can change: `postmaster`, `sighup`, `user` …, of pg_settings. */
  z.string(),
]);
const serverSettingsSchema = z.strictObject({
  service: z.nullable(z.string()),
  settings: z.array(rowSchema),
  /** Set by name, and in no list of settings: nobody tells where they come from. */
  unlisted: z.nullable(z.array(z.tuple([z.string(), z.string()]))),
  /** Changed in a file, and not in force before a restart. */
  pending: z.nullable(z.array(z.string())),
});
type ServerSettings = z.infer<typeof serverSettingsSchema>;

/** Without a join: where the role forbids nested loops, one would be compiled for seconds. */
export const serverSettings: CheckQuery<ServerSettings> = {
  name: 'serverSettings',
  nodes: 'every',
  asFound: true,
  sql: ({ citus }) => `SELECT pg_catalog.json_build_object('service', ${serviceRoleQuery},
  'settings', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(name, pg_catalog.current_setting(name, true), source,
       setting IS NOT DISTINCT FROM boot_val, context) ORDER BY name)
     FROM pg_catalog.pg_settings WHERE name IN (${graded.map(literal).join(', ')})),
  'unlisted', ${
    citus
      ? `(SELECT pg_catalog.json_agg(pg_catalog.json_build_array(name, pg_catalog.current_setting(name, true)))
     FROM pg_catalog.unnest(ARRAY[${unlisted.map(literal).join(', ')}]) AS name
    WHERE pg_catalog.current_setting(name, true) IS NOT NULL)`
      : 'NULL'
  },
  'pending', (SELECT pg_catalog.json_agg(name ORDER BY name) FROM pg_catalog.pg_settings WHERE pending_restart))`,
  answer: serverSettingsSchema,
};

export interface ServerSetting {
  value: string;
  /** Of pg_settings: `default`, `configuration file`, `user` …; `unlisted`. */
  source: string;
  isBuiltIn: boolean;
  context: string;
}

export type SettingsNode = Answered<ReadonlyMap<string, ServerSetting>> & {
  service: string | null;
  pending: readonly string[];
};

export function readSettings(found: Answered<ServerSettings>): SettingsNode {
  const { service, settings, unlisted: rest, pending } = found.answer;
  const listed = settings.map(([name, value, source, isBuiltIn, context]): [string, ServerSetting] => [
    name,
    { value: value ?? '', source, isBuiltIn, context },
  ]);
  const others = (rest ?? []).map(([name, value]): [string, ServerSetting] => [
    name,
    { value, source: 'unlisted', isBuiltIn: false, context: 'user' },
  ]);
  return { ...found, answer: new Map([...others, ...listed]), service, pending: pending ?? [] };
}
