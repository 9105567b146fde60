import type { Remedy, RemedyStep } from '../../shared/diagnosis';
import type { Side } from '../../shared/side';
import type { NodeFacts, ScopedSetting } from './facts';
import type { CauseContext } from './rule';

/** Which settings are in force where, who set them, and how to change them. */

export interface Setting {
  name: string;
  value: string;
  /** `host:port` it was read on; undefined when EXPLAIN said it, which speaks for the coordinator alone. */
  node: string | undefined;
  /** `pg_settings.source`. */
  source: string | undefined;
}

/** The setting in force on a worker, or on the coordinator when no worker is given; undefined when nobody told. */
export function settingOf(context: CauseContext, side: Side, name: string, worker?: string): Setting | undefined {
  const facts = context.facts[side];
  for (const { node, settings } of facts ? asked(facts.nodes, worker) : []) {
    const fact = settings.get(name);
    if (fact) return { name, value: fact.value, node, source: fact.source };
  }
  if (worker !== undefined) return undefined;
  const value = explained(context, side, name);
  return value === undefined ? undefined : { name, value, node: undefined, source: undefined };
}

/** The worker itself, or another worker when that one could not be asked: they are configured alike as a rule. */
function asked(nodes: readonly NodeFacts[], worker: string | undefined): NodeFacts[] {
  const told = nodes.filter(({ settings }) => settings.size > 0);
  if (worker === undefined) return told.filter(({ role }) => role === 'coordinator');
  const itself = told.filter(({ node }) => node === worker);
  return itself.length > 0 ? itself : told.filter(({ role }) => role === 'worker');
}

/** EXPLAIN (SETTINGS) names what is not at its built-in value, of the session's own server. */
function explained({ plans }: CauseContext, side: Side, name: string): string | undefined {
  return plans[side].statements[0]?.settings?.find(([given]) => given === name)?.[1];
}

export interface SettingDifference {
  name: string;
  /** Where it differs: coordinators are compared with coordinators, workers with workers. */
  on: 'coordinator' | 'workers';
  slower: Setting | undefined;
  faster: Setting | undefined;
}

/** Every setting in which the sides differ, on the coordinator and on the workers. */
export function differingSettings(context: CauseContext): readonly SettingDifference[] {
  let known = differences.get(context);
  if (!known) {
    known = findDifferences(context);
    differences.set(context, known);
  }
  return known;
}

const differences = new WeakMap<CauseContext, SettingDifference[]>();

function findDifferences(context: CauseContext): SettingDifference[] {
  const { slower, faster, facts } = context;
  if (!facts[slower] || !facts[faster]) return differingInPlans(context);
  return (['coordinator', 'workers'] as const).flatMap(on => {
    const role = on === 'workers' ? 'worker' : 'coordinator';
    const ofSlower = facts[slower]!.nodes.filter(node => node.role === role && node.settings.size > 0);
    // A cluster may be compared with a plain server: what a worker does there, that server does.
    let ofFaster = facts[faster]!.nodes.filter(node => node.role === role && node.settings.size > 0);
    if (ofFaster.length === 0) ofFaster = facts[faster]!.nodes.filter(node => node.settings.size > 0);
    const names = new Set([...ofSlower, ...ofFaster].flatMap(node => [...node.settings.keys()]));
    return [...names].sort().flatMap(name => differenceOn(name, on, ofSlower, ofFaster));
  });
}

/** A node of the slower side whose value no node of the faster side has. */
function differenceOn(
  name: string,
  on: SettingDifference['on'],
  ofSlower: readonly NodeFacts[],
  ofFaster: readonly NodeFacts[],
): SettingDifference[] {
  const reference = ofFaster.find(node => node.settings.has(name));
  const usual = new Set(ofFaster.map(node => node.settings.get(name)?.value));
  const odd = ofSlower.find(node => node.settings.has(name) && !usual.has(node.settings.get(name)!.value));
  if (!reference || !odd) return [];
  const read = (node: NodeFacts): Setting => {
    const { value, source } = node.settings.get(name)!;
    return { name, value, node: node.node, source };
  };
  return [{ name, on, slower: read(odd), faster: read(reference) }];
}

