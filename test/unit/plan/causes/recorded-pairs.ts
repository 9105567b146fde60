import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { RelationFacts, SideFacts } from '../../../../src/plan/causes/facts';
import type { CauseContext, FoundCause, Rule } from '../../../../src/plan/causes/rule';
import type { Plan } from '../../../../src/plan/model';
import { readPlan } from '../../../../src/plan/read';
import type { RemedyStep } from '../../../../src/shared/diagnosis';
import { type BySide, type Side, sides } from '../../../../src/shared/side';
import { contextOf } from './contexts';

/**
 * Pairs of real plans with a fault on one side, and what the catalogs of both sides said: `tables` of PostgreSQL 15,
 * `distribution` of Citus 11.1.7 (source) and 13.2.2 (target), with JIT off on both.
 */
interface Pair {
  plans: BySide<Plan>;
  facts: BySide<SideFacts>;
}

interface RawNode {
  node: string;
  role: 'coordinator' | 'worker';
  groupId?: number;
  versionNum: number;
  jitAvailable: boolean;
  settings: [name: string, fact: { value: string; source: string }][];
}

interface Raw {
  source: string;
  target: string;
  facts: BySide<{ nodes: RawNode[]; relations: RelationFacts[]; connections: SideFacts['connections'] }>;
}

function bundle(name: string): Record<string, Raw> {
  const file = new URL(`../../../fixtures/causes/${name}.json.gz`, import.meta.url);
  return JSON.parse(gunzipSync(readFileSync(file)).toString('utf8'));
}

export const tables = bundle('tables');
export const distribution = bundle('distribution');

export function recorded(bundle: Record<string, Raw>, name: string): Pair {
  const raw = bundle[name];
  if (!raw) throw new Error(`No recording ${name}`);
  const plan = (side: Side): Plan => readPlan(raw[side]).plan;
  return {
    plans: { source: plan('source'), target: plan('target') },
    facts: { source: factsOf(raw.facts.source), target: factsOf(raw.facts.target) },
  };
}

function factsOf({ nodes, relations, connections }: Raw['facts']['source']): SideFacts {
  return structuredClone({
    nodes: nodes.map(node => ({
      ...node,
      groupId: node.groupId,
      settings: new Map(node.settings.map(([name, fact]) => [name, { ...fact, builtIn: undefined }])),
      error: undefined,
    })),
    scoped: [],
    relations,
    waits: undefined,
    connections,
    unread: [],
  });
}

/** With the facts of both sides, of one, or of none. */
export function contextOfPair({ plans, facts }: Pair, told: boolean | Side = true): CauseContext {
  const given = Object.fromEntries(
    sides.filter(side => told === true || told === side).map(side => [side, facts[side]]),
  );
  return contextOf(plans.source, plans.target, { facts: given });
}

/** The same on both sides: no rule has anything to say then. */
export function twice({ plans, facts }: Pair, side: Side): CauseContext {
  return contextOf(plans[side], plans[side], { facts: { source: facts[side], target: facts[side] } });
}

/** What each rule of a family finds, by its id; rules that find nothing are left out. */
export function findings(rules: readonly Rule[], context: CauseContext): Record<string, FoundCause[]> {
  return Object.fromEntries(
    rules.flatMap(rule => {
      const found = rule.find(context);
      return found.length > 0 ? [[rule.id, found]] : [];
    }),
  );
}

/** The first cause's steps. */
export function steps(causes: readonly FoundCause[] | undefined): RemedyStep[] {
  return causes?.[0]?.remedy?.steps ?? [];
}
