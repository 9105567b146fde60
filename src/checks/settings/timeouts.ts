/** Timeouts and isolation (number 17), and what waits for a restart. */
import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { type Side, sides } from '../../shared/side';
import { answered, unanswered } from '../answers';
import { type Check, type CheckDifference, type CheckQuery, type CheckRemedyStep, defineCheck } from '../check';
import { conclude } from '../conclude';
import { jsonWhere } from '../guarded';
import { literal } from '../literal';
import { joinSteps, nodeNames, valueOn } from '../nodes';
import { compareSettings, countWords, isOurs } from './compare';
import { timeouts } from './grades';
import { readSettings, type ServerSetting, type SettingsNode, serverSettings } from './read';

/** Every session of Cutover's brings them itself, so that they do not show what the server would give. */
const ours: Readonly<Record<string, string>> = {
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  default_transaction_read_only: 'off',
};

const freshSchema = z.strictObject({
  /** What ALTER ROLE or ALTER DATABASE gives to a session of the connected role, the strongest last. */
  scoped: z.array(z.tuple([z.string(), z.string(), z.string()])),
  /** What the files say, the last line last; null: hidden from this role. */
  files: z.nullable(z.array(z.tuple([z.string(), z.string()]))),
});

/** InitPostgres's process_settings: of all, of the database, of the role, of the role in the database. */
const freshSettings: CheckQuery<z.infer<typeof freshSchema>> = {
  name: 'freshSettings',
  nodes: 'coordinator',
  sql: () => `SELECT json_build_object(
  'scoped', (SELECT coalesce(json_agg(json_build_array(split_part(entry, '=', 1), substr(entry, strpos(entry, '=') + 1),
       CASE WHEN s.setrole <> 0 AND s.setdatabase <> 0 THEN 'database user' WHEN s.setrole <> 0 THEN 'user'
            WHEN s.setdatabase <> 0 THEN 'database' ELSE 'global' END)
       ORDER BY s.setrole <> 0, s.setdatabase <> 0), '[]')
     FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) AS entry
    WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
      AND s.setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = session_user))
      AND split_part(entry, '=', 1) IN (${Object.keys(ours).map(literal).join(', ')})),
  'files', ${jsonWhere(
    `has_function_privilege('pg_show_all_file_settings()', 'EXECUTE')`,
    `SELECT coalesce(json_agg(json_build_array(name, setting) ORDER BY seqno), '[]') FROM pg_show_all_file_settings()
      WHERE applied AND name IN (${Object.keys(ours).map(literal).join(', ')})`,
  )})`,
  answer: freshSchema,
};

const timeoutsCheck = defineCheck({
  id: 'settings.timeouts',
  group: 'settings',
  title: 'Timeouts and isolation',
  question: 'Does a session of the connected role start with the same timeouts, isolation and access mode?',
  why: 'A shorter timeout ends statements that the source lets run; another isolation level changes results and serialization failures.',
  reference: 'PostgreSQL documentation, "Statement Behavior"',
  severity: 'high',
  sides,
  queries: { settings: serverSettings, fresh: freshSettings },
  judge({ source, target }) {
    const unknown = unanswered(
      source.answers.settings,
      source.answers.fresh,
      target.answers.settings,
      target.answers.fresh,
    );
    const read = ({ user, answers }: typeof source): SettingsNode[] =>
      answered(answers.settings)
        .map(readSettings)
        .map(node => {
          const found = answered(answers.fresh).find(fresh => fresh.node === node.node);
          if (!found) return node;
          const told = freshValues(node, found.answer);
          if (told.hidden.length > 0)
            unknown.push({
              what: `what its files say of ${told.hidden.join(', ')}, which Cutover's own sessions bring themselves`,
              node: node.node,
              grant: `GRANT EXECUTE ON FUNCTION pg_catalog.pg_show_all_file_settings() TO ${quoted(user)}`,
            });
          return told.node;
        });
    const nodes = { source: read(source), target: read(target) };
    const { differences, remedies, remarks } = compareSettings(nodes, timeouts);
    return conclude({
      differences,
      remedies: joinSteps(remedies),
      remarks,
      unknown,
      pass: countWords(nodes, timeouts),
    });
  },
});

/** A node as a session without Cutover's options would find it. */
function freshValues(
  node: SettingsNode,
  { scoped, files }: z.infer<typeof freshSchema>,
): { node: SettingsNode; hidden: string[] } {
  const settings = new Map(node.answer);
  const hidden: string[] = [];
  for (const [name, builtIn] of Object.entries(ours)) {
    const found = settings.get(name);
    if (!found || !isOurs(found)) continue;
    const strongest = scoped.findLast(([scopedName]) => scopedName === name);
    const line = files?.findLast(([fileName]) => fileName === name);
    if (strongest) settings.set(name, from(found, strongest[1], strongest[2]));
    else if (line) settings.set(name, from(found, line[1], 'configuration file'));
    else if (files) settings.set(name, { ...from(found, builtIn, 'default'), isBuiltIn: true });
    else hidden.push(name);
  }
  return { node: { ...node, answer: settings }, hidden };
}

/** A bare number is milliseconds, which SHOW says and a file need not. */
function from(found: ServerSetting, text: string, source: string): ServerSetting {
  const value = /^[1-9]\d*$/.test(text) ? `${text}ms` : text.replace(/^0(?:ms|s|min|h|d)$/, '0');
  return { ...found, value, source, isBuiltIn: false };
}

const pending = defineCheck({
  id: 'settings.pending-restart',
  group: 'settings',
  title: 'Settings that wait for a restart',
  question: 'Does every node of the target run with what its configuration says?',
  why: 'A changed setting that waits for a restart comes into force at the next one: at a failover or a patch, when nobody thinks of it.',
  reference: 'PostgreSQL documentation, "pg_settings: pending_restart"',
  severity: 'medium',
  sides,
  queries: { settings: serverSettings },
  judge({ source, target }) {
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const waiting = (side: Side) =>
      answered((side === 'source' ? source : target).answers.settings)
        .map(readSettings)
        .filter(node => node.pending.length > 0);
    for (const { node, pending: names } of waiting('target')) {
      differences.push({ what: 'settings that wait for a restart', node, ...valueOn('target', names.join(', ')) });
      remedies.push({
        side: 'target',
        nodes: [node],
        sql: '-- Restart the server (pg_ctl restart, systemctl, or the page of the service).',
        lock: 'the restart ends all sessions',
        rollback: names.map(name => `ALTER SYSTEM RESET ${name};`).join(' '),
        verify: 'SELECT name, setting FROM pg_settings WHERE pending_restart;',
      });
    }
    return conclude({
      differences,
      remedies,
      remarks: waiting('source').map(({ node, pending: names }) => `${node} (source): ${names.join(', ')}`),
      unknown: unanswered(source.answers.settings, target.answers.settings),
      pass: `nothing waits for a restart on ${nodeNames(target).length} nodes of the target`,
    });
  },
});

export const settingsTimeoutChecks: readonly Check[] = [timeoutsCheck, pending];
