/** Of number 79 of the list what no catalog shows: how fast a node writes temporary files and reads them back. */
import * as z from 'zod/mini';
import { formatBytes, formatMs } from '../../shared/format';
import { type Side, sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import { type Check, type CheckQuery, type CheckUnknown, defineCheck } from '../check';
import { conclude } from '../conclude';
import { cpuSpeed } from './cpu-speed';
import { type Gate, judgeSlower, type Measured, probeGroup } from './figures';

const temporarySchema = z.strictObject({
  /** null: temp_file_limit forbids it. */
  ms: z.nullable(z.number()),
  tablespaces: z.string(),
});
type Temporary = z.infer<typeof temporarySchema>;

const row = { bytes: 8_192, count: 4_096 };
const bytes = row.bytes * row.count;
/** One after another; none is begun after so long. */
const sorts = 3;
const longestSeconds = 1;

/** A multiple of work_mem that one merge puts together, so that all of it is written once and read once. */
const workMem = '8MB';

/** Planned when it is called, under {@link workMem}. No clock is read before the sum is there. */
const sorted = `SELECT min(ms) AS ms FROM (SELECT CASE WHEN total IS NOT NULL THEN 1000 * extract(epoch FROM clock_timestamp() - began)::float8 END AS ms
  FROM (SELECT began, (SELECT sum(octet_length(filler))
                         FROM (SELECT filler FROM (SELECT n * 7919 % ${row.count} AS key, repeat(''x'', ${row.bytes}) AS filler
                                                     FROM generate_series(1, ${row.count}) AS n WHERE began IS NOT NULL OFFSET 0) AS input
                               ORDER BY key OFFSET 0) AS sorted) AS total
          FROM (SELECT clock_timestamp() AS began FROM generate_series(1, ${sorts})
                 WHERE clock_timestamp() < (SELECT clock_timestamp() + interval ''${longestSeconds} s'') OFFSET 0) AS start
        OFFSET 0) AS work OFFSET 0) AS times`;

const temporaryFiles: CheckQuery<Temporary> = {
  name: 'probeTemporaryFiles',
  nodes: 'every',
  // work_mem is as before for what is asked next.
  sql: () => `SELECT json_build_object('tablespaces', current_setting('temp_tablespaces'),
    'ms', CASE WHEN answer IS NOT NULL AND set_config('work_mem', former, true) IS NOT NULL
               THEN substring(answer FROM '<ms>(.*)</ms>')::float8 END)
  FROM (SELECT former, CASE WHEN room AND set_config('work_mem', '${workMem}', true) IS NOT NULL
                            THEN query_to_xml('${sorted}', false, true, '')::text END AS answer
          FROM (SELECT current_setting('work_mem') AS former, setting::bigint = -1 OR setting::bigint > ${Math.ceil((2 * bytes) / 1024)} AS room
                  FROM pg_settings WHERE name = 'temp_file_limit' OFFSET 0) AS start
        OFFSET 0) AS work`,
  answer: temporarySchema,
};

const gate: Gate = { ratio: 2, ms: 250 };

const temporary = defineCheck({
  id: 'probe.temporary-files',
  group: probeGroup,
  onRequest: true,
  title: 'Temporary files',
  question: `Does no node of the target take ${gate.ratio} times as long as the source, and ${gate.ms} ms more, to sort ${formatBytes(bytes)} through a temporary file?`,
  why: 'Sorts, hashes and index builds that exceed work_mem go through temporary files; on a slow, shared or network disk they become what a statement waits for.',
  reference: `Measured: ${formatBytes(bytes)} written once and read once with work_mem = ${workMem}, the shortest of ${sorts}. So little stays in the system's page cache, as it does for most statements: a slow device shows only where the system is short of memory, or writes through`,
  severity: 'low',
  sides,
  queries: { cpu: cpuSpeed, temporary: temporaryFiles },
  judge({ source, target }) {
    const nodes = { source: answered(source.answers.temporary), target: answered(target.answers.temporary) };
    const measured = { source: measuredOf(nodes.source), target: measuredOf(nodes.target) };
    const cpu = answered(target.answers.cpu);
    const work = `sorting ${formatBytes(bytes)} through a temporary file`;
    const judged = judgeSlower(measured, { gate, work, cpu });
    return conclude({
      differences: judged.differences,
      unknown: [
        ...unanswered(source.answers.temporary, target.answers.temporary),
        ...sides.flatMap(side => nodes[side].filter(({ answer }) => answer.ms === null).map(forbidden)),
        ...judged.unknown,
      ],
      remarks: sides.flatMap(side => nodes[side].map(found => figures(side, found))),
      pass: `no node of the target takes much longer to sort ${formatBytes(bytes)} through a temporary file`,
    });
  },
});

function measuredOf(nodes: readonly Answered<Temporary>[]): Measured[] {
  return nodes.flatMap(({ node, role, answer: { ms } }) => (ms === null ? [] : [{ node, role, ms }]));
}

function forbidden({ node }: Answered<Temporary>): CheckUnknown {
  return { what: `temp_file_limit leaves no room for ${formatBytes(2 * bytes)}`, node };
}

function figures(side: Side, { node, answer: { ms, tablespaces } }: Answered<Temporary>): string {
  const place = tablespaces === '' ? '' : ` in ${tablespaces}`;
  return `${side} ${node}: ${ms === null ? '–' : formatMs(ms)}${place}`;
}

export const probeTemporaryFilesChecks: readonly Check[] = [temporary];
