import type { Evidence } from '../../shared/diagnosis';
import { formatBytes, formatMs } from '../../shared/format';
import type { PlanNode } from '../model';
import { nodeName } from '../operator';
import { Properties, valueText } from '../properties';
import { grownScans } from './data';
import { bothTimed, evidence, matters, type Pair, pairs, parentRows, places, selfExcessMs, workerOf } from './evidence';
import type { CauseContext, FoundCause, Rule } from './rule';
import { differingSettings, type SettingDifference, settingRemedy, settingWords } from './setting-facts';
import { isLess } from './setting-values';
import { placeOf } from './shape-changes';

/** How much a node wrote to temporary files because its memory was not enough. */
interface Spill {
  kind: 'sort' | 'hash';
  /** `external merge, 9.5 MB on disk`, `16 batches instead of 1`. */
  words: string;
}

/** Parallel workers say their own; what any of them wrote counts. */
function spillOf(node: PlanNode): Spill | undefined {
  if (node.type === 'Sort' || node.type === 'Incremental Sort') return sortSpill(node);
  if (node.type === 'Hash') {
    const [batches, original] = [
      node.properties.number('Hash Batches') ?? 1,
      node.properties.number('Original Hash Batches'),
    ];
    if (batches <= 1) return undefined;
    const planned = original !== undefined && original !== batches ? `, planned ${original}` : '';
    return { kind: 'hash', words: `${batches} batches${planned}` };
  }
  if (node.type !== 'Aggregate') return undefined;
  const disk = most(node, 'Disk Usage');
  const batches = most(node, 'HashAgg Batches');
  if (disk === 0 && batches <= 1) return undefined;
  return { kind: 'hash', words: `${batches} batches, ${formatBytes(disk * 1024)} on disk` };
}

function sortSpill(node: PlanNode): Spill | undefined {
  const spaces = processes(node).flatMap(told => {
    const groups = [told, told.get('Full-sort Groups'), told.get('Pre-sorted Groups')];
    return groups.flatMap(group => (group instanceof Properties ? sortSpace(group) : []));
  });
  const kB = spaces.reduce((sum, space) => sum + space.kB, 0);
  return kB === 0 ? undefined : { kind: 'sort', words: `${spaces[0]!.method}, ${formatBytes(kB * 1024)} on disk` };
}

function sortSpace(told: Properties): { method: string; kB: number }[] {
  if (told.text('Sort Space Type') === 'Disk') {
    return [{ method: told.text('Sort Method') ?? 'external', kB: told.number('Sort Space Used') ?? 1 }];
  }
  const disk = told.get('Sort Space Disk');
  if (!(disk instanceof Properties)) return [];
  return [{ method: 'external', kB: disk.number('Peak Sort Space Used') ?? 1 }];
}

/** The node itself and its parallel workers. */
function processes(node: PlanNode): Properties[] {
  const workers = node.properties.get('Workers');
  const told = Array.isArray(workers) ? workers.filter(worker => worker instanceof Properties) : [];
  return [node.properties, ...told];
}

function most(node: PlanNode, name: string): number {
  return processes(node).reduce((largest, told) => Math.max(largest, told.number(name) ?? 0), 0);
}

interface LostMemory {
  pair: Pair;
  /** Whose time it is: the node's own, or the subtree's. */
  row: number;
  spill: Spill;
  /** `spills (16 batches)`. */
  does: string;
  faster: Spill | undefined;
  ms: number | undefined;
}

const known = new WeakMap<CauseContext, LostMemory[]>();

/** Nodes that spill on the slower side, and on the faster one not or much less. */
function spills(context: CauseContext): LostMemory[] {
  let found = known.get(context);
  if (!found) {
    const grown = grownScans(context).length > 0;
    found = pairs(context).flatMap(pair => lostMemory(context, pair, grown));
    known.set(context, found);
  }
  return found;
}

