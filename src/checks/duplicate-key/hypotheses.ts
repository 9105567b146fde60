import { type Confidence, confidenceSchema } from '../../shared/diagnosis';
import type { DuplicateKeyError, Hypothesis } from '../../shared/duplicate-key';
import type { CheckJudgement } from '../check';
import type { Locale } from '../locale/locale';
import { groupOfValue, type RangeBehind } from './ranges-sql';
import type { FoundIndex } from './script';

/** What was read and proved, for judging the rivals by. */
export interface DuplicateKeyEvidence {
  error: DuplicateKeyError | undefined;
  found: readonly FoundIndex[];
  /** Of each node of the side that answered. */
  locales: readonly { node: string; answer: Locale }[];
  /** The other side's coordinator; absent when it was not reached. */
  otherLocale: Locale | undefined;
  /** Of `sequences.behind` on this side. */
  sequences: CheckJudgement;
  /** Absent without Citus. */
  ranges: { behind: readonly RangeBehind[]; unread: number } | undefined;
  /** Tables partitioned by ranges of text, with their node. */
  partitioned: readonly string[];
  /** Every node answered what its indexes are. */
  isWhole: boolean;
}

type Judged = Pick<Hypothesis, 'standing' | 'confidence' | 'evidence'>;
const likely = (confidence: Confidence, evidence: string[]): Judged => ({ standing: 'likely', confidence, evidence });
const unlikely = (confidence: Confidence, evidence: string[]): Judged => ({
  standing: 'unlikely',
  confidence,
  evidence,
});
const open = (evidence: string[]): Judged => ({ standing: 'unknown', confidence: 'unknown', evidence });

const standings = ['likely', 'unknown', 'unlikely'];
const maxEvidence = 20;

/** The rivals with the evidence for and against each, the likeliest first. */
export function rankHypotheses(evidence: DuplicateKeyEvidence): Hypothesis[] {
  const all: Hypothesis[] = [
    {
      cause: 'order',
      title: 'An index holds the order of another libc or ICU than the node has now',
      ...judgeOrder(evidence),
      next: 'Run amcheck on the indexes listed; then remove duplicates, REINDEX, and refresh the versions last: see the script of each node.',
    },
    {
      cause: 'sequence',
      title: 'A sequence is behind the column that it fills',
      ...judgeSequences(evidence),
      next: advanceWords(evidence.sequences),
    },
    {
      cause: 'duplicates',
      title: 'Rows with the same key are in the table already',
      ...judgeDuplicates(evidence),
      next: 'A unique index cannot be built until all but one of them are removed: see the script of each node.',
    },
  ];
  if (evidence.ranges)
    all.push({
      cause: 'range',
      title: "A worker's sequence began its range again",
      ...judgeRanges(evidence, evidence.ranges),
      next: 'With writes stopped, set each such sequence past the furthest value of its range: see the script of each worker.',
    });
  const rank = ({ standing, confidence }: Hypothesis) =>
    standings.indexOf(standing) * 10 + confidenceSchema.options.indexOf(confidence);
  return all.map(each => ({ ...each, evidence: capped(each.evidence) })).sort((a, b) => rank(a) - rank(b));
}

function capped(lines: string[]): string[] {
  const more = lines.length - maxEvidence;
  return more > 0 ? [...lines.slice(0, maxEvidence), `… and ${more} more`] : lines;
}

function placed({ suspect: { node, schema, index } }: FoundIndex): string {
  return `${node}: ${schema}.${index}`;
}

function advanceWords({ remedies }: CheckJudgement): string {
  const [step] = remedies;
  return step
    ? `With writes stopped, on ${step.nodes.join(', ')}:\n${step.sql}`
    : 'The check sequences.behind has the setval() for each.';
}

/** What an order decides besides indexes (PostgreSQL's documentation, "Collation Support"). */
function partitionWords(partitioned: readonly string[]): string[] {
  return partitioned.map(
    table => `${table} is partitioned by ranges of text: rows may lie in the wrong partition, too`,
  );
}

