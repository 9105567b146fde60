import { formatCount, formatMs, formatNumber, formatRatio } from '../../shared/format';
import type { Plan, PlanNode } from '../model';
import { isDistributed } from '../operator';
import { factor, workFactor, workMinimum, worthMentioningShare } from '../thresholds';
import { grownScans } from './data';
import { bothTimed, evidence, isSameData, isSameWork, matters, type Pair, pairs, places } from './evidence';
import type { CauseContext, Rule } from './rule';
import { joinOrderChange, shapeChanges } from './shape-changes';
import { fewestPages, pageTimeFactor, uniformFactor, uniformShare, uniformSpread } from './thresholds';
import { triggerMs } from './waiting';

/** What each node did alone, by index into the plan's nodes. */
interface OwnPages {
  read: Float64Array;
  hit: Float64Array;
  /** Milliseconds that reads took, of all processes together; undefined without track_io_timing. */
  readMs: Float64Array | undefined;
}

const readNames = ['Shared Read Blocks', 'Local Read Blocks'];
const hitNames = ['Shared Hit Blocks', 'Local Hit Blocks'];
/** Up to 16, and from 17 on. */
const timeNames = ['I/O Read Time', 'Shared I/O Read Time', 'Local I/O Read Time'];

const known = new WeakMap<Plan, OwnPages>();

/** EXPLAIN counts pages with those of the nodes below; taken apart here. */
function ownPages(plan: Plan): OwnPages {
  let own = known.get(plan);
  if (!own) {
    own = {
      read: exclusive(plan, readNames),
      hit: exclusive(plan, hitNames),
      readMs: plan.nodes.some(node => given(node, timeNames)) ? exclusive(plan, timeNames) : undefined,
    };
    known.set(plan, own);
  }
  return own;
}

function given({ properties }: PlanNode, names: readonly string[]): boolean {
  return names.some(name => properties.number(name) !== undefined);
}

function exclusive({ nodes }: Plan, names: readonly string[]): Float64Array {
  const all = Float64Array.from(nodes, ({ properties }) =>
    names.reduce((sum, name) => sum + (properties.number(name) ?? 0), 0),
  );
  const own = Float64Array.from(all);
  for (const { index, parent, statement } of nodes) {
    if (parent >= 0 && nodes[parent]!.statement === statement) own[parent]! -= all[index]!;
  }
  return own.map(pages => Math.max(0, pages));
}

/** Pages that were read, not found in memory, in all statements together: most plans have none. */
function pagesRead({ statements, nodes }: Plan): number {
  return statements.reduce((total, { root }) => {
    const properties = nodes[root]?.properties;
    return readNames.reduce((pages, name) => pages + (properties?.number(name) ?? 0), total);
  }, 0);
}

/** A node that asked for the same pages on both sides, and how it got them. */
interface SamePages {
  pair: Pair;
  pages: number;
  read: [slower: number, faster: number];
  /** Wall-clock at most: reads of parallel processes overlap, so they are no longer than the node itself. */
  readMs: [slower: number, faster: number] | undefined;
  /** By how much the node itself is slower. */
  ms: number;
}

function samePages(context: CauseContext): SamePages[] {
  if (!bothTimed(context) || pagesRead(context.plans[context.slower]) < fewestPages) return [];
  const { plans, slower, faster } = context;
  const [here, there] = [ownPages(plans[slower]), ownPages(plans[faster])];
  return pairs(context).flatMap((pair): SamePages[] => {
    const [a, b] = [pair.slower, pair.faster];
    if (!a || !b || a.kind !== 'operator' || a.type !== b.type || places(plans[slower]).overlapped[a.index]) return [];
    if (a.selfMs === undefined || b.selfMs === undefined || !isSameData(context, pair)) return [];
    const read: [number, number] = [here.read[a.index]!, there.read[b.index]!];
    const pages = [read[0] + here.hit[a.index]!, read[1] + there.hit[b.index]!] as const;
    if (Math.abs(pages[0] - pages[1]) >= workMinimum && factor(pages[0], pages[1]) >= workFactor) return [];
    const readMs: [number, number] | undefined =
      here.readMs && there.readMs
        ? [Math.min(a.selfMs, here.readMs[a.index]!), Math.min(b.selfMs, there.readMs[b.index]!)]
        : undefined;
    return [{ pair, pages: pages[0], read, readMs, ms: Math.max(0, a.selfMs - b.selfMs) }];
  });
}