/** EXPLAIN (SETTINGS) alone: a setting that only one side names is at its built-in value on the other. */
function differingInPlans({ plans, slower, faster }: CauseContext): SettingDifference[] {
  const ofSlower = plans[slower].statements[0]?.settings;
  const ofFaster = plans[faster].statements[0]?.settings;
  if (!ofSlower && !ofFaster) return [];
  const values = [new Map(ofSlower), new Map(ofFaster)] as const;
  const names = [...new Set([...values[0].keys(), ...values[1].keys()])].sort();
  return names.flatMap((name): SettingDifference[] => {
    const [a, b] = [values[0].get(name), values[1].get(name)];
    if (a === b) return [];
    const read = (value: string | undefined): Setting | undefined =>
      value === undefined ? undefined : { name, value, node: undefined, source: undefined };
    return [{ name, on: 'coordinator', slower: read(a), faster: read(b) }];
  });
}

/** Names of those settings in which the sides differ anywhere. */
export function differing(context: CauseContext, names: readonly string[]): string[] {
  const different = new Set(differingSettings(context).map(({ name }) => name));
  return names.filter(name => different.has(name));
}

export function isOff(value: string | undefined): boolean {
  return value === 'off' || value === 'false' || value === 'no' || value === '0';
}

type Scope = ScopedSetting['scope'];

const scopeOfSource: Record<string, Scope> = {
  user: 'role',
  database: 'database',
  'database user': 'roleInDatabase',
  global: 'allRoles',
};

/** The strongest first: PostgreSQL documentation, "ALTER ROLE". */
const strength: readonly Scope[] = ['function', 'roleInDatabase', 'role', 'database', 'allRoles'];

/** Who set it: the entry of pg_db_role_setting that is in force on that node. */
export function scopedSetting(context: CauseContext, side: Side, setting: Setting): ScopedSetting | undefined {
  const entries = (context.facts[side]?.scoped ?? []).filter(
    ({ name, value }) => name === setting.name && sameValue(value, setting.value),
  );
  const there = entries.filter(({ node }) => setting.node === undefined || node === setting.node);
  const scope = scopeOfSource[setting.source ?? ''];
  const byStrength = [...(there.length > 0 ? there : entries)].sort(
    (a, b) => strength.indexOf(a.scope) - strength.indexOf(b.scope),
  );
  if (setting.source !== undefined) return byStrength.find(entry => entry.scope === scope);
  return byStrength[0];
}

/** A stored value is as it was written: `OFF`, `false`. */
function sameValue(written: string, inForce: string): boolean {
  if (isOff(written.toLowerCase()) && isOff(inForce)) return true;
  return isOff(inForce) || inForce === 'on' ? /^(on|true|yes|1)$/i.test(written) === (inForce === 'on') : true;
}

/** `set for the role app_owner`, `in the configuration file`. */
export function scopeWords(context: CauseContext, side: Side, setting: Setting): string {
  const entry = scopedSetting(context, side, setting);
  if (entry) {
    const { scope, owner } = entry;
    if (scope === 'allRoles') return 'set for all roles';
    if (scope === 'roleInDatabase') return `set for the role in the database, ${owner}`;
    return `set for the ${scope} ${owner}`;
  }
  switch (setting.source) {
    case undefined:
      return 'scope not read';
    case 'default':
      return 'built-in value';
    case 'configuration file':
      return 'set in the configuration file';
    case 'user':
      return 'set for the role';
    case 'database':
      return 'set for the database';
    case 'database user':
      return 'set for the role in the database';
    case 'global':
      return 'set for all roles';
    case 'session':
      return 'set in the session';
    case 'client':
      return 'set by the connection';
    case 'command line':
      return 'set on the command line of the server';
    default:
      return `set by ${setting.source}`;
  }
}

/** `off, set for the role app_owner`. */
export function settingWords(context: CauseContext, side: Side, setting: Setting | undefined): string | undefined {
  return setting && `${setting.value}, ${scopeWords(context, side, setting)}`;
}

