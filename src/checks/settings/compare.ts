/** Settings of one category, compared by their grades: between the sides, and between the nodes of one. */
import { type Side, sides } from '../../shared/side';
import { answered, unanswered } from '../answers';
import {
  type Check,
  type CheckDifference,
  type CheckRemedyStep,
  type CheckUnknown,
  type CheckWords,
  defineCheck,
} from '../check';
import { conclude } from '../conclude';
import { coordinatorOf, joinSteps, valueOn } from '../nodes';
import { isFixedByService, serviceOf } from '../services';
import type { Grade, Grades } from './grades';
import { readSettings, type ServerSetting, type SettingsNode, serverSettings } from './read';
import { assignSetting, sameSetting, settingName, sizeOfSetting } from './text';

export interface SettingsFindings {
  differences: CheckDifference[];
  remedies: CheckRemedyStep[];
  remarks: string[];
  unknown: CheckUnknown[];
}

export type SettingsNodes = Record<Side, readonly SettingsNode[]>;

/** A check that compares one category. */
export function settingsCheck(
  words: Omit<CheckWords, 'group' | 'sides'>,
  grades: Grades,
  note?: (nodes: SettingsNodes) => readonly string[],
): Check {
  return defineCheck({
    ...words,
    group: 'settings',
    sides,
    queries: { settings: serverSettings },
    judge({ source, target }) {
      const nodes = {
        source: answered(source.answers.settings).map(readSettings),
        target: answered(target.answers.settings).map(readSettings),
      };
      const found = compareSettings(nodes, grades);
      found.remarks.push(...(note?.(nodes) ?? []));
      const unknown = unanswered(source.answers.settings, target.answers.settings);
      return conclude({ ...found, remedies: joinSteps(found.remedies), unknown, pass: countWords(nodes, grades) });
    },
  });
}

export function countWords(nodes: SettingsNodes, grades: Grades): string {
  const known = new Set([...nodes.source, ...nodes.target].flatMap(({ answer }) => [...answer.keys()]));
  const count = Object.keys(grades).filter(name => known.has(name)).length;
  return `${count} settings compared on ${nodes.source.length + nodes.target.length} nodes`;
}

export function compareSettings(nodes: SettingsNodes, grades: Grades): SettingsFindings {
  const found: SettingsFindings = { differences: [], remedies: [], remarks: [], unknown: [] };
  const [from, to] = [ownNode(nodes.source), ownNode(nodes.target)];
  for (const [name, grade] of Object.entries(grades)) {
    if (from && to) compareSides(name, grade, from, to, nodes.target, found);
    for (const side of sides) compareWorkers(name, grade, side, nodes[side], found);
  }
  return found;
}

function ownNode(nodes: readonly SettingsNode[]): SettingsNode | undefined {
  return coordinatorOf(nodes) as SettingsNode | undefined;
}

function compareSides(
  name: string,
  grade: Grade,
  from: SettingsNode,
  to: SettingsNode,
  targets: readonly SettingsNode[],
  { differences, remedies, remarks }: SettingsFindings,
): void {
  const [a, b] = [from.answer.get(name), to.answer.get(name)];
  if ((!a && !b) || (a && b && sameSetting(a.value, b.value))) return;
  const words = `${name}: source ${settingWords(a)}, target ${settingWords(b)}`;
  if (!a || !b) {
    const only = (a ?? b)!;
    if (!only.isBuiltIn && only.source !== 'default' && only.source !== 'unlisted')
      remarks.push(`only one side knows it: ${words}`);
    return;
  }
  const service = serviceOf(to.service);
  if (isOurs(a) || isOurs(b)) return;
  if (a.isBuiltIn && b.isBuiltIn) remarks.push(`another default of another version: ${words}`);
  else if (!bites(grade, a.value, b.value)) remarks.push(words);
  else if (service && isFixedByService(name)) remarks.push(`${words}; ${service} keeps it to itself`);
  else {
    differences.push({ what: name, source: settingWords(a), target: settingWords(b) });
    const scope = scopes[b.source] ?? scopes[a.source];
    if (scope) remarks.push(`${name} comes from a ${scope}: settings.roles says where`);
    else if (service) remarks.push(`${name} is set in the configuration of ${service}; it knows no ALTER SYSTEM`);
    else {
      const alike = targets.filter(({ answer }) => answer.get(name)?.value === b.value).map(({ node }) => node);
      remedies.push(...changeSteps(name, a.value, b, 'target', alike));
    }
  }
}

