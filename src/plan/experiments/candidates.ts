import type { Experiment } from '../../shared/diagnosis';
import type { SideFacts } from '../causes/facts';
import type { FoundCause } from '../causes/rule';
import { type Plan, topStatements } from '../model';

export type Change = Experiment['changed'][number];

/** One thing that can be made as it is on the other side. */
export interface Candidate {
  change: Change;
  /** Ids of the causes it would prove. */
  tests: string[];
}

export interface CandidatesInput {
  /** The causes found, what explains most first. */
  causes: readonly { id: string; settings: FoundCause['settings'] }[];
  slower: Values;
  other: Values;
}

/** What a side's settings are for the connected role. A worker that agrees with the coordinator goes without saying. */
export type Values = ReadonlyMap<string, { coordinator: string | undefined; workers: string[] }>;

/** Which value a setting has where it is not configured, as the server prints it. */
export type BuiltIns = ReadonlyMap<string, string>;

/**
 * Every setting that can be tried, in the order of its promise: those the causes name, then the rest by name. `fixed` are
 * those that differ as well and cannot be changed for one transaction.
 */
export function candidates({ causes, slower, other }: CandidatesInput): { candidates: Candidate[]; fixed: string[] } {
  const named = causes.flatMap(cause => cause.settings);
  const rest = [...slower.keys()].filter(name => !named.includes(name)).sort();
  const found: Candidate[] = [];
  const fixed: string[] = [];
  for (const name of new Set([...named, ...rest])) {
    if (leftAlone.has(name)) continue;
    const [here, there] = [slower.get(name), other.get(name)];
    const to = there && wanted(there);
    if (!here || to === undefined || isAlready(here, to)) continue;
    if (serverStart.has(name)) fixed.push(name);
    else {
      const tests = causes.filter(cause => cause.settings.includes(name)).map(cause => cause.id);
      found.push({ change: { name, from: describe(here), to }, tests: [...new Set(tests)] });
    }
  }
  return { candidates: found, fixed };
}

type Value = NonNullable<ReturnType<Values['get']>>;

/** Workers do the work: where they differ from their coordinator, theirs is the value that counts. */
function wanted({ coordinator, workers }: Value): string | undefined {
  return workers[0] ?? coordinator;
}

function isAlready({ coordinator, workers }: Value, to: string): boolean {
  return [coordinator, ...workers].every(value => value === undefined || value === to);
}

function describe({ coordinator, workers }: Value): string {
  const others = workers.filter(value => value !== coordinator);
  if (coordinator === undefined || others.length === 0) return coordinator ?? workers.join(', ');
  return `${coordinator} (workers: ${others.join(', ')})`;
}

/**
 * A side's settings: from its nodes where they could be asked, else from EXPLAIN (SETTINGS), which lists those that are
 * not as built in and speaks for the coordinator alone.
 */
export function settingsOf(facts: SideFacts | undefined, plan: Plan | undefined, builtIns: BuiltIns): Values {
  const values = new Map<string, Value>();
  const entry = (name: string): Value => {
    const known = values.get(name) ?? { coordinator: undefined, workers: [] };
    values.set(name, known);
    return known;
  };
  for (const { role, settings } of facts?.nodes ?? [])
    for (const [name, { value }] of settings) {
      const known = entry(name);
      if (role === 'coordinator') known.coordinator = value;
      else if (!known.workers.includes(value)) known.workers.push(value);
    }
  if (values.size > 0) return values;
  for (const [name, value] of builtIns) entry(name).coordinator = value;
  for (const [name, value] of explainedSettings(plan)) entry(name).coordinator = value;
  return values;
}

/** What EXPLAIN (SETTINGS) listed. */
export function explainedSettings(plan: Plan | undefined): [name: string, value: string][] {
  return (plan && topStatements(plan)[0]?.settings) ?? [];
}

/** Take effect when a server starts, or a connection (PostgreSQL documentation, "Setting Parameters"; Citus's likewise). */
const serverStart = new Set([
  'shared_buffers',
  'huge_pages',
  'io_method',
  'io_workers',
  'jit_provider',
  'citus.local_shared_pool_size',
  'citus.max_client_connections',
  'citus.max_shared_pool_size',
  'citus.use_secondary_nodes',
]);

/** Would change what the statement means or which rows it may see, or are part of how an experiment is made. */
const leftAlone = new Set([
  'default_transaction_isolation',
  'default_transaction_read_only',
  'default_transaction_deferrable',
  'row_security',
  'search_path',
  'session_replication_role',
  'transform_null_equals',
  'track_io_timing',
  'track_wal_io_timing',
  'citus.all_modifications_commutative',
  'citus.log_remote_commands',
  'citus.max_cached_conns_per_worker',
  'citus.propagate_set_commands',
  'citus.stat_tenants_track',
  'citus.subquery_pushdown',
]);

/**
 * Settings that act through the plan alone: where EXPLAIN shows the same plan and the same decision about JIT with them,
 * there is nothing to time. All others may act while the statement runs.
 */
export function actsThroughPlan(name: string): boolean {
  return (
    /^(enable_|geqo|jit$|jit_(above|inline_above|optimize_above)_cost$|parallel_|min_parallel_)/.test(name) ||
    /(_collapse_limit|_cost)$/.test(name) ||
    planOnly.has(name)
  );
}

const planOnly = new Set([
  'constraint_exclusion',
  'cursor_tuple_fraction',
  'debug_parallel_query',
  'default_statistics_target',
  'effective_cache_size',
  'force_parallel_mode',
  'max_parallel_workers_per_gather',
  'plan_cache_mode',
  'recursive_worktable_factor',
]);
