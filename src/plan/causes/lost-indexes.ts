import type { Evidence } from '../../shared/diagnosis';
import type { Plan, PlanNode } from '../model';
import { family, operatorName } from '../operator';
import { bothTimed, evidence, matters, places, workerOf } from './evidence';
import type { IndexFacts, RelationFacts } from './facts';
import { below, indexesUsed, indexKind, relationFacts, scanMs, scanPairs, tableOf } from './relations';
import type { CauseContext } from './rule';
import { rowOfNode } from './task-work';

/** Scans of one table that use an index on the faster side and do without it on the slower one. */
export interface LostIndex {
  table: string;
  /** As the faster side calls it. */
  index: string;
  rows: number[];
  /** The row with most time in it. */
  heaviest: number;
  slowerMs: number;
  fasterMs: number;
  /** How the slower side reads the table instead: `Seq Scan`, `Index Scan with events_pkey`. */
  instead: string;
  /** Undefined when the catalogs of that side were not read. */
  slowerTable: RelationFacts | undefined;
  fasterTable: RelationFacts | undefined;
  filters: Evidence | undefined;
  /** It served the condition of a join, whose time is counted with the scan's. */
  inJoin: boolean;
  /** Workers on which no shard's scan uses it while others' do: there the shards lack it. */
  lacking: string[];
  /** Others of the same kind, each too small to be worth a word: those of partitions. Their rows and times are counted above. */
  alike: LostIndex[];
}

const known = new WeakMap<CauseContext, LostIndex[]>();

/** Every index that the faster side's plan uses and the slower side's does without, where that costs time. */
export function lostIndexes(context: CauseContext): LostIndex[] {
  let lost = known.get(context);
  if (!lost) {
    lost = findLost(context);
    known.set(context, lost);
  }
  return lost;
}

function findLost(context: CauseContext): LostIndex[] {
  const { plans, slower, faster } = context;
  const found = new Map<string, LostIndex & { heaviestMs: number; without: Set<string> }>();
  /** Workers whose scans on the slower side use an index, by table and index. */
  const using = new Map<string, Set<string>>();
  const used = new Set<string>();
  for (const { row, slower: here, faster: there } of scanPairs(context)) {
    const inUse = indexesUsed(plans[slower], here);
    const table = tableOf(plans[slower], here)!;
    const worker = workerOf(plans[slower], here);
    const keyOf = (index: string): string => `${here.schema ?? ''}\n${table}\n${index}`;
    for (const index of inUse) {
      used.add(keyOf(index));
      if (worker === undefined) continue;
      const workers = using.get(keyOf(index));
      if (workers) workers.add(worker);
      else using.set(keyOf(index), new Set([worker]));
    }
    for (const index of indexesUsed(plans[faster], there)) {
      if (inUse.includes(index)) continue;
      const joined = isParameterised(plans[faster], there);
      const cost = costOf(plans[slower], here, joined);
      const { ms } = cost;
      let lost = found.get(keyOf(index));
      if (!lost) {
        lost = {
          table,
          index,
          rows: [],
          heaviest: row,
          heaviestMs: -1,
          slowerMs: 0,
          fasterMs: 0,
          instead: '',
          slowerTable: relationFacts(context, slower, here),
          fasterTable: relationFacts(context, faster, there),
          filters: undefined,
          inJoin: false,
          lacking: [],
          alike: [],
          without: new Set(),
        };
        found.set(keyOf(index), lost);
      }
      lost.rows.push(row);
      lost.slowerMs += ms;
      lost.fasterMs += costOf(plans[faster], there, joined).ms;
      lost.inJoin ||= joined;
      if (worker !== undefined) lost.without.add(worker);
      if (ms <= lost.heaviestMs) continue;
      lost.heaviest = rowOfNode(context, cost.heaviest)[0] ?? row;
      lost.heaviestMs = ms;
      lost.instead = operatorName(here) + (inUse.length > 0 ? ` with ${inUse.join(', ')}` : '');
      const condition = there.properties.text('Index Cond') ?? there.properties.text('Recheck Cond');
      lost.filters = evidence(context, `condition on ${table}`, here.properties.text('Filter'), condition);
    }
  }
  const lost: LostIndex[] = [];
  for (const [key, { without, heaviestMs: _, ...each }] of found) {
    const others = using.get(key);
    if (others) each.lacking = [...without].filter(worker => !others.has(worker));
    // The same index under another name is in use.
    const same = counterpart(each)?.name;
    if (same !== undefined && same !== each.index && used.has(key.slice(0, -each.index.length) + same)) continue;
    lost.push(each);
  }
  return worthMentioning(context, lost);
}