function compareWorkers(
  name: string,
  grade: Grade,
  side: Side,
  nodes: readonly SettingsNode[],
  { differences, remedies }: SettingsFindings,
): void {
  const own = ownNode(nodes);
  const here = own?.answer.get(name);
  if (!here || isOurs(here)) return;
  for (const { node, answer, service } of nodes) {
    const there = answer.get(name);
    if (!there || isOurs(there) || sameSetting(here.value, there.value)) continue;
    if ((here.isBuiltIn && there.isBuiltIn) || !bites(grade, here.value, there.value)) continue;
    const what = `${name} other than the coordinator's ${settingWords(here)}`;
    differences.push({ what, node, ...valueOn(side, settingWords(there)) });
    const isScoped = there.source in scopes || here.source in scopes;
    if (!service && !isScoped) remedies.push(...changeSteps(name, here.value, there, side, [node]));
  }
}

/** The session itself brings it, or Citus to the sessions it opens: it says nothing of the server. */
export function isOurs({ source }: ServerSetting): boolean {
  return source === 'client' || source === 'session';
}

/** Ordered words, the least first. */
const ladders: readonly (readonly string[])[] = [
  ['off', 'unknown', 'on'],
  ['off', 'local', 'remote_write', 'on', 'remote_apply'],
  ['minimal', 'replica', 'logical'],
  ['md5', 'scram-sha-256'],
  ['', 'TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'],
];

function bites(grade: Grade, wanted: string, there: string): boolean {
  switch (grade) {
    case 'same':
      return true;
    case 'remark':
      return false;
    case 'staysOn':
      return !isOff(wanted) && isOff(there);
    case 'noLess':
      return isLess(there, wanted);
  }
}

function isOff(value: string): boolean {
  return /^(?:off|none|-1|)$/.test(value);
}

/** What cannot be put in order differs, and that is enough. -1 is no limit. */
function isLess(a: string, b: string): boolean {
  const ladder = ladders.find(words => words.includes(a) && words.includes(b));
  if (ladder) return ladder.indexOf(a) < ladder.indexOf(b);
  const [one, other] = [a, b].map(value => (value === '-1' ? Number.POSITIVE_INFINITY : sizeOfSetting(value)));
  return one === undefined || other === undefined || one < other;
}

const scopes: Record<string, string> = {
  user: 'role setting',
  database: 'database setting',
  'database user': 'role setting in the database',
  global: 'setting of all roles',
};
const sources: Record<string, string> = { ...scopes, default: 'built-in' };

function settingWords(setting: ServerSetting | undefined): string {
  if (!setting) return 'not known';
  if (setting.source === 'unlisted') return shown(setting.value);
  return `${shown(setting.value)} (${sources[setting.source] ?? setting.source})`;
}

function shown(value: string): string {
  return value === '' ? 'empty' : value;
}

/** None where no SQL changes it: `internal` was decided when the server or its data directory was made. */
function changeSteps(
  name: string,
  value: string,
  now: ServerSetting,
  side: Side,
  nodes: readonly string[],
): CheckRemedyStep[] {
  const { context, source } = now;
  if (context === 'internal' || source === 'unlisted' || source === 'command line' || source === 'override') return [];
  const restarts = context === 'postmaster';
  const afterwards = restarts ? '-- It holds after a restart of the server.' : 'SELECT pg_reload_conf();';
  const back =
    source === 'default'
      ? `ALTER SYSTEM RESET ${settingName(name)};`
      : `ALTER SYSTEM ${assignSetting(name, now.value)};`;
  return [
    {
      side,
      nodes,
      sql: `ALTER SYSTEM ${assignSetting(name, value)};\n${afterwards}`,
      lock: restarts ? 'none; the restart ends all sessions' : 'none; it holds for open sessions, too',
      rollback: `${back} ${restarts ? 'Restart the server again.' : 'SELECT pg_reload_conf();'}`,
      verify: `SHOW ${settingName(name)}; in a new session${restarts ? ' after the restart' : ''}.`,
    },
  ];
}