function lostMemory(context: CauseContext, pair: Pair, grown: boolean): LostMemory[] {
  const { slower: node, faster: other, row } = pair;
  if (node?.kind !== 'operator' || places(context.plans[context.slower]).overlapped[node.index]) return [];
  const spill = spillOf(node);
  const ofFaster = other && spillOf(other);
  // More rows on one side need more memory: said by rows.differ.
  if (!spill || ofFaster || grown || !other) return [];
  // EXPLAIN says of memory only where it executed: without that, the settings must differ.
  if (other.actualLoops === undefined && memorySettings(context, node, spill.kind).length === 0) return [];
  // Batches are read again by the join above the Hash.
  const joinRow = node.type === 'Hash' ? parentRows(context)[row]! : -1;
  const ms = selfExcessMs(context, row) + (joinRow < 0 ? 0 : selfExcessMs(context, joinRow));
  if (bothTimed(context) && !matters(context, ms, 0)) return [];
  const does = `spills (${spill.words})`;
  return [{ pair, row, spill, does, faster: ofFaster, ms: bothTimed(context) ? ms : undefined }];
}

/** What several nodes have in common is one finding, told of the one it costs most. */
function heaviest(list: readonly LostMemory[]): LostMemory | undefined {
  return list.reduce<LostMemory | undefined>(
    (most, one) => (most && (most.ms ?? 0) >= (one.ms ?? 0) ? most : one),
    undefined,
  );
}

function allMs(list: readonly LostMemory[]): number | undefined {
  return list.some(({ ms }) => ms !== undefined) ? list.reduce((sum, { ms }) => sum + (ms ?? 0), 0) : undefined;
}

/** `, which costs 63 ms more`, of several `, as do 3 others; together they cost 163 ms more`. */
function costWords(list: readonly LostMemory[]): string {
  const ms = allMs(list);
  const others = list.length - 1;
  if (others === 0) return ms === undefined ? '' : `, which costs ${formatMs(ms)} more`;
  const more = `, and so ${others === 1 ? 'does another' : `do ${others} others`}`;
  return ms === undefined ? more : `${more}, which costs ${formatMs(ms)} more together`;
}

function spillRule(kind: Spill['kind'], meaning: string, reference: string): Rule {
  return {
    id: `spill.${kind}`,
    meaning,
    reference,
    supersedes: [],
    find(context) {
      const list = spills(context).filter(({ spill }) => spill.kind === kind);
      const main = heaviest(list);
      return main ? [spillFinding(context, main, list)] : [];
    },
  };
}

function spillFinding(context: CauseContext, main: LostMemory, list: readonly LostMemory[]): FoundCause {
  const { pair, spill, faster } = main;
  const settings = memorySettings(context, pair.slower!, spill.kind);
  const found: FoundCause = {
    title: `${nodeName(pair.slower!)} does not fit into memory on the ${context.slower} (${spill.words})${costWords(list)}.`,
    confidence: pair.faster?.actualLoops !== undefined ? 'observed' : 'suspected',
    explainedMs: allMs(list),
    account: `row ${pair.row}`,
    evidence: spillEvidence(context, pair, spill, faster),
    rows: list.map(lost => lost.pair.row),
    settings: settings.map(({ name }) => name),
  };
  if (settings[0]) found.remedy = settingRemedy(context, settings[0]);
  return found;
}

function spillEvidence(context: CauseContext, pair: Pair, spill: Spill, faster: Spill | undefined): Evidence[] {
  const { plans, slower } = context;
  const inMemory = faster?.words ?? (spill.words === 'not hashed' ? 'hashed' : 'in memory');
  const node = pair.slower!;
  const said = [evidence(context, nodeName(node), spill.words, inMemory, workerOf(plans[slower], node))];
  if (pair.faster && node.planRows !== pair.faster.planRows) {
    said.push(evidence(context, 'Rows expected', String(node.planRows ?? '?'), String(pair.faster.planRows ?? '?')));
  }
  return said;
}

