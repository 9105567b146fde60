import type { Evidence } from '../../shared/diagnosis';
import { formatBytes, formatMs } from '../../shared/format';
import { withoutShard } from '../align-keys';
import { operatorName } from '../operator';
import { bothTimed, evidence, excessMs, matters, places } from './evidence';
import type { IndexFacts, RelationFacts } from './facts';
import { indexesUsed, indexKind, relationFacts, scanMs, scanPairs, tableOf } from './relations';
import type { CauseContext, FoundCause, Rule } from './rule';
import { differing, differingSettings } from './setting-facts';
import { analyzeStep, createIndex, rebuildIndex } from './table-remedies';

/** Scans of one table that use an index on the faster side and do without it on the slower one. */
interface LostIndex {
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
}

export const indexRules: readonly Rule[] = [
  {
    id: 'index.missing',
    meaning:
      'An index that the faster side uses does not exist on the slower side, which reads more of the table instead.',
    reference:
      'PostgreSQL documentation, "Indexes" and "CREATE INDEX"; Citus documentation, "Creating and Modifying Distributed Objects".',
    supersedes: [],
    find: context => lostIndexes(context).flatMap(lost => findMissing(context, lost)),
  },
  {
    id: 'index.invalid',
    meaning:
      'An index that the faster side uses exists on the slower side but is marked invalid, so the planner never uses it.',
    reference: 'PostgreSQL documentation, "CREATE INDEX", section "Building Indexes Concurrently".',
    supersedes: [],
    find: context => lostIndexes(context).flatMap(lost => findInvalid(context, lost)),
  },
  {
    id: 'index.unused',
    meaning:
      'An index that the faster side uses exists on the slower side too, yet the planner there prefers something else.',
    reference: 'PostgreSQL documentation, "Examining Index Usage" and "Planner Cost Constants".',
    supersedes: [],
    find: context => lostIndexes(context).flatMap(lost => findUnused(context, lost)),
  },
];

const known = new WeakMap<CauseContext, LostIndex[]>();

function lostIndexes(context: CauseContext): LostIndex[] {
  let lost = known.get(context);
  if (!lost) {
    lost = findLost(context);
    known.set(context, lost);
  }
  return lost;
}

function findLost(context: CauseContext): LostIndex[] {
  const { plans, slower, faster } = context;
  const found = new Map<string, LostIndex & { heaviestMs: number }>();
  for (const { row, slower: here, faster: there } of scanPairs(context)) {
    const inUse = indexesUsed(plans[slower], here);
    for (const index of indexesUsed(plans[faster], there)) {
      if (inUse.includes(index)) continue;
      const table = tableOf(plans[slower], here)!;
      const ms = scanMs(plans[slower], here);
      const fasterMs = scanMs(plans[faster], there);
      const key = `${here.schema ?? ''}\n${table}\n${index}`;
      let lost = found.get(key);
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
        };
        found.set(key, lost);
      }
      lost.rows.push(row);
      lost.slowerMs += ms;
      lost.fasterMs += fasterMs;
      if (ms <= lost.heaviestMs) continue;
      lost.heaviest = row;
      lost.heaviestMs = ms;
      lost.instead = operatorName(here) + (inUse.length > 0 ? ` with ${inUse.join(', ')}` : '');
      const condition = there.properties.text('Index Cond') ?? there.properties.text('Recheck Cond');
      lost.filters = evidence(context, `condition on ${table}`, here.properties.text('Filter'), condition);
    }
  }
  return [...found.values()].filter(
    ({ slowerMs, fasterMs, index, slowerTable }) =>
      (!bothTimed(context) || matters(context, slowerMs, fasterMs)) &&
      // The same index under another name is in use.
      !(slowerTable && isRenamed(context, index, slowerTable)),
  );
}

