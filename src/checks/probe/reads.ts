/** Of number 79 of the list what no catalog shows: how long a node waits for a page that is not in memory. */
import * as z from 'zod/mini';
import { formatBytes, formatCount, formatMs } from '../../shared/format';
import { type Side, sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import { type Check, type CheckQuery, type CheckUnknown, defineCheck, type ServerFacts } from '../check';
import { conclude } from '../conclude';
import { isUsers } from '../tables/tables-sql';
import { cpuSpeed } from './cpu-speed';
import { type Gate, judgeSlower, type Measured, medianWords, probeGroup } from './figures';

const readsSchema = z.strictObject({
  /** Without it pages in shared buffers cannot be told from others. */
  counted: z.boolean(),
  /** The largest that the role may read; null: none is large enough. */
  table: z.nullable(z.string()),
  bytes: z.nullable(z.number()),
  /** Of each page: how long it took, and how many pages were not in shared buffers: 0 or 1. */
  reads: z.nullable(z.array(z.tuple([z.number(), z.number()]))),
});
type Reads = z.infer<typeof readsSchema>;

const pages = 256;
const fewestPages = 1_024;
const longestSeconds = 1.5;

/** Pages of the table that came from outside of shared buffers, so far in this transaction. */
const missed = '(pg_stat_get_xact_blocks_fetched(%3$s) - pg_stat_get_xact_blocks_hit(%3$s))';

/**
 * For format(): schema, name, oid and number of pages. One page at a time, by the place of its first row, whether or not a
 * row is there; count(*) runs no code of the table's. Each step needs the value of the one below it, so that no clock and no
 * counter is read out of turn.
 */
const reading = `SELECT json_agg(json_build_array(ms, missed)) AS reads
  FROM (SELECT 1000 * extract(epoch FROM ended - began)::float8 AS ms, CASE WHEN ended IS NOT NULL THEN ${missed} - before END AS missed
          FROM (SELECT before, began, CASE WHEN rows IS NOT NULL THEN clock_timestamp() END AS ended
                  FROM (SELECT before, began, (SELECT count(*) FROM ONLY %1$I.%2$I AS t WHERE t.ctid = place AND began IS NOT NULL) AS rows
                          FROM (SELECT place, before, CASE WHEN before IS NOT NULL THEN clock_timestamp() END AS began
                                  FROM (SELECT format('(%%s,1)', floor(random() * %4$s))::tid AS place, ${missed} AS before
                                          FROM generate_series(1, ${pages})
                                         WHERE clock_timestamp() < (SELECT clock_timestamp() + interval '${longestSeconds} s') OFFSET 0) AS place
                                OFFSET 0) AS start
                        OFFSET 0) AS read
                OFFSET 0) AS end_
        OFFSET 0) AS times`;

/**
 * Tables as they are stored here: shards, and none that Citus distributes, whose name would send it through all shards.
 * None with policies, whose functions would run; none that is locked.
 */
const largestTable = ({ citus }: ServerFacts): string => `SELECT c.oid, n.nspname, c.relname, c.relpages
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am a ON a.oid = c.relam
    WHERE c.relkind IN ('r', 'm') AND c.relpersistence = 'p' AND a.amname = 'heap' AND NOT c.relrowsecurity
      AND c.relpages >= ${fewestPages} AND ${isUsers('n.nspname')}
      AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
      AND NOT EXISTS (SELECT FROM pg_locks l WHERE l.relation = c.oid AND l.mode = 'AccessExclusiveLock')
      ${citus ? 'AND NOT EXISTS (SELECT FROM pg_dist_partition d WHERE d.logicalrelid::oid = c.oid)' : ''}
    ORDER BY c.relpages DESC, c.oid LIMIT 1`;

const pageReads: CheckQuery<Reads> = {
  name: 'probeReads',
  nodes: 'every',
  // Without Tid Scans each page would cost a scan of the whole table.
  sql: server => `SELECT json_build_object('counted', current_setting('track_counts')::bool,
    'table', t.nspname || '.' || t.relname, 'bytes', t.relpages * current_setting('block_size')::bigint,
    'reads', CASE WHEN t.oid IS NOT NULL AND set_config('enable_tidscan', 'on', true) IS NOT NULL THEN
       substring(query_to_xml(format('${reading.replaceAll("'", "''")}', t.nspname, t.relname, t.oid, t.relpages),
         false, true, '')::text FROM '<reads>(.*)</reads>')::json END)
  FROM (SELECT 1) AS one LEFT JOIN (${largestTable(server)}) AS t ON true`,
  answer: readsSchema,
};

/** No disk answers so quickly, flash neither: the page was in the system's page cache. Milliseconds. */
const cachedMs = 0.04;
const fewestReads = 16;
const gate: Gate = { ratio: 2, ms: 0.2 };

const reads = defineCheck({
  id: 'probe.reads',
  group: probeGroup,
  onRequest: true,
  title: 'Reading from disk',
  question: `Does no node of the target wait ${gate.ratio} times as long for a page from disk as the source, and ${gate.ms} ms more?`,
  why: 'What is not in memory is read page by page: an index scan over cold data takes as long as its reads take together, and after a copy everything is cold.',
  reference: `Measured: up to ${pages} random pages of the largest table that the role may read on each node, one at a time, for ${longestSeconds} s at most; three quarters of those outside of shared buffers took as long as what counts, or longer. Within ${cachedMs} ms it is the system's page cache that answers: then the disk was not seen, and nothing is said of it. A cache below the system, as of a host or a controller, counts as the disk`,
  severity: 'medium',
  sides,
  queries: { cpu: cpuSpeed, reads: pageReads },
  judge({ source, target }) {
    const nodes = { source: answered(source.answers.reads), target: answered(target.answers.reads) };
    const measured = { source: nodes.source.flatMap(measuredOf), target: nodes.target.flatMap(measuredOf) };
    const cpu = answered(target.answers.cpu);
    const judged = judgeSlower(measured, { gate, work: 'reading a page from disk', cpu });
    return conclude({
      differences: judged.differences,
      unknown: [
        ...unanswered(source.answers.reads, target.answers.reads),
        ...sides.flatMap(side => unseen(side, nodes[side])),
        ...judged.unknown,
      ],
      remarks: sides.flatMap(side => nodes[side].flatMap(found => figures(side, found))),
      pass: `no node of the target waits much longer for a page from disk: ${sides.map(side => `${side} ${medianWords(measured[side])}`).join(', ')}`,
    });
  },
});

/** What a page from disk takes at least, but for a quarter of them; undefined when they came from memory, or were too few. */
function diskMs({ counted, reads }: Reads): number | undefined {
  const outside = counted ? (reads ?? []).filter(([, missed]) => missed > 0).map(([ms]) => ms) : [];
  const quarter = outside.sort((a, b) => a - b)[outside.length >> 2];
  return quarter !== undefined && quarter >= cachedMs && outside.length >= fewestReads ? quarter : undefined;
}

function measuredOf({ node, role, answer }: Answered<Reads>): Measured[] {
  const ms = diskMs(answer);
  return ms === undefined ? [] : [{ node, role, ms }];
}

/** A coordinator without tables of its own is none to read from; a side without any is. */
function unseen(side: Side, nodes: readonly Answered<Reads>[]): CheckUnknown[] {
  const having = nodes.filter(({ answer }) => answer.table !== null);
  if (nodes.length > 0 && having.length === 0)
    return [{ what: `${side}: no node has a table of 8 MB or more, by its statistics, that the role may read` }];
  return having.flatMap(({ node, answer }) => {
    if (!answer.counted)
      return [{ what: 'track_counts is off: pages in shared buffers cannot be told from others', node }];
    return diskMs(answer) === undefined ? [{ what: `the disk was not seen: ${pagesWords(answer)}`, node }] : [];
  });
}

function pagesWords({ table, bytes, reads }: Reads): string {
  const all = reads ?? [];
  const cached = all.filter(([ms, missed]) => missed > 0 && ms < cachedMs).length;
  const hits = all.filter(([, missed]) => missed === 0).length;
  return `of ${formatCount(all.length)} pages of ${table} (${formatBytes(bytes ?? 0)}) ${formatCount(hits)} were in shared buffers, ${formatCount(cached)} in the system's page cache`;
}

/** Where the disk was not seen, what is unknown says the rest. */
function figures(side: Side, { node, answer }: Answered<Reads>): string[] {
  if (answer.table === null) return [`${side} ${node}: no table of 8 MB or more to read from`];
  const ms = diskMs(answer);
  return ms === undefined ? [] : [`${side} ${node}: ${formatMs(ms)} from disk; ${pagesWords(answer)}`];
}

export const probeReadsChecks: readonly Check[] = [reads];