/** Settings of memory that are lower on the slower side, where the node ran. */
function memorySettings(context: CauseContext, node: PlanNode, kind: Spill['kind']): SettingDifference[] {
  const { plans, slower } = context;
  const on = places(plans[slower]).tasks[node.index]! < 0 ? 'coordinator' : 'workers';
  const names = kind === 'hash' ? ['work_mem', 'hash_mem_multiplier'] : ['work_mem'];
  return differingSettings(context).filter(
    found => found.on === on && names.includes(found.name) && isLess(found.slower?.value, found.faster?.value),
  );
}

/** A hash given up for want of memory: the table of a SubPlan, an aggregate, a join. */
function givenUpHashes(context: CauseContext): LostMemory[] {
  if (grownScans(context).length > 0) return [];
  return pairs(context).flatMap((pair): LostMemory[] => {
    const { slower, faster, row } = pair;
    if (slower && memorySettings(context, slower, 'hash').length === 0) return [];
    if (!slower || !faster || !hashes(faster) || hashes(slower)) return [];
    const place = placeOf(context, row);
    if (!place) return [];
    const spill: Spill = { kind: 'hash', words: 'not hashed' };
    return [{ pair, row: place.row, spill, does: 'is not hashed any more', faster: undefined, ms: place.ms }];
  });
}

function hashes(node: PlanNode): boolean {
  if (node.type === 'Hash Join' || (node.type === 'Aggregate' && node.strategy === 'Hashed')) return true;
  return ['Filter', 'Output', 'Join Filter'].some(name => {
    const value = node.properties.get(name);
    return value !== undefined && valueText(value).includes('hashed SubPlan');
  });
}

const memorySetting: Rule = {
  id: 'memory.setting',
  meaning:
    'The memory that a sort or a hash may use is set lower: it spills to temporary files, or the planner does without.',
  reference: 'PostgreSQL documentation, "Resource Consumption: Memory": work_mem, hash_mem_multiplier',
  supersedes: [],
  find(context) {
    const list = [...spills(context), ...givenUpHashes(context)];
    const groups = new Map<string, LostMemory[]>();
    for (const lost of list) {
      const [main] = memorySettings(context, lost.pair.slower!, lost.spill.kind);
      if (!main) continue;
      const key = `${main.name} ${main.on}`;
      groups.set(key, [...(groups.get(key) ?? []), lost]);
    }
    return [...groups.values()].map(group => memoryFinding(context, heaviest(group)!, group));
  },
};

function memoryFinding(context: CauseContext, main: LostMemory, list: readonly LostMemory[]): FoundCause {
  const { pair, row, spill, does, faster } = main;
  const settings = memorySettings(context, pair.slower!, spill.kind);
  const { name, slower: here, faster: there } = settings[0]!;
  const values = [here, there].map(setting => setting?.value ?? 'at its built-in value');
  return {
    title: `${name} is ${values[0]} on the ${context.slower}, ${values[1]} on the ${context.faster}: ${nodeName(pair.slower!)} ${does}${costWords(list)}.`,
    confidence: 'derived',
    explainedMs: allMs(list),
    account: `row ${row}`,
    evidence: [
      ...settings.map(setting =>
        evidence(
          context,
          setting.name,
          settingWords(context, context.slower, setting.slower),
          settingWords(context, context.faster, setting.faster),
          setting.slower?.node,
        ),
      ),
      ...spillEvidence(context, pair, spill, faster),
    ],
    remedy: settingRemedy(context, settings[0]!),
    rows: list.map(lost => lost.pair.row),
    settings: settings.map(setting => setting.name),
  };
}

export const spillRules: readonly Rule[] = [
  memorySetting,
  spillRule(
    'sort',
    'A sort has more rows than fit into its memory and goes through temporary files.',
    'PostgreSQL documentation, "Using EXPLAIN" (Sort Method: external merge) and "Resource Consumption: Memory"',
  ),
  spillRule(
    'hash',
    'A hash table has more rows than fit into its memory and is worked through in batches from temporary files.',
    'PostgreSQL documentation, "Using EXPLAIN" (Batches) and "Resource Consumption: Memory"',
  ),
];