/** The slower side's plan uses an index of the same kind, which has another name there. */
function isRenamed(context: CauseContext, index: string, slowerTable: RelationFacts): boolean {
  const wanted = wantedIndex(context, index, slowerTable);
  const same = wanted && slowerTable.indexes.find(candidate => indexKind(candidate) === indexKind(wanted));
  if (!same || same.name === index) return false;
  const { plans, slower } = context;
  const { tasks } = places(plans[slower]);
  return plans[slower].nodes.some(
    node => node.indexName !== undefined && withoutShard(node.indexName, tasks[node.index]! >= 0) === same.name,
  );
}

function wantedIndex(context: CauseContext, index: string, { schema, name }: RelationFacts): IndexFacts | undefined {
  const tables = context.facts[context.faster]?.relations;
  const table = tables?.find(other => other.schema === schema && other.name === name);
  return table?.indexes.find(candidate => candidate.name === index);
}

/** The slower side's index that should be used: of the same kind, else, where that is not known, of the same name. */
function counterpart({ index, slowerTable, fasterTable }: LostIndex): IndexFacts | undefined {
  const wanted = fasterTable?.indexes.find(({ name }) => name === index);
  const same = slowerTable?.indexes.filter(candidate =>
    wanted ? indexKind(candidate) === indexKind(wanted) : candidate.name === index,
  );
  return same?.find(({ valid }) => valid) ?? same?.[0];
}

/** Nodes on which the slower side's index, or the index of a shard, is invalid. */
function invalidOn({ slowerTable }: LostIndex, index: IndexFacts): { node: string; name: string }[] {
  return (slowerTable?.invalidIndexes ?? []).filter(
    ({ name }) => name === index.name || withoutShard(name, slowerTable!.spread !== 'plain') === index.name,
  );
}

function findMissing(context: CauseContext, lost: LostIndex): FoundCause[] {
  const { slower, faster } = context;
  if (!lost.slowerTable) {
    const cause = found(context, lost, 'unknown', {
      title: `The ${slower} reads ${lost.table} by ${lost.instead}, the ${faster} by ${lost.index}; whether the ${slower} has that index could not be read.`,
      evidence: [evidence(context, `index ${lost.index}`, 'not read', 'in use')],
    });
    return [{ ...cause, explainedMs: undefined }];
  }
  if (counterpart(lost)) return [];
  const wanted = lost.fasterTable?.indexes.find(({ name }) => name === lost.index);
  const namesake = lost.slowerTable.indexes.find(({ name }) => name === lost.index);
  const cause = found(context, lost, 'observed', {
    title: namesake
      ? `The index ${lost.index} is another one on the ${slower}, which reads ${lost.table} by ${lost.instead}.`
      : `The index ${lost.index} is missing on the ${slower}, which reads ${lost.table} by ${lost.instead}.`,
    evidence: [
      evidence(context, `index ${lost.index}`, namesake?.definition ?? 'none', wanted?.definition ?? 'in use'),
    ],
  });
  if (wanted) cause.remedy = createIndex(context, lost.slowerTable, wanted, namesake !== undefined, lost.instead);
  return [cause];
}

function findInvalid(context: CauseContext, lost: LostIndex): FoundCause[] {
  const index = counterpart(lost);
  if (!index) return [];
  const invalid = invalidOn(lost, index);
  const isValidThere = lost.fasterTable?.indexes.find(({ name }) => name === lost.index)?.valid;
  if ((index.valid && invalid.length === 0) || isValidThere === false) return [];
  const { slower } = context;
  const where = invalid.some(({ name }) => name !== index.name) ? ` in ${invalid.length} of its shards` : '';
  const cause = found(context, lost, 'observed', {
    title: `The index ${index.name} is invalid${where} on the ${slower}, which reads ${lost.table} by ${lost.instead}.`,
    evidence: [
      evidence(context, `index ${index.name}`, index.valid ? `valid, not on every node` : 'invalid', 'valid'),
      ...invalid.map(({ node, name }) => evidence(context, `index ${name}`, 'invalid', undefined, node)),
    ],
  });
  cause.remedy = rebuildIndex(context, lost.slowerTable!, index);
  return [cause];
}