const bareName = /^[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?$/;
const bareValue = /^(?:on|off|true|false|-?\d+(?:\.\d+)?)$/;

export function assignment(name: string, value: string): string {
  return `${settingName(name)} = ${bareValue.test(value) ? value : `'${value.replaceAll("'", "''")}'`}`;
}

function settingName(name: string): string {
  return bareName.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** Sessions that are open keep a role's or database's setting; a configuration file's reaches them. */
const locks = { session: 'none; it holds for new sessions', server: 'none; it holds for open sessions, too' };

/**
 * Steps that give a setting another value in the scope it has now. On Citus also on the workers: ALTER ROLE … SET reaches them
 * from the coordinator, ALTER DATABASE … SET does so from 11.3 on at the latest and not on 11.1 (measured on 11.1.7 and
 * 13.2.2), configuration files never; a worker that has it already is not harmed.
 */
export function settingSteps(
  context: CauseContext,
  { name, value: old, source }: { name: string; value?: string; source?: string | undefined },
  /** Undefined: taken back instead of set. */
  to: string | undefined,
  entry: ScopedSetting | undefined,
): RemedyStep[] {
  const owner = alterWhat(context, entry, source);
  const alter = (value: string | undefined): string => {
    const change = value === undefined ? `RESET ${settingName(name)}` : `SET ${assignment(name, value)}`;
    return owner === undefined ? `ALTER SYSTEM ${change};\nSELECT pg_reload_conf();` : `ALTER ${owner} ${change};`;
  };
  const wasHere = entry ? entry.name === name : source === 'configuration file' || to === undefined;
  const lock = owner === undefined ? locks.server : locks.session;
  const step = { sql: alter(to), lock, rollback: alter(wasHere ? old : undefined) };
  if (!hasWorkers(context, context.slower)) return [{ on: 'coordinator', ...step }];
  if (owner === undefined) return [{ on: 'everyNode', ...step }];
  const local = 'SET citus.enable_ddl_propagation = off;\n';
  return [
    { on: 'coordinator', ...step },
    { on: 'workers', sql: local + step.sql, lock, rollback: local + step.rollback },
  ];
}

export function hasWorkers({ plans, facts }: CauseContext, side: Side): boolean {
  const nodes = facts[side]?.nodes;
  return nodes ? nodes.some(({ role }) => role === 'worker') : plans[side].nodes.some(({ kind }) => kind === 'task');
}

/** `ROLE app_owner`; undefined for the configuration file. */
function alterWhat(
  { facts, slower }: CauseContext,
  entry: ScopedSetting | undefined,
  source: string | undefined,
): string | undefined {
  switch (entry?.scope) {
    case 'role':
    case 'roleInDatabase':
      return `ROLE ${entry.owner}`;
    case 'allRoles':
      return 'ROLE ALL';
    case 'database':
      return `DATABASE ${entry.owner}`;
    case 'function':
      return `FUNCTION ${entry.owner}`;
    default: {
      if (source === 'configuration file' || source === 'default') return undefined;
      // Entries of pg_db_role_setting are of the role that ran the statement; without any, the user is to run it as that role.
      const ofRole = facts[slower]?.scoped.find(({ scope }) => scope === 'role');
      return `ROLE ${ofRole?.owner ?? 'CURRENT_USER'}`;
    }
  }
}

/** What no ALTER reaches, as it comes before all of them (PostgreSQL documentation, "Setting Parameters"). */
const elsewhere: Record<string, string> = {
  client: 'in the options of the connection, which set it',
  'command line': 'on the command line of the server, which sets it',
  'environment variable': 'in the environment of the server, which sets it',
};

/** Gives a setting the faster side's value, in the scope where the slower side has it from. */
export function settingRemedy(context: CauseContext, { name, slower, faster }: SettingDifference): Remedy {
  const entry = slower && scopedSetting(context, context.slower, slower);
  const to = faster?.value;
  const summary = to === undefined ? `Take back ${name}` : `Give ${name} the ${context.faster}'s value, ${to}`;
  const place = elsewhere[slower?.source ?? ''];
  return {
    summary: place === undefined ? `${summary}.` : `${summary}, ${place}.`,
    side: context.slower,
    steps: place === undefined ? settingSteps(context, slower ?? { name }, to, entry) : [],
    verify: verifySetting(context, name),
  };
}

export function verifySetting(context: CauseContext, name: string): string {
  const where = hasWorkers(context, context.slower) ? ', on the coordinator and on every worker' : '';
  return `SHOW ${settingName(name)} in a new session of the role${where}; then explain the statement again.`;
}
