import type { Evidence } from '../../shared/diagnosis';
import { formatCount } from '../../shared/format';
import { changeCause, findOff, isWorth } from './estimates';
import { evidence } from './evidence';
import type { RelationFacts, StatisticsFacts } from './facts';
import { type PlanChange, planChange } from './plan-change';
import { placeWords, relationFacts, scanPairs } from './relations';
import type { CauseContext, FoundCause, Rule } from './rule';
import { changedShare, isMissing, neverAnalysed, staleShare } from './statistics-age';
import { analyzeRemedy } from './table-remedies';
import { findVisibility } from './visibility';

export const statisticsRules: readonly Rule[] = [
  {
    id: 'stats.missing',
    meaning:
      'The slower side has never analysed a table, so the planner guesses how many rows there are; a copy does not bring statistics along.',
    reference:
      'PostgreSQL documentation, "Statistics Used by the Planner" and "Upgrading Data via pg_dumpall"; Citus documentation, "Query Performance Tuning".',
    supersedes: ['stats.stale', 'estimate.off', 'index.unused'],
    find: findMissing,
  },
  {
    id: 'stats.stale',
    meaning:
      'Much of a table changed since the slower side analysed it, so the planner reckons with rows that are no longer so.',
    reference: 'PostgreSQL documentation, "Updating Planner Statistics".',
    supersedes: ['estimate.off', 'index.unused'],
    find: findStale,
  },
  {
    id: 'estimate.off',
    meaning:
      'The planner of the slower side expected far fewer or far more rows than there were, and chose a plan for those.',
    reference: 'PostgreSQL documentation, "Row Estimation Examples" and "Extended Statistics".',
    supersedes: ['index.unused'],
    find: findOff,
  },
  {
    id: 'visibility.map',
    meaning:
      'The slower side must look into the table to see whether rows are visible, as its visibility map is not up to date.',
    reference: 'PostgreSQL documentation, "Index-Only Scans and Covering Indexes" and "Updating the Visibility Map".',
    supersedes: ['index.unused'],
    find: findVisibility,
  },
];

/** A table that both sides read, with the rows that scan it. */
interface ScannedTable {
  rows: number[];
  slower: RelationFacts;
  /** Undefined when the faster side's catalogs were not read. */
  faster: RelationFacts | undefined;
}

function tables(context: CauseContext): ScannedTable[] {
  const found = new Map<RelationFacts, ScannedTable>();
  for (const { row, slower, faster } of scanPairs(context)) {
    const here = relationFacts(context, context.slower, slower);
    if (!here) continue;
    const table = found.get(here);
    if (table) table.rows.push(row);
    else found.set(here, { rows: [row], slower: here, faster: relationFacts(context, context.faster, faster) });
  }
  return [...found.values()];
}

/** Tables with the same complaint that had a part in the same change of plan are one finding. */
function byChange(
  context: CauseContext,
  complain: (table: ScannedTable) => Complaint | undefined,
): { change: PlanChange; complaints: Complaint[]; scans: number[] }[] {
  const found = new Map<PlanChange, { change: PlanChange; complaints: Complaint[]; scans: number[] }>();
  for (const table of tables(context)) {
    const complaint = complain(table);
    const change = complaint && planChange(context, table.rows);
    // Bad statistics do harm through the plan alone: where the sides do the same in the same way, they explain nothing.
    if (!change || !isWorth(context, change)) continue;
    const same = found.get(change);
    if (same) {
      same.complaints.push(complaint);
      for (const row of table.rows) same.scans.push(row);
    } else found.set(change, { change, complaints: [complaint], scans: [...table.rows] });
  }
  return [...found.values()];
}

interface Complaint {
  table: RelationFacts;
  name: string;
  seen: Evidence[];
}

function findMissing(context: CauseContext): FoundCause[] {
  const found = byChange(context, ({ slower: here, faster: there }) => {
    const missing = neverAnalysed(here);
    if (missing.length === 0 || (there && isMissing(there))) return undefined;
    const table = `${here.schema}.${here.name}`;
    const reference = there ? missingWords(there, []) : 'not read';
    return {
      table: here,
      name: here.spread === 'plain' ? table : `${table} (${missing.length} of ${here.statistics.length} shards)`,
      seen: [evidence(context, `statistics of ${table}`, missingWords(here, missing), reference)],
    };
  });
  return found.map(({ change, complaints, scans }) =>
    changeCause(context, change, scans, {
      title: `The ${context.slower} has never analysed ${listed(complaints)}; the planner guesses how many rows there are.`,
      evidence: complaints.slice(0, mostNames).flatMap(({ seen }) => seen),
      remedy: analyzeRemedy(
        context,
        complaints.map(({ table }) => table),
      ),
    }),
  );
}

/** A partitioned table has many. */
const mostNames = 4;

function listed(complaints: readonly Complaint[]): string {
  const names = complaints.slice(0, mostNames).map(({ name }) => name);
  const more = complaints.length - mostNames;
  return names.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function missingWords({ statistics }: RelationFacts, missing: readonly StatisticsFacts[]): string {
  if (missing.length > 0) {
    const where =
      missing[0]!.shardId === undefined
        ? ''
        : `: ${missing.slice(0, 3).map(placeWords).join('; ')}${missing.length > 3 ? '; …' : ''}`;
    return `never analysed${where}`;
  }
  const last = statistics.flatMap(({ analyzedAt }) => analyzedAt ?? []).sort();
  return last.length > 0 ? `analysed ${last[0]}` : 'there';
}

function findStale(context: CauseContext): FoundCause[] {
  const percent = (value: number | undefined): string | undefined =>
    value === undefined ? undefined : `${formatCount(Math.round(value * 100))} % of the rows`;
  const found = byChange(context, ({ slower: here, faster: there }) => {
    const [share, reference] = [changedShare(here), there && changedShare(there)];
    if (share === undefined || share < staleShare || isMissing(here)) return undefined;
    if (reference !== undefined && reference >= share / 2) return undefined;
    const table = `${here.schema}.${here.name}`;
    return {
      table: here,
      name: `${percent(share)} of ${table}`,
      seen: [
        evidence(context, `changed in ${table} since ANALYZE`, percent(share), percent(reference)),
        evidence(context, `statistics of ${table}`, missingWords(here, []), there && missingWords(there, [])),
      ],
    };
  });
  return found.map(({ change, complaints, scans }) =>
    changeCause(context, change, scans, {
      title: `${listed(complaints)} changed since the ${context.slower} analysed it.`,
      evidence: complaints.slice(0, mostNames).flatMap(({ seen }) => seen),
      remedy: analyzeRemedy(
        context,
        complaints.map(({ table }) => table),
      ),
    }),
  );
}
