import { formatCount, formatMs } from '../../shared/format';
import type { PlanNode } from '../model';
import { operatorName } from '../operator';
import { bothTimed, evidence, excessMs, matters } from './evidence';
import type { RelationFacts } from './facts';
import { indexesUsed, relationFacts, type ScanPair, scanMs, scanPairs, tableOf } from './relations';
import type { CauseContext, FoundCause } from './rule';
import { vacuumRemedy } from './table-remedies';

/** Rows looked up in the table by an index-only scan before it is worth a word. */
const fewestFetches = 100;
/** A visibility map that covers less of the table than the other side's by this much makes the planner think again. */
const lowerShare = 0.2;

/**
 * Index-only scans of the slower side that look into the table although they need not, or that the planner gave up since they
 * would have to. One finding per table.
 */
export function findVisibility(context: CauseContext): FoundCause[] {
  const byTable = new Map<string, ScanPair[]>();
  for (const pair of scanPairs(context)) {
    if (!isIndexOnly(pair.faster) || !(hasMoreFetches(pair) || isGivenUp(context, pair))) continue;
    const table = tableOf(context.plans[context.slower], pair.slower)!;
    const list = byTable.get(table);
    if (list) list.push(pair);
    else byTable.set(table, [pair]);
  }
  return [...byTable].flatMap(([table, scans]) => findInTable(context, table, scans));
}

function isIndexOnly(node: PlanNode): boolean {
  return node.type === 'Index Only Scan';
}

function fetches(node: PlanNode): number | undefined {
  return node.properties.number('Heap Fetches');
}

function hasMoreFetches({ slower, faster }: ScanPair): boolean {
  if (!isIndexOnly(slower)) return false;
  const [here, there] = [fetches(slower), fetches(faster) ?? 0];
  return here !== undefined && here >= fewestFetches && here >= 2 * there;
}

/** Another way to read the table, with the map to blame and the index at hand. */
function isGivenUp(context: CauseContext, { slower, faster }: ScanPair): boolean {
  if (isIndexOnly(slower)) return false;
  const [here, there] = [
    relationFacts(context, context.slower, slower),
    relationFacts(context, context.faster, faster),
  ];
  const [mine, theirs] = [here && visibleShare(here), there && visibleShare(there)];
  if (mine === undefined || theirs === undefined || theirs - mine < lowerShare) return false;
  const used = indexesUsed(context.plans[context.faster], faster);
  return here!.indexes.some(({ name, valid }) => valid && used.includes(name));
}

function visibleShare({ statistics }: RelationFacts): number | undefined {
  let [visible, pages] = [0, 0];
  for (const shard of statistics) {
    visible += shard.allVisiblePages;
    pages += shard.pages;
  }
  return pages > 0 ? visible / pages : undefined;
}

function findInTable(context: CauseContext, table: string, scans: readonly ScanPair[]): FoundCause[] {
  const { plans, slower, faster } = context;
  let [slowerMs, fasterMs, here, there] = [0, 0, 0, 0];
  let heaviest = { scan: scans[0]!, ms: -1 };
  for (const scan of scans) {
    const ms = scanMs(plans[slower], scan.slower);
    slowerMs += ms;
    fasterMs += scanMs(plans[faster], scan.faster);
    here += fetches(scan.slower) ?? 0;
    there += fetches(scan.faster) ?? 0;
    if (ms > heaviest.ms) heaviest = { scan, ms };
  }
  if (bothTimed(context) && !matters(context, slowerMs, fasterMs)) return [];
  const { slower: node } = heaviest.scan;
  const mine = relationFacts(context, slower, node);
  const theirs = relationFacts(context, faster, heaviest.scan.faster);
  const isStillUsed = isIndexOnly(node);
  const percent = (facts: RelationFacts | undefined): string | undefined => {
    const share = facts && visibleShare(facts);
    return share === undefined ? undefined : `${formatCount(Math.round(share * 100))} % of the pages`;
  };
  const cause: FoundCause = {
    title: isStillUsed
      ? `Index-only scans of ${table} looked up ${formatCount(here)} rows in the table on the ${slower}, ${formatCount(there)} on the ${faster}.`
      : `The ${slower} gave up the index-only scan of ${table} for a ${operatorName(node)}: its visibility map covers ${percent(mine)}.`,
    confidence: isStillUsed ? 'observed' : 'derived',
    explainedMs: excessMs(context, slowerMs, fasterMs),
    account: `row ${heaviest.scan.row}`,
    evidence: [
      evidence(context, `access to ${table}`, operatorName(node), operatorName(heaviest.scan.faster)),
      evidence(context, `heap fetches of ${table}`, isStillUsed ? formatCount(here) : undefined, formatCount(there)),
      ...(mine || theirs ? [evidence(context, `all-visible part of ${table}`, percent(mine), percent(theirs))] : []),
      ...(mine ? [evidence(context, `last VACUUM of ${table}`, vacuumed(mine), theirs && vacuumed(theirs))] : []),
      ...(bothTimed(context)
        ? [evidence(context, `time in scans of ${table}`, formatMs(slowerMs), formatMs(fasterMs))]
        : []),
    ],
    rows: scans.map(({ row }) => row),
    settings: [],
  };
  if (mine) cause.remedy = vacuumRemedy(context, mine);
  return [cause];
}

function vacuumed({ statistics }: RelationFacts): string {
  const times = statistics.flatMap(({ vacuumedAt }) => vacuumedAt ?? []).sort();
  if (times.length === 0) return 'never';
  return times.length < statistics.length
    ? `never for ${statistics.length - times.length} of ${statistics.length} shards`
    : times[0]!;
}
