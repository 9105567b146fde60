import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { NodeFacts, RelationFacts, ScopedSetting, SideFacts } from '../../../../src/plan/causes/facts';
import type { CauseContext } from '../../../../src/plan/causes/rule';
import type { Plan } from '../../../../src/plan/model';
import { readPlan } from '../../../../src/plan/read';
import { type BySide, type Side, sides } from '../../../../src/shared/side';
import { contextOf } from './contexts';

/** What one side said: EXPLAIN's text, and the settings in force for the role with those who set them. */
interface Recording {
  plan: string;
  settings: [name: string, value: string, source: string][];
  scoped: [scope: ScopedSetting['scope'], owner: string, name: string, value: string][];
}

/**
 * Pairs of real PostgreSQL 15 servers with one fault in the target: what role, database or configuration set, other data, a
 * cold cache, a throttled processor. Those whose name begins with `citus` are of Citus 13.2.2.
 */
const recordings: Record<string, BySide<Recording>> = JSON.parse(
  gunzipSync(readFileSync(new URL('../../../fixtures/causes/single-server.json.gz', import.meta.url))).toString('utf8'),
);

interface RecordedPair {
  plans: BySide<Plan>;
  facts: BySide<SideFacts>;
}

const addresses: BySide<string> = { source: '10.0.0.1:5432', target: '10.0.0.2:5432' };

export function recorded(scenario: string): RecordedPair {
  const pair = recordings[scenario];
  if (!pair) throw new Error(`No recording ${scenario}`);
  const bySide = <T>(of: (side: Side) => T): BySide<T> => ({ source: of('source'), target: of('target') });
  const plans = bySide(side => readPlan(pair[side].plan).plan);
  return {
    plans,
    facts: bySide(side => {
      const { settings, scoped } = pair[side];
      const node = addresses[side];
      return {
        ...factsOf({ node, settings }),
        relations: relationsOf(plans),
        scoped: scoped.map(([scope, owner, name, value]) => ({ node, scope, owner, name, value })),
      };
    }),
  };
}

/** Both sides had the same tables and indexes. */
function relationsOf(plans: BySide<Plan>): RelationFacts[] {
  const nodes = [...plans.source.nodes, ...plans.target.nodes];
  const indexes = nodes.flatMap(({ indexName: name }) =>
    name === undefined
      ? []
      : [{ name, definition: `CREATE INDEX ${name}`, valid: true, unique: false, sizeBytes: 8192 }],
  );
  const tables = new Map(
    nodes.flatMap(({ schema, relation }): [string, string][] => (schema && relation ? [[relation, schema]] : [])),
  );
  return [...tables].map(([name, schema]) => ({
    schema,
    name,
    spread: 'plain',
    shardCount: undefined,
    distributionColumn: undefined,
    indexes,
    invalidIndexes: [],
    statistics: [],
  }));
}

/** The target of `cold-cache` as a disk that takes `times` as long would make it: nearly all its time is reading. */
export function withSlowDisk(times: number): Plan {
  const slow = recordings['cold-cache']!.target.plan.replace(
    /("(?:I\/O Read Time|Actual \w+ Time|Execution Time)": )([\d.]+)/g,
    (_, name: string, ms: string) => name + (Number(ms) * times).toFixed(3),
  );
  return readPlan(slow).plan;
}

/** As they were recorded; with `told: false` without settings, as where the catalogs could not be read. */
export function contextOfRecorded(scenario: string, told = true): CauseContext {
  const { plans, facts } = recorded(scenario);
  return contextOf(plans.source, plans.target, told ? { facts } : {});
}

/** The target became the source: the diagnosis must be of the other side, and otherwise the same. */
export function mirrored(scenario: string): CauseContext {
  const { plans, facts } = recorded(scenario);
  return contextOf(plans.target, plans.source, { facts: { source: facts.target, target: facts.source } });
}

export function scenarios(): string[] {
  return Object.keys(recordings);
}

interface Told {
  node: string;
  role?: NodeFacts['role'];
  settings?: Recording['settings'];
}

/** Facts of one node, as far as a rule of settings needs them. */
export function factsOf(...nodes: Told[]): SideFacts {
  return {
    nodes: nodes.map(({ node, role = 'coordinator', settings = [] }) => ({
      node,
      role,
      groupId: undefined,
      versionNum: 150018,
      jitAvailable: true,
      settings: new Map(settings.map(([name, value, source]) => [name, { value, source, builtIn: undefined }])),
      error: undefined,
    })),
    scoped: [],
    relations: [],
    waits: undefined,
    connections: [],
    unread: [],
  };
}

/** The same on both sides. */
export function twice(scenario: string): CauseContext[] {
  const { plans, facts } = recorded(scenario);
  return sides.map(side =>
    contextOf(plans[side], plans[side], { facts: { source: facts[side], target: facts[side] } }),
  );
}
