import * as z from 'zod/mini';
import { type Side, sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import { type Check, type CheckDifference, type CheckQuery, type CheckRemedyStep, defineCheck } from '../check';
import { conclude } from '../conclude';
import { literal } from '../literal';
import { coordinatorOf, joinSteps, valueOn } from '../nodes';
import { compiles, jitQuery } from './jit';

/** Beside `Query Tuning` and JIT: what decides about memory, parallel workers and reading ahead. */
const others = [
  'work_mem',
  'hash_mem_multiplier',
  'temp_buffers',
  'shared_buffers',
  'max_worker_processes',
  'max_parallel_workers',
  'max_parallel_workers_per_gather',
  'max_parallel_maintenance_workers',
  'parallel_leader_participation',
  'effective_io_concurrency',
  'maintenance_io_concurrency',
];

/** They follow the machine: what suits one is no fault on another. */
const ofTheMachine = new Set([
  'effective_cache_size',
  'shared_buffers',
  'temp_buffers',
  'max_worker_processes',
  'max_parallel_workers',
  'max_parallel_maintenance_workers',
  'effective_io_concurrency',
  'maintenance_io_concurrency',
]);

const rowSchema = z.tuple([
  z.string(),
  /** As SHOW prints it: in the largest unit that leaves no fraction. */
  z.nullable(z.string()),
  z.string(),
  /** It is what the server has built in. */
  z.boolean(),
]);
const settingsSchema = z.array(rowSchema);
type Settings = z.infer<typeof settingsSchema>;

/** Without a join: where the role forbids nested loops, one would be compiled for seconds. */
export const plannerSettings: CheckQuery<Settings> = {
  name: 'plannerSettings',
  nodes: 'every',
  asFound: true,
  sql: () => `SELECT pg_catalog.json_agg(pg_catalog.json_build_array(name, pg_catalog.current_setting(name, true), source,
    setting IS NOT DISTINCT FROM boot_val) ORDER BY name)
  FROM pg_catalog.pg_settings
 WHERE category LIKE 'Query Tuning%' OR name ~ '^jit[a-z_]*$' OR name IN (${others.map(literal).join(', ')})`,
  answer: settingsSchema,
};

interface Setting {
  value: string;
  source: string;
  isBuiltIn: boolean;
}

const planner = defineCheck({
  id: 'settings.planner',
  group: 'settings',
  title: 'Planner settings',
  question: 'Does a session of the connected role plan with the same settings on every node of both sides?',
  why: 'enable_*, costs, JIT, memory and parallel workers decide about plans: with other settings the same statement takes another one.',
  reference: 'PostgreSQL documentation, "Query Planning", "Resource Consumption" and "Just-in-Time Compilation"',
  severity: 'high',
  sides,
  queries: { settings: plannerSettings, jit: jitQuery },
  judge({ source, target }) {
    const nodes = {
      source: answered(source.answers.settings).map(readNode),
      target: answered(target.answers.settings).map(readNode),
    };
    const from = coordinatorOf(nodes.source);
    const to = coordinatorOf(nodes.target);
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const remarks: string[] = [];
    const noJit = [...answered(source.answers.jit), ...answered(target.answers.jit)].every(
      ({ answer }) => !answer.available,
    );
    if (from && to) {
      const newer: string[] = [];
      for (const name of namesOf(from, to)) {
        const [a, b] = [from.answer.get(name), to.answer.get(name)];
        if (a?.value === b?.value) continue;
        const words = `${name}: source ${settingWords(a)}, target ${settingWords(b)}`;
        if (a && b && a.isBuiltIn && b.isBuiltIn) remarks.push(`another default of another version: ${words}`);
        else if (!a || !b) {
          if (!(a ?? b)!.isBuiltIn) newer.push(words);
        } else if (isHarmless(name, a.value, b.value)) remarks.push(words);
        else if (name.startsWith('jit') && noJit) remarks.push(`${words}; no node has JIT`);
        else {
          differences.push({ what: name, source: settingWords(a), target: settingWords(b) });
          remedies.push(...remedyFor(name, a, b, nodes.target));
          const scope = scopes[b.source] ?? scopes[a.source];
          if (scope) remarks.push(`${name} comes from a ${scope}: settings.roles says where`);
        }
      }
      remarks.push(...newer.map(words => `only one version has it: ${words}`));
    }
    for (const side of sides) differences.push(...oddWorkers(side, nodes[side]));
    const isCompiled = answered(target.answers.jit).some(({ answer }) => compiles(answer));
    if (isCompiled && differences.some(({ what }) => what.startsWith('enable_')))
      remarks.push(
        'the target compiles with JIT: up to PostgreSQL 17 a forbidden kind of node that cannot be avoided sets it off',
      );
    return conclude({
      differences,
      remedies: joinSteps(remedies),
      remarks,
      unknown: unanswered(source.answers.settings, target.answers.settings),
      pass: `${to?.answer.size ?? 0} settings compared on ${nodes.source.length + nodes.target.length} nodes`,
    });
  },
});

type Node = Answered<ReadonlyMap<string, Setting>>;

function readNode(found: Answered<Settings>): Node {
  const settings = found.answer.map(([name, value, source, isBuiltIn]): [string, Setting] => [
    name,
    { value: value ?? '', source, isBuiltIn },
  ]);
  return { ...found, answer: new Map(settings) };
}

function namesOf(...nodes: readonly Node[]): string[] {
  return [...new Set(nodes.flatMap(({ answer }) => [...answer.keys()]))].sort();
}

/** More memory for a sort or a hash table spills less. */
function isHarmless(name: string, source: string, target: string): boolean {
  if (ofTheMachine.has(name)) return true;
  if (name !== 'work_mem' && name !== 'hash_mem_multiplier') return false;
  const [less, more] = [bytes(source), bytes(target)];
  return less !== undefined && more !== undefined && less <= more;
}

const units: Record<string, number> = { '': 1, B: 1, kB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40 };

function bytes(value: string): number | undefined {
  const match = /^([\d.]+)([kMGT]?B)?$/.exec(value);
  return match ? Number(match[1]) * units[match[2] ?? '']! : undefined;
}

/** A worker that plans otherwise than its coordinator. */
function oddWorkers(side: Side, nodes: readonly Node[]): CheckDifference[] {
  const own = coordinatorOf(nodes);
  if (!own) return [];
  return nodes
    .filter(node => node !== own)
    .flatMap(({ node, answer }) =>
      namesOf(own).flatMap(name => {
        const [here, there] = [own.answer.get(name), answer.get(name)];
        if (!here || !there || here.value === there.value || ofTheMachine.has(name)) return [];
        if (here.isBuiltIn && there.isBuiltIn) return [];
        const what = `${name} other than the coordinator's ${settingWords(here)}`;
        return [{ what, node, ...valueOn(side, settingWords(there)) }];
      }),
    );
}

const scopes: Record<string, string> = {
  user: 'role setting',
  database: 'database setting',
  'database user': 'role setting in the database',
  global: 'setting of all roles',
};
/** `pg_settings.source` in words. */
const sources: Record<string, string> = { ...scopes, default: 'built-in' };

function settingWords(setting: Setting | undefined): string {
  return setting ? `${setting.value} (${sources[setting.source] ?? setting.source})` : 'not known to this version';
}

/** Role and database settings are mended where they are made: the check settings.roles says how. */
function remedyFor(name: string, source: Setting, target: Setting, nodes: readonly Node[]): CheckRemedyStep[] {
  if (source.source in scopes || (target.source !== 'configuration file' && target.source !== 'default')) return [];
  const alike = nodes.filter(({ answer }) => answer.get(name)?.value === target.value).map(({ node }) => node);
  const back =
    target.source === 'default'
      ? `ALTER SYSTEM RESET ${name};`
      : `ALTER SYSTEM SET ${name} = ${literal(target.value)};`;
  return [
    {
      side: 'target',
      nodes: alike,
      sql: `ALTER SYSTEM SET ${name} = ${literal(source.value)};\nSELECT pg_reload_conf();`,
      lock: 'none; it holds for open sessions, too',
      rollback: `${back} SELECT pg_reload_conf();`,
      verify: `SHOW ${name}; in a new session of the role.`,
    },
  ];
}

export const settingsPlannerChecks: readonly Check[] = [planner];