function sum<T>(list: readonly T[], of: (one: T) => number): number {
  return list.reduce((total, one) => total + of(one), 0);
}

/** The time that reading accounts for: as EXPLAIN timed it, else the nodes' own, which it cannot exceed. */
function readingMs(list: readonly SamePages[]): number {
  return sum(list, ({ readMs, ms }) => (readMs ? Math.max(0, Math.min(ms, readMs[0] - readMs[1])) : ms));
}

function heaviestRows(list: readonly SamePages[]): number[] {
  return [...list].sort((a, b) => b.ms - a.ms).map(({ pair }) => pair.row);
}

const cold: Rule = {
  id: 'cache.cold',
  meaning:
    'The same pages are read from the operating system or the disk instead of being found in shared buffers; a second run may not show it.',
  reference: 'PostgreSQL documentation, "EXPLAIN: BUFFERS" and "Resource Consumption: shared_buffers"',
  supersedes: [],
  find(context) {
    const list = samePages(context).filter(({ read, pages }) => read[0] - read[1] >= Math.max(1, 0.1 * pages));
    const more = sum(list, ({ read }) => read[0] - read[1]);
    const ms = readingMs(list);
    if (more < fewestPages || !matters(context, ms, 0)) return [];
    const { slower, faster } = context;
    const isTimed = list.every(({ readMs }) => readMs);
    const read = (at: 0 | 1): string =>
      `${formatCount(sum(list, one => one.read[at]))} read of ${formatCount(sum(list, one => one.pages))} pages`;
    const timing = list.flatMap(({ readMs }) => (readMs ? [readMs] : []));
    return [
      {
        title: `The ${slower} reads ${formatCount(more)} pages that the ${faster} has in shared buffers, which ${isTimed ? 'takes' : 'may take'} ${formatMs(ms)}.`,
        confidence: isTimed ? 'observed' : 'derived',
        explainedMs: ms,
        account: 'io',
        evidence: [
          evidence(context, 'Pages', read(0), read(1)),
          ...(isTimed
            ? [
                evidence(
                  context,
                  'I/O Read Time',
                  formatMs(sum(timing, one => one[0])),
                  formatMs(sum(timing, one => one[1])),
                ),
              ]
            : []),
        ],
        rows: heaviestRows(list),
        settings: [],
      },
    ];
  },
};

const slowIo: Rule = {
  id: 'io.slower',
  meaning: 'The same pages are read from disk on both sides, and each takes longer on this one.',
  reference: 'PostgreSQL documentation, "EXPLAIN: BUFFERS" and "Run-time Statistics: track_io_timing"',
  supersedes: [],
  find(context) {
    const list = samePages(context).filter(
      ({ read, readMs }) => readMs && Math.min(...read) >= fewestPages && factor(...read) < workFactor,
    );
    const perPage = ([0, 1] as const).map(
      at => sum(list, ({ readMs }) => readMs![at]) / sum(list, one => one.read[at]),
    );
    const ms = readingMs(list);
    if (!(perPage[0]! >= perPage[1]! * pageTimeFactor) || !matters(context, ms, 0)) return [];
    const { slower } = context;
    const words = (at: 0 | 1): string =>
      `${formatNumber(perPage[at]! * 1000, 1)} µs per page, ${formatCount(sum(list, one => one.read[at]))} pages, ${formatMs(sum(list, ({ readMs }) => readMs![at]))}`;
    return [
      {
        title: `Reading a page takes ${formatRatio(perPage[0]! / perPage[1]!)} as long on the ${slower}, which costs ${formatMs(ms)}.`,
        confidence: 'observed',
        explainedMs: ms,
        account: 'io',
        evidence: [evidence(context, 'Reading', words(0), words(1))],
        rows: heaviestRows(list),
        settings: [],
      },
    ];
  },
};

