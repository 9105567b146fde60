import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { type Side, sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import { type Check, type CheckDifference, type CheckQuery, type CheckRemedyStep, defineCheck } from '../check';
import { conclude } from '../conclude';
import { coordinatorOf, joinSteps, valueOn, withoutPropagation } from '../nodes';
import { serviceRole } from '../services';
import { compiles, type JitAnswer, jitQuery } from './jit';
import { assignSetting, sameSetting, settingName } from './text';

const entriesSchema = z.strictObject({
  database: z.string(),
  /** Role (null: all), in this database alone, `name=value`. */
  entries: z.array(z.tuple([z.nullable(z.string()), z.boolean(), z.string()])),
});

export type RoleSettings = z.infer<typeof entriesSchema>;

/** Of the connected database, and of all. By name: object ids say nothing on another node. */
export const roleSettings: CheckQuery<RoleSettings> = {
  name: 'roleSettings',
  nodes: 'every',
  sql: () => `SELECT json_build_object('database', current_database(), 'entries', coalesce(json_agg(
    json_build_array(r.rolname, s.setdatabase <> 0, entry) ORDER BY r.rolname, s.setdatabase, entry), '[]'))
  FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole CROSS JOIN LATERAL unnest(s.setconfig) AS entry
 WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
   AND (s.setrole = 0 OR r.oid IS NOT NULL)`,
  answer: entriesSchema,
};

interface Entry {
  role: string | null;
  inDatabase: boolean;
  name: string;
  value: string;
}
/** By scope and name of the setting. */
type Entries = ReadonlyMap<string, Entry>;
type Node = Answered<Entries> & { database: string };

/** Who writes what a session sees: nobody's plans or results hang on these. */
export const harmlessSetting = /^(?:log_.*|application_name|client_min_messages|debug_.*|lc_messages)$/;

const roles = defineCheck({
  id: 'settings.roles',
  group: 'settings',
  title: 'Settings of roles and databases',
  question: 'Do ALTER ROLE … SET and ALTER DATABASE … SET say the same on every node of both sides, by name?',
  why: 'They are not in a dump of the database and reach workers in some versions only. enable_nestloop = off with JIT makes plans up to PostgreSQL 17 cost 1e10 and be compiled: measured 56 ms without, 1,323 ms with.',
  reference:
    'PostgreSQL documentation, "ALTER ROLE" and "pg_dumpall"; measured on Citus 11.1.7: ALTER DATABASE … SET stays on the coordinator',
  severity: 'high',
  sides,
  queries: { entries: roleSettings, jit: jitQuery },
  judge({ source, target }) {
    const nodes = {
      source: answered(source.answers.entries).map(readNode),
      target: answered(target.answers.entries).map(readNode),
    };
    const own = {
      source: coordinatorOf(nodes.source) as Node | undefined,
      target: coordinatorOf(nodes.target) as Node | undefined,
    };
    const differences: CheckDifference[] = [];
    const remarks: string[] = [];
    const remedies: CheckRemedyStep[] = [];
    for (const entry of own.source && own.target ? differing(own.source.answer, own.target.answer) : []) {
      const [a, b] = [own.source!.answer.get(keyOf(entry)), own.target!.answer.get(keyOf(entry))];
      const what = entryWords(entry);
      if (harmlessSetting.test(entry.name) || (entry.role && serviceRole.test(entry.role)))
        remarks.push(`${what}: source ${a?.value ?? 'not set'}, target ${b?.value ?? 'not set'}`);
      else differences.push({ what, source: a?.value ?? 'not set', target: b?.value ?? 'not set' });
    }
    for (const side of sides) {
      // What the nodes of the target should have is the source's word, where it is known.
      const wanted = (side === 'target' ? own.source : undefined) ?? own[side];
      for (const node of nodes[side]) {
        if (own[side] && node !== own[side])
          for (const entry of differing(own[side].answer, node.answer)) {
            const there = node.answer.get(keyOf(entry))?.value ?? 'not set';
            const here = own[side].answer.get(keyOf(entry))?.value ?? 'not set';
            const what = `${entryWords(entry)} other than on the coordinator (${here})`;
            differences.push({ what, node: node.node, ...valueOn(side, there) });
          }
        for (const entry of wanted ? differing(wanted.answer, node.answer) : []) {
          if (harmlessSetting.test(entry.name) || (entry.role && serviceRole.test(entry.role))) continue;
          remedies.push(remedyFor(side, node, entry, wanted!.answer.get(keyOf(entry))));
        }
      }
    }
    const jit = { source: answered(source.answers.jit), target: answered(target.answers.jit) };
    addHarm(own, jit, differences, remarks);
    const entries = own.target?.answer.size ?? 0;
    return conclude({
      differences,
      remedies: joinSteps(remedies),
      remarks,
      unknown: unanswered(source.answers.entries, target.answers.entries),
      pass: `${entries} ${entries === 1 ? 'setting' : 'settings'} of roles and databases, alike on ${nodes.source.length + nodes.target.length} nodes`,
    });
  },
});

function readNode(found: Answered<z.infer<typeof entriesSchema>>): Node {
  const entries = found.answer.entries.map(([role, inDatabase, text]): [string, Entry] => {
    const equals = text.indexOf('=');
    const entry = { role, inDatabase, name: text.slice(0, equals), value: text.slice(equals + 1) };
    return [keyOf(entry), entry];
  });
  return { ...found, answer: new Map(entries), database: found.answer.database };
}

function keyOf({ role, inDatabase, name }: Omit<Entry, 'value'>): string {
  return JSON.stringify([role, inDatabase, name]);
}

/** Entries that the two do not have alike, each once. */
function differing(a: Entries, b: Entries): Entry[] {
  const all = new Map([...b, ...a]);
  return [...all.values()].filter(entry => {
    const [one, other] = [a.get(keyOf(entry)), b.get(keyOf(entry))];
    return !one || !other || !sameSetting(one.value, other.value);
  });
}

function entryWords({ role, inDatabase, name }: Entry): string {
  if (role === null) return `${name} of ${inDatabase ? 'the database' : 'all roles'}`;
  return `${name} of role ${role}${inDatabase ? ' in the database' : ''}`;
}

function remedyFor(
  side: Side,
  { node, role, answer, database }: Node,
  entry: Entry,
  to: Entry | undefined,
): CheckRemedyStep {
  const now = answer.get(keyOf(entry));
  const change = (value: string | undefined): string => {
    const what = value === undefined ? `RESET ${settingName(entry.name)}` : assignSetting(entry.name, value);
    return `${role === 'worker' ? withoutPropagation : ''}ALTER ${ownerOf(entry, database)} ${what};`;
  };
  return {
    side,
    nodes: [node],
    sql: change(to?.value),
    lock: 'none; it holds for new sessions',
    rollback: change(now?.value),
    verify: `SHOW ${settingName(entry.name)}; in a new session of the role on that node.`,
  };
}

function ownerOf({ role, inDatabase }: Entry, database: string): string {
  if (role === null) return inDatabase ? `DATABASE ${quoted(database)}` : 'ROLE ALL';
  return `ROLE ${quoted(role)}${inDatabase ? ` IN DATABASE ${quoted(database)}` : ''}`;
}

type JitOfSides = Record<Side, readonly Answered<JitAnswer>[]>;

/**
 * Up to 17 a kind of node that is forbidden and used all the same costs 1e10 (PostgreSQL's costsize.c, disable_cost), which
 * is above every threshold of JIT. The same setting harms the side that can compile, and not the other.
 */
function addHarm(
  own: Record<Side, Node | undefined>,
  jit: JitOfSides,
  differences: CheckDifference[],
  remarks: string[],
): void {
  const harms = (side: Side): Map<string, Entry> => {
    const found = new Map<string, Entry>();
    const compiling = jit[side].some(({ answer, versionNum }) => compiles(answer) && versionNum < 180_000);
    for (const [key, entry] of own[side]?.answer ?? []) {
      const jitOff = own[side]!.answer.get(keyOf({ ...entry, name: 'jit' }));
      const isOff = /^enable_/.test(entry.name) && sameSetting(entry.value, 'off');
      if (compiling && isOff && !(jitOff && sameSetting(jitOff.value, 'off'))) found.set(key, entry);
    }
    return found;
  };
  const [ofSource, ofTarget] = [harms('source'), harms('target')];
  for (const [key, entry] of ofTarget) {
    const words = `${entryWords(entry)} = off where JIT compiles: what cannot be avoided costs 1e10 and is compiled each time`;
    if (ofSource.has(key) || differences.some(({ what }) => what === entryWords(entry)))
      remarks.push(`target: ${words}`);
    else differences.push({ what: words, source: 'JIT does not compile', target: 'JIT compiles' });
  }
}

export const settingsRolesChecks: readonly Check[] = [roles];