function judgeOrder({ partitioned, error, found, locales, otherLocale, isWhole }: DuplicateKeyEvidence): Judged {
  const corrupt = found.filter(({ suspect }) => suspect.state === 'corrupt');
  const named = found.filter(({ suspect }) => suspect.why === 'named');
  const isNamedSound = named.length > 0 && named.every(({ suspect }) => suspect.state === 'sound');
  if (corrupt.length > 0)
    return likely('verified', [
      ...(isNamedSound ? [`amcheck finds nothing wrong with ${error?.index}, but with others`] : []),
      ...corrupt.map(each => `${placed(each)}: ${each.suspect.detail}`),
      ...partitionWords(partitioned),
    ]);
  if (named.length > 0 && named.every(({ index }) => index.collations.length === 0))
    return unlikely('observed', [`${error?.index} does not sort by a collation of libc or ICU`]);
  const concerned = named.length > 0 ? named : found;
  if (concerned.length > 0 && concerned.every(({ suspect }) => suspect.state === 'sound') && isWhole)
    return unlikely('verified', [`amcheck finds nothing wrong with ${concerned.length} indexes`]);
  const stale = concerned.filter(({ index }) => index.collations.some(collation => collation.stale));
  const unversioned = stale.filter(({ index }) =>
    index.collations.every(collation => !collation.stale || collation.recorded === null),
  );
  if (stale.length > 0)
    return likely(unversioned.length === stale.length ? 'suspected' : 'observed', [
      ...stale.map(each => `${placed(each)} sorts by ${each.suspect.collations.join(', ')}`),
      ...partitionWords(partitioned),
    ]);
  const [own] = locales;
  if (own && otherLocale && own.answer.system === otherLocale.system) {
    const [here, there] = [own.answer, otherLocale].map(({ actual, libc }) => actual ?? libc);
    if (here && there && here !== there && concerned.length > 0)
      return likely('derived', [
        `both sides are copies of the same files, under collation versions ${here} here and ${there} there`,
        'the versions recorded are those of now: somebody refreshed them, perhaps before rebuilding the indexes',
      ]);
  }
  if (!isWhole) return open(['not every node said which indexes it has']);
  if (concerned.length === 0) return unlikely('observed', ['no index sorts by a collation of libc or ICU']);
  return unlikely('derived', [
    `${concerned.length} indexes sort by a collation, whose versions are those that the nodes have`,
  ]);
}

function judgeSequences({ error, found, sequences }: DuplicateKeyEvidence): Judged {
  const lines = sequences.differences.map(({ what, target }) => `${what}: ${target}`);
  const named = found.find(({ suspect }) => suspect.why === 'named');
  const table = named && `${named.index.schema}.${named.index.logicalTable}`;
  const ofTable = table === undefined ? lines : lines.filter(line => line.includes(` behind ${table}.`));
  if (ofTable.length > 0) return likely('observed', ofTable);
  if (sequences.verdict === 'unknown') return open(sequences.unknown.map(({ what }) => what));
  if (lines.length > 0)
    return unlikely('observed', [`none that fills ${table}, of which ${error?.index} is; but:`, ...lines]);
  return unlikely('observed', [sequences.summary]);
}

function judgeDuplicates({ error, found }: DuplicateKeyEvidence): Judged {
  const looked = found.filter(({ suspect }) => suspect.duplicates !== undefined);
  const having = looked.filter(({ suspect }) => suspect.duplicates!.keys.length > 0);
  if (having.length > 0)
    return likely(
      'verified',
      having.map(each => {
        const { keys, more } = each.suspect.duplicates!;
        const shown = keys
          .slice(0, 3)
          .map(({ key, copies }) => `(${key.map(value => value ?? 'NULL').join(', ')}) ${copies} times`);
        return `${placed(each)}: ${more ? 'more than ' : ''}${keys.length} keys, ${shown.join(', ')}`;
      }),
    );
  if (error?.building)
    return likely('observed', [`${error.index} was being built: the server found two rows with its key`]);
  if (looked.length > 0)
    return unlikely(
      'verified',
      looked.map(each => `${placed(each)}: none, by a scan of the table`),
    );
  return open(['the tables were not read for them: ask for proof with amcheck']);
}

function judgeRanges(
  { error }: DuplicateKeyEvidence,
  { behind, unread }: NonNullable<DuplicateKeyEvidence['ranges']>,
): Judged {
  const lines = behind.map(
    ({ node, sequence, table, column, last, furthest }) =>
      `${node}: ${sequence} at ${last}, ${table}.${column} at ${furthest}`,
  );
  if (lines.length > 0) return likely('observed', lines);
  const inRange = error?.key.flatMap(({ column, value }) => {
    const group = groupOfValue(value);
    return group === undefined ? [] : [`${column} = ${value} is in the range of worker group ${group}`];
  });
  if (inRange && inRange.length > 0) return likely('suspected', inRange);
  if (unread > 0) return open([`${unread} lookups into shards could not be made`]);
  return unlikely('observed', ["every worker's sequences are past the values of its range"]);
}