/** Nodes whose time says nothing of the processor: they wait for locks and the log, for others, or for a function's own statements. */
const waiting = new Set([
  'ModifyTable',
  'LockRows',
  'Result',
  'ProjectSet',
  'Function Scan',
  'Foreign Scan',
  'Gather',
  'Gather Merge',
]);

function hidesWork(node: PlanNode): boolean {
  return waiting.has(node.type) || isDistributed(node);
}

/** On Citus the usual task is as fast as on the other side: not the cluster is slow, but a node or a shard of it. */
function isOneNode({ plans, slower, faster }: CauseContext): boolean {
  const median = ({ statements, nodes }: Plan): number | undefined => {
    const all = statements
      .filter(({ container }) => nodes[container]?.kind === 'task')
      .map(({ executionMs = 0 }) => executionMs)
      .sort((a, b) => a - b);
    return all[Math.floor((all.length - 1) / 2)];
  };
  const [ours, theirs] = [median(plans[slower]), median(plans[faster])];
  return ours !== undefined && theirs !== undefined && ours < uniformFactor * theirs;
}

const cpu: Rule = {
  id: 'cpu.slower',
  meaning:
    'The same plan does the same work on pages in memory, and nearly every node of it takes longer: the processor, or what shares it.',
  reference:
    'Measured: a backend stopped four fifths of the time is slower in all nodes alike, with the same rows and pages',
  supersedes: [],
  find(context) {
    if (!bothTimed(context) || shapeChanges(context).length > 0 || grownScans(context).length > 0) return [];
    const { plans, slower, executionMs } = context;
    // Triggers and locks take time in the nodes that write, which says nothing of the processor.
    if (matters(context, triggerMs(context, slower), triggerMs(context, context.faster))) return [];
    const compared = pairs(context).flatMap(pair => {
      const [a, b] = [pair.slower, pair.faster];
      if (!a || !b || a.kind !== 'operator' || !isSameData(context, pair)) return [];
      if (places(plans[slower]).overlapped[a.index] || hidesWork(a)) return [];
      return a.selfMs === undefined || b.selfMs === undefined ? [] : [{ pair, a, b, ours: a.selfMs, theirs: b.selfMs }];
    });
    if (isOneNode(context)) return [];
    const whole = sum(compared, ({ ours }) => ours);
    if (whole < uniformShare * executionMs[slower]!) return [];
    const weighty = compared.filter(({ ours }) => ours >= worthMentioningShare * whole);
    const reads = pagesRead(plans[slower]) < fewestPages ? undefined : ownPages(plans[slower]).read;
    const isAlike = ({ a, b }: (typeof weighty)[number]): boolean =>
      isSameWork(context, a, b) && (reads?.[a.index] ?? 0) < fewestPages;
    if (weighty.length === 0 || !weighty.every(isAlike)) return [];
    const overall = sum(weighty, ({ ours }) => ours) / sum(weighty, ({ theirs }) => theirs);
    const isAsMuch = (ratio: number): boolean => ratio >= uniformFactor && factor(ratio, overall) < uniformSpread;
    const slow = weighty.filter(({ ours, theirs }) => isAsMuch(ours / theirs));
    const ms = sum(slow, ({ ours, theirs }) => ours - theirs);
    // By the faster side's time, so that one node gone astray does not pass for all.
    const isUniform = sum(slow, ({ theirs }) => theirs) >= uniformShare * sum(weighty, ({ theirs }) => theirs);
    if (!isUniform || !matters(context, ms, 0) || joinOrderChange(context)) return [];
    const ratio = sum(slow, ({ ours }) => ours) / sum(slow, ({ theirs }) => theirs);
    return [
      {
        title: `The ${slower} does the same work ${formatRatio(ratio)} more slowly in ${slow.length === 1 ? 'the node that counts' : `${slow.length} of ${weighty.length} nodes`}, which costs ${formatMs(ms)}.`,
        confidence: 'suspected',
        explainedMs: ms,
        account: 'cpu',
        evidence: slow
          .slice(0, 4)
          .map(({ a, ours, theirs }) => evidence(context, `Time of ${a.type}`, formatMs(ours), formatMs(theirs))),
        rows: slow.map(({ pair }) => pair.row),
        settings: [],
      },
    ];
  },
};

export const pagesRules: readonly Rule[] = [cold, slowIo, cpu];
