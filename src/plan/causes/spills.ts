import type { Evidence } from '../../shared/diagnosis';
import { formatBytes, formatMs } from '../../shared/format';
import type { PlanNode } from '../model';
import { nodeName } from '../operator';
import { Properties, valueText } from '../properties';
import { grownScans } from './data';
import { bothTimed, evidence, matters, type Pair, pairs, places, selfExcessMs, workerOf } from './evidence';
import type { CauseContext, FoundCause, Rule } from './rule';
import { differingSettings, type SettingDifference, settingRemedy, settingWords } from './setting-facts';
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
  if (other.actualLoops === undefined && memorySettings(context, node).length === 0) return [];
  // Batches are read again by the join above the Hash.
  const joinRow = node.type === 'Hash' ? parentRow(context, row) : undefined;
  const ms = selfExcessMs(context, row) + (joinRow === undefined ? 0 : selfExcessMs(context, joinRow));
  if (bothTimed(context) && !matters(context, ms, 0)) return [];
  const does = `spills (${spill.words})`;
  return [{ pair, row, spill, does, faster: ofFaster, ms: bothTimed(context) ? ms : undefined }];
}

function parentRow({ plans, rows, slower }: CauseContext, row: number): number | undefined {
  const parent = plans[slower].nodes[rows[row]![slower]!]!.parent;
  for (let at = row - 1; at >= 0; at--) if (rows[at]![slower] === parent) return at;
  return undefined;
}

function spillRule(kind: Spill['kind'], meaning: string, reference: string): Rule {
  return {
    id: `spill.${kind}`,
    meaning,
    reference,
    supersedes: [],
    find: context =>
      spills(context)
        .filter(({ spill }) => spill.kind === kind)
        .map(lost => spillFinding(context, lost)),
  };
}

function spillFinding(context: CauseContext, { pair, spill, faster, ms }: LostMemory): FoundCause {
  const { slower } = context;
  const cost = ms === undefined ? '' : `, which costs ${formatMs(ms)} more`;
  const settings = memorySettings(context, pair.slower!);
  const found: FoundCause = {
    title: `${nodeName(pair.slower!)} does not fit into memory on the ${slower} (${spill.words})${cost}.`,
    confidence: pair.faster?.actualLoops !== undefined ? 'observed' : 'suspected',
    explainedMs: ms,
    account: `row ${pair.row}`,
    evidence: spillEvidence(context, pair, spill, faster),
    rows: [pair.row],
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

/** Settings of memory that differ where the node ran. A smaller one on the slower side is what makes nodes spill. */
function memorySettings(context: CauseContext, node: PlanNode): SettingDifference[] {
  const on = workerOf(context.plans[context.slower], node) === undefined ? 'coordinator' : 'workers';
  return differingSettings(context).filter(
    difference => difference.on === on && (difference.name === 'work_mem' || difference.name === 'hash_mem_multiplier'),
  );
}

/** A hash given up for want of memory: the table of a SubPlan, an aggregate, a join. */
function givenUpHashes(context: CauseContext): LostMemory[] {
  if (grownScans(context).length > 0) return [];
  return pairs(context).flatMap((pair): LostMemory[] => {
    const { slower, faster, row } = pair;
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
    const found = new Set<string>();
    return [...spills(context), ...givenUpHashes(context)].flatMap(lost => {
      const finding = memoryFinding(context, lost);
      if (!finding || found.has(finding.account)) return [];
      found.add(finding.account);
      return [finding];
    });
  },
};

function memoryFinding(
  context: CauseContext,
  { pair, row, spill, does, faster, ms }: LostMemory,
): FoundCause | undefined {
  const settings = memorySettings(context, pair.slower!).filter(
    ({ name }) => name === 'work_mem' || spill.kind === 'hash',
  );
  const main = settings[0];
  if (!main) return undefined;
  const cost = ms === undefined ? '' : `, which costs ${formatMs(ms)} more`;
  const values = [main.slower, main.faster].map(setting => setting?.value ?? 'at its built-in value');
  return {
    title: `${main.name} is ${values[0]} on the ${context.slower}, ${values[1]} on the ${context.faster}: ${nodeName(pair.slower!)} ${does}${cost}.`,
    confidence: 'derived',
    explainedMs: ms,
    account: `row ${row}`,
    evidence: [
      ...settings.map(({ name, slower: a, faster: b }) =>
        evidence(
          context,
          name,
          settingWords(context, context.slower, a),
          settingWords(context, context.faster, b),
          a?.node,
        ),
      ),
      ...spillEvidence(context, pair, spill, faster),
    ],
    remedy: settingRemedy(context, main),
    rows: [pair.row],
    settings: settings.map(({ name }) => name),
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