/** Wall-clock time of a scan, or of the join around it, JIT left out; 0 where nobody waited for it. */
function costOf(plan: Plan, scan: PlanNode, withJoin: boolean): { ms: number; heaviest: PlanNode } {
  if (!withJoin || places(plan).overlapped[scan.index]) return { ms: scanMs(plan, scan), heaviest: scan };
  const join = joinAround(plan, scan);
  let [ms, heaviest] = [0, scan];
  for (const node of below(plan, join ?? scan)) {
    ms += node.selfMs ?? 0;
    if ((node.selfMs ?? 0) > (heaviest.selfMs ?? 0)) heaviest = node;
  }
  return { ms, heaviest };
}

/** What may stand between a scan and its join without being more work of its own. */
const between = ['cache', 'sort', 'gather', 'Hash'];

function joinAround({ nodes }: Plan, scan: PlanNode): PlanNode | undefined {
  for (let at = scan.parent; at >= 0 && nodes[at]!.statement === scan.statement; at = nodes[at]!.parent) {
    const kind = family(nodes[at]!);
    if (kind === 'join') return nodes[at];
    if (!between.includes(kind)) return undefined;
  }
  return undefined;
}

/** On the inner side of a nested loop the index finds what the join asks for; without it the join has to look. */
function isParameterised(plan: Plan, scan: PlanNode): boolean {
  const join = joinAround(plan, scan);
  if (join?.type !== 'Nested Loop') return false;
  let child = scan;
  while (child.parent !== join.index) child = plan.nodes[child.parent]!;
  return child.relationship === 'Inner';
}

/** What matters by itself, and what matters together, as the indexes of a table's partitions. */
function worthMentioning(context: CauseContext, lost: readonly LostIndex[]): LostIndex[] {
  if (!bothTimed(context)) return [...lost];
  const isWorth = ({ slowerMs, fasterMs }: LostIndex): boolean => matters(context, slowerMs, fasterMs);
  const small = new Map<string, LostIndex[]>();
  for (const each of lost) {
    if (isWorth(each)) continue;
    const wanted = each.fasterTable?.indexes.find(({ name }) => name === each.index);
    if (!wanted) continue;
    const kind = indexKind(wanted) + (counterpart(each)?.valid ?? 'none');
    const same = small.get(kind);
    if (same) same.push(each);
    else small.set(kind, [each]);
  }
  return [...lost.filter(isWorth), ...[...small.values()].map(together).filter(isWorth)];
}

function together(alike: readonly LostIndex[]): LostIndex {
  const [first, ...others] = [...alike].sort((a, b) => b.slowerMs - a.slowerMs);
  return {
    ...first!,
    rows: alike.flatMap(({ rows }) => rows).sort((a, b) => a - b),
    slowerMs: alike.reduce((sum, { slowerMs }) => sum + slowerMs, 0),
    fasterMs: alike.reduce((sum, { fasterMs }) => sum + fasterMs, 0),
    alike: others,
  };
}

/** The slower side's index that should be used: of the same kind, else, where that is not known, of the same name. */
export function counterpart({ index, slowerTable, fasterTable }: LostIndex): IndexFacts | undefined {
  const wanted = fasterTable?.indexes.find(({ name }) => name === index);
  const same = slowerTable?.indexes.filter(candidate =>
    wanted ? indexKind(candidate) === indexKind(wanted) : candidate.name === index,
  );
  return same?.find(({ valid }) => valid) ?? same?.[0];
}
