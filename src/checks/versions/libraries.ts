/** What servers load at their start, beside the extensions of `versions.extensions` (numbers 4 to 6). */
import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { type Side, sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import { type Check, type CheckDifference, type CheckQuery, type CheckRemedyStep, defineCheck } from '../check';
import { conclude } from '../conclude';
import { coordinatorOf, joinSteps, valueOn } from '../nodes';
import { serviceOf, serviceRoleQuery } from '../services';
import { assignSetting, splitList } from '../settings/text';

const librariesSchema = z.strictObject({
  service: z.nullable(z.string()),
  /** Null: hidden from this role. */
  shared: z.nullable(z.string()),
  session: z.nullable(z.string()),
  extensions: z.array(z.string()),
});
type Libraries = z.infer<typeof librariesSchema>;

const librariesQuery: CheckQuery<Libraries> = {
  name: 'libraries',
  nodes: 'every',
  sql: () => `SELECT json_build_object('service', ${serviceRoleQuery},
  'shared', (SELECT setting FROM pg_settings WHERE name = 'shared_preload_libraries'),
  'session', (SELECT setting FROM pg_settings WHERE name = 'session_preload_libraries'),
  'extensions', (SELECT coalesce(json_agg(extname ORDER BY extname), '[]') FROM pg_extension))`,
  answer: librariesSchema,
};

/** Extensions that do their work only when their library is there from the start (their documentation). */
const preloaded: Readonly<Record<string, string>> = {
  citus: 'citus',
  pg_cron: 'pg_cron',
  pg_partman: 'pg_partman_bgw',
  pg_squeeze: 'pg_squeeze',
  pg_stat_kcache: 'pg_stat_kcache',
  pg_stat_statements: 'pg_stat_statements',
  pg_wait_sampling: 'pg_wait_sampling',
  pgaudit: 'pgaudit',
  pglogical: 'pglogical',
  timescaledb: 'timescaledb',
};
/** Of these alone, the library only adds a background worker. */
const optional = new Set(['pg_partman']);

const libraries = defineCheck({
  id: 'versions.libraries',
  group: 'versions',
  title: 'Preloaded libraries',
  question: 'Does every node of the target load at its start what the source loads, and what its extensions need?',
  why: 'Without its library an extension is there and does nothing: no statements are counted, no jobs run, nothing is audited.',
  reference:
    'PostgreSQL documentation, "Shared Library Preloading"; Citus documentation, "Installation": citus comes first',
  severity: 'high',
  sides,
  queries: { libraries: librariesQuery },
  judge({ source, target }) {
    const nodes = { source: answered(source.answers.libraries), target: answered(target.answers.libraries) };
    const unknown = unanswered(source.answers.libraries, target.answers.libraries);
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const remarks: string[] = [];
    for (const side of sides)
      for (const { node, answer } of nodes[side])
        if (answer.shared === null)
          unknown.push({
            what: 'shared_preload_libraries is hidden from this role',
            node,
            grant: `GRANT pg_read_all_settings TO ${quoted((side === 'source' ? source : target).user)}`,
          });
    const [from, to] = [coordinatorOf(nodes.source), coordinatorOf(nodes.target)];
    for (const side of sides) {
      const own = coordinatorOf(nodes[side]);
      for (const found of nodes[side]) {
        // What the coordinator of the target should load is the source's word; its workers follow it.
        const wanted = found === to ? from : own;
        judgeNode(side, found, wanted, differences, remedies);
      }
    }
    if (from && to) {
      const more = missing(to.answer.shared, from.answer.shared);
      if (more.length > 0) remarks.push(`on the target only: ${more.join(', ')}`);
      const inSessions = missing(from.answer.session, to.answer.session);
      if (inSessions.length > 0) remarks.push(`session_preload_libraries lacks ${inSessions.join(', ')} on the target`);
    }
    const count = names(to?.answer.shared ?? null).length;
    return conclude({
      differences,
      remedies: joinSteps(remedies),
      remarks,
      unknown,
      pass: `the target loads ${count} ${count === 1 ? 'library' : 'libraries'}, all of the source among them`,
    });
  },
});

function judgeNode(
  side: Side,
  { node, answer }: Answered<Libraries>,
  wanted: Answered<Libraries> | undefined,
  differences: CheckDifference[],
  remedies: CheckRemedyStep[],
): void {
  if (answer.shared === null) return;
  const loaded = names(answer.shared);
  const needed = answer.extensions.flatMap(extension =>
    optional.has(extension) || !(extension in preloaded) ? [] : [preloaded[extension]!],
  );
  const lacking = new Set([
    ...missing(wanted?.answer.shared ?? null, answer.shared),
    ...needed.filter(name => !loaded.includes(name)),
  ]);
  const isCitusLate = loaded.includes('citus') && loaded[0] !== 'citus';
  if (lacking.size === 0 && !isCitusLate) return;
  const value = loaded.join(', ') || 'none';
  for (const name of lacking) {
    const why = needed.includes(name) ? ', which its extension needs' : '';
    differences.push({ what: `library ${name} is not loaded${why}`, node, ...valueOn(side, value) });
  }
  if (isCitusLate) differences.push({ what: 'citus is not the first library', node, ...valueOn(side, value) });
  if (serviceOf(answer.service)) return;
  const all = [...new Set([...loaded, ...lacking])];
  const ordered = all.includes('citus') ? ['citus', ...all.filter(name => name !== 'citus')] : all;
  const change = (list: readonly string[]) =>
    `ALTER SYSTEM ${assignSetting('shared_preload_libraries', list.map(name => quoted(name)).join(', '))};`;
  remedies.push({
    side,
    nodes: [node],
    sql: `-- A library that is not installed keeps the server from starting: install its package first.\n${change(ordered)}\n-- It holds after a restart of the server.`,
    lock: 'none; the restart ends all sessions',
    rollback: change(loaded),
    verify: 'SHOW shared_preload_libraries; after the restart.',
  });
}

function names(list: string | null): string[] {
  return list === null
    ? []
    : splitList(list)
        .map(name => name.replace(/^.*\/|\.so$/g, ''))
        .filter(Boolean);
}

function missing(wanted: string | null, there: string | null): string[] {
  if (wanted === null || there === null) return [];
  const loaded = names(there);
  return names(wanted).filter(name => !loaded.includes(name));
}

export const librariesChecks: readonly Check[] = [libraries];