/** Costs that decide for or against an index; all can be set for one transaction. */
const decisive = [
  'random_page_cost',
  'seq_page_cost',
  'cpu_index_tuple_cost',
  'cpu_tuple_cost',
  'cpu_operator_cost',
  'effective_cache_size',
  'enable_indexscan',
  'enable_indexonlyscan',
  'enable_bitmapscan',
  'enable_seqscan',
];

function findUnused(context: CauseContext, lost: LostIndex): FoundCause[] {
  const index = counterpart(lost);
  if (!index?.valid || invalidOn(lost, index).length > 0) return [];
  const { slower, faster, facts, plans, rows } = context;
  const settings = differing(context, decisive);
  const [here, there] = [
    plans[slower].nodes[rows[lost.heaviest]![slower]!]!,
    plans[faster].nodes[rows[lost.heaviest]![faster]!]!,
  ];
  const seen = [evidence(context, `index ${index.name}`, 'valid, not used', 'in use')];
  if (here.planRows !== undefined && there.planRows !== undefined && here.planRows !== there.planRows) {
    seen.push(evidence(context, `rows estimated of ${lost.table}`, String(here.planRows), String(there.planRows)));
  }
  for (const { name, on, slower: mine, faster: theirs } of differingSettings(context)) {
    if (settings.includes(name))
      seen.push(
        evidence(context, on === 'workers' ? `${name} on the workers` : name, mine?.value, theirs?.value, mine?.node),
      );
  }
  const collations = [slower, faster].map(side => facts[side]?.nodes[0]?.settings.get('lc_collate')?.value);
  if (collations[0] !== undefined && collations[1] !== undefined && collations[0] !== collations[1]) {
    seen.push(evidence(context, 'collation of the database', collations[0], collations[1]));
  }
  const cause = found(context, lost, 'suspected', {
    title: `The ${slower} has the index ${index.name} and does not use it: it reads ${lost.table} by ${lost.instead}.`,
    evidence: seen,
  });
  cause.settings = settings;
  const table = lost.slowerTable!;
  cause.remedy = {
    summary: `Refresh the statistics of ${table.schema}.${table.name}; then compare the settings and the types in the condition, which decide for or against an index.`,
    side: slower,
    steps: [analyzeStep(table)],
    verify: `EXPLAIN shows ${index.name} on the ${slower} too.`,
  };
  return [cause];
}

function found(
  context: CauseContext,
  lost: LostIndex,
  confidence: FoundCause['confidence'],
  { title, evidence: seen }: Pick<FoundCause, 'title' | 'evidence'>,
): FoundCause {
  const { slower } = context;
  const explainedMs = excessMs(context, lost.slowerMs, lost.fasterMs);
  const timed = explainedMs === undefined ? undefined : formatMs(lost.slowerMs);
  const times = bothTimed(context)
    ? [evidence(context, `time in scans of ${lost.table}`, timed, formatMs(lost.fasterMs))]
    : timed === undefined
      ? []
      : [evidence(context, `time in scans of ${lost.table}`, timed, undefined)];
  const shards = lost.slowerTable?.statistics ?? [];
  const sizes = shards.flatMap(({ sizeBytes }) => sizeBytes ?? []);
  return {
    title,
    confidence,
    explainedMs,
    account: `row ${lost.heaviest}`,
    evidence: [
      ...seen,
      evidence(context, `access to ${lost.table}`, lost.instead, `with ${lost.index}`),
      ...(lost.filters?.[slower] || lost.filters?.[context.faster] ? [lost.filters] : []),
      ...times,
      ...(sizes.length > 0
        ? [evidence(context, `size of ${lost.table}`, formatBytes(sizes.reduce((a, b) => a + b, 0)), undefined)]
        : []),
    ],
    rows: lost.rows,
    settings: [],
  };
}
