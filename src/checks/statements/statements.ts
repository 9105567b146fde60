import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { eachSide, type Side, sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import {
  type Check,
  type CheckDifference,
  type CheckQuery,
  type CheckRemedyStep,
  type CheckUnknown,
  defineCheck,
} from '../check';
import { conclude } from '../conclude';
import { literal } from '../literal';
import { joinSteps, valueOn, withoutPropagation } from '../nodes';
import { compareVersions } from '../versions/compare-versions';

const readySchema = z.strictObject({
  loaded: z.boolean(),
  version: z.nullable(z.string()),
  available: z.nullable(z.string()),
  track: z.nullable(z.string()),
  queryId: z.nullable(z.string()),
  /** Null: hidden from this role. */
  libraries: z.nullable(z.string()),
  /** The role sees the statements of others. */
  seesAll: z.boolean(),
});
type Ready = z.infer<typeof readySchema>;

const statementsReady: CheckQuery<Ready> = {
  name: 'statementsReady',
  nodes: 'every',
  sql: () => `SELECT json_build_object(
  'loaded', EXISTS (SELECT FROM pg_settings WHERE name = 'pg_stat_statements.max'),
  'version', (SELECT extversion FROM pg_extension WHERE extname = 'pg_stat_statements'),
  'available', (SELECT default_version FROM pg_available_extensions() WHERE name = 'pg_stat_statements'),
  'track', (SELECT setting FROM pg_settings WHERE name = 'pg_stat_statements.track'),
  'queryId', (SELECT setting FROM pg_settings WHERE name = 'compute_query_id'),
  'libraries', (SELECT setting FROM pg_settings WHERE name = 'shared_preload_libraries'),
  'seesAll', pg_has_role(session_user, 'pg_read_all_stats', 'USAGE'))`,
  answer: readySchema,
};

const ready = defineCheck({
  id: 'statements.ready',
  group: 'statements',
  title: 'pg_stat_statements',
  question: 'Does every node of both sides count statements, in a version that has the columns to compare them by?',
  why: 'Without it nobody can tell which statements became slower; on Citus the time of tasks is known to the workers alone.',
  reference: 'PostgreSQL documentation, "pg_stat_statements"',
  severity: 'high',
  sides,
  queries: { ready: statementsReady },
  judge({ source, target }) {
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const remarks: string[] = [];
    const unknown: CheckUnknown[] = unanswered(source.answers.ready, target.answers.ready);
    let nodes = 0;
    for (const [side, { user, answers }] of eachSide({ source, target })) {
      for (const found of answered(answers.ready)) {
        const { node, answer } = found;
        nodes++;
        const fault = faultOf(side, found);
        if (fault) {
          differences.push({ what: fault.what, node, ...valueOn(side, fault.value) });
          remedies.push(fault.step);
          continue;
        }
        if (answer.available && compareVersions(answer.version!, answer.available) < 0)
          remarks.push(`${node}: version ${answer.version}, the server brings ${answer.available}`);
        if (!answer.seesAll)
          unknown.push({
            what: 'statements of other roles are hidden',
            node,
            grant: `GRANT pg_read_all_stats TO ${quoted(user)}`,
          });
      }
    }
    return conclude({
      differences,
      remedies: joinSteps(remedies),
      remarks,
      unknown,
      pass: `statements are counted on ${nodes === 1 ? 'the one node' : `all ${nodes} nodes`}`,
    });
  },
});

interface Fault {
  what: string;
  value: string;
  step: CheckRemedyStep;
}

function faultOf(side: Side, { node, role, answer }: Answered<Ready>): Fault | undefined {
  const step = (sql: string, lock: string, rollback: string): CheckRemedyStep => ({
    side,
    nodes: [node],
    sql,
    lock,
    rollback,
    verify: 'SELECT count(*) FROM pg_stat_statements;',
  });
  const prefix = role === 'worker' ? withoutPropagation : '';
  const what = 'pg_stat_statements';
  if (!answer.loaded) {
    const names = (answer.libraries ?? '')
      .split(',')
      .map(name => name.trim())
      .filter(Boolean);
    // With an empty list written down, a server does not start: could not access file "".
    const preload = (libraries: string[]) =>
      libraries.length === 0
        ? 'ALTER SYSTEM RESET shared_preload_libraries'
        : `ALTER SYSTEM SET shared_preload_libraries = ${libraries.map(literal).join(', ')}`;
    const known = answer.libraries !== null;
    const sql = known
      ? `${preload([...names, 'pg_stat_statements'])};\n-- then restart the server${answer.version === null ? ' and CREATE EXTENSION pg_stat_statements;' : ''}`
      : '-- Add pg_stat_statements to shared_preload_libraries, behind what stands there (GRANT pg_read_all_settings shows it), then restart.';
    const rollback = known ? `${preload(names)}; then a restart.` : 'Take it out again, then restart.';
    return { what, value: 'not loaded', step: step(sql, 'a restart of the server', rollback) };
  }
  if (answer.version === null) {
    const sql = `${prefix}CREATE EXTENSION pg_stat_statements;`;
    return {
      what,
      value: 'not created in this database',
      step: step(sql, 'none', `${prefix}DROP EXTENSION pg_stat_statements;`),
    };
  }
  for (const [name, value, to] of [
    ['pg_stat_statements.track', answer.track, 'top'],
    ['compute_query_id', answer.queryId, 'auto'],
  ] as const) {
    if (value !== (name === 'compute_query_id' ? 'off' : 'none')) continue;
    const sql = `ALTER SYSTEM SET ${name} = ${literal(to)};\nSELECT pg_reload_conf();`;
    const back = `ALTER SYSTEM SET ${name} = ${literal(value)}; SELECT pg_reload_conf();`;
    return {
      what,
      value: `${name} = ${value}: nothing is counted`,
      step: step(sql, 'none; it holds for open sessions, too', back),
    };
  }
  return undefined;
}

export const statementsChecks: readonly Check[] = [ready];
