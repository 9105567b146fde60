import { formatBytes, formatMs } from '../../shared/format';
import { withoutShard } from '../align-keys';
import { bothTimed, evidence, excessMs } from './evidence';
import type { IndexFacts } from './facts';
import { counterpart, type LostIndex, lostIndexes } from './lost-indexes';
import type { CauseContext, FoundCause, Rule } from './rule';
import { differing, differingSettings } from './setting-facts';
import { analyzeStep, createIndex, createShardIndexes, rebuildIndex } from './table-remedies';

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
  const present = counterpart(lost);
  if (present) return missingInShards(context, lost, present);
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
  if (wanted) {
    cause.remedy = createIndex(context, lost.slowerTable, wanted, namesake !== undefined, lost.instead);
    for (const { index, slowerTable, fasterTable, instead } of lost.alike) {
      const other = fasterTable!.indexes.find(({ name }) => name === index)!;
      const isTaken = slowerTable?.indexes.some(({ name }) => name === index) === true;
      if (slowerTable) cause.remedy.steps.push(...createIndex(context, slowerTable, other, isTaken, instead).steps);
    }
  }
  return [cause];
}

/** The catalog of the coordinator has it, the shards of a worker do without. */
function missingInShards(context: CauseContext, lost: LostIndex, index: IndexFacts): FoundCause[] {
  const { lacking, slowerTable } = lost;
  if (lacking.length === 0 || slowerTable!.spread !== 'distributed' || invalidOn(lost, index).length > 0) return [];
  const cause = found(context, lost, 'derived', {
    title: `The shards of ${lost.table} on ${lacking.join(', ')} lack the index ${index.name} on the ${context.slower}; they are read by ${lost.instead}.`,
    evidence: lacking.map(node =>
      evidence(context, `index ${index.name}`, 'used on the other workers only', 'in use', node),
    ),
  });
  const remedy = createShardIndexes(context, slowerTable!, index, lacking);
  if (remedy) cause.remedy = remedy;
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
  if (!index?.valid || invalidOn(lost, index).length > 0 || missingInShards(context, lost, index).length > 0) return [];
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
  const what = `time in scans of ${lost.table}${lost.inJoin ? ' and their join' : ''}`;
  const timed = explainedMs === undefined ? undefined : formatMs(lost.slowerMs);
  const times = bothTimed(context)
    ? [evidence(context, what, timed, formatMs(lost.fasterMs))]
    : timed === undefined
      ? []
      : [evidence(context, what, timed, undefined)];
  const shards = lost.slowerTable?.statistics ?? [];
  const sizes = shards.flatMap(({ sizeBytes }) => sizeBytes ?? []);
  const more = lost.alike.length === 0 ? '' : ` So it is with ${lost.alike.length} more of its kind.`;
  return {
    title: title + more,
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
