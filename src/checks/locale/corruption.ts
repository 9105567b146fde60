/** What was built under another order, or is damaged: numbers 36 and 40 of the list; 37 and 39 are for the diagnosis of duplicate keys. */
import * as z from 'zod/mini';
import { formatBytes, formatCount } from '../../shared/format';
import { sides } from '../../shared/side';
import { answered, unanswered } from '../answers';
import { type Check, type CheckDifference, type CheckQuery, type CheckUnknown, defineCheck } from '../check';
import { conclude } from '../conclude';
import { maxIndexes, orderedIndexes } from '../duplicate-key/indexes-sql';
import { repairScript } from '../duplicate-key/script';
import { findIndexes } from '../duplicate-key/suspects';
import { valueOn } from '../nodes';

const staleIndexes = defineCheck({
  id: 'locale.indexes',
  group: 'locale',
  title: 'Indexes of another collation version',
  question:
    'Which indexes, on every node and shard, were made under another version of the collation that they sort by?',
  why: 'Such an index may miss rows and let duplicates in; its size says how long the repair takes.',
  reference:
    'PostgreSQL documentation, "ALTER COLLATION: Notes"; "Cutover: Diagnose Duplicate Key" proves it with amcheck',
  severity: 'critical',
  sides,
  queries: { indexes: orderedIndexes(undefined) },
  judge({ source, target }) {
    const both = { source, target };
    const differences: CheckDifference[] = [];
    const remarks: string[] = [];
    const unknown: CheckUnknown[] = unanswered(source.answers.indexes, target.answers.indexes);
    const remedies = sides.flatMap(side =>
      answered(both[side].answers.indexes).flatMap(found => {
        const indexes = findIndexes([], [found]);
        const stale = indexes.filter(({ suspect }) => suspect.why === 'stale');
        const { node, answer } = found;
        for (const { suspect } of stale)
          differences.push({
            what: `index ${suspect.schema}.${suspect.index} sorts by ${suspect.collations.join(', ')}`,
            node,
            ...valueOn(side, suspect.bytes === null ? 'locked' : formatBytes(suspect.bytes)),
          });
        if (stale.length > 0 && answer.more > 0)
          unknown.push({
            what: `${formatCount(answer.more)} more indexes, beyond ${maxIndexes}, were not looked at`,
            node,
          });
        if (stale.length === 0 && indexes.length > 0)
          remarks.push(
            `${formatCount(indexes.length + answer.more)} indexes on ${node} sort by a collation of libc or ICU`,
          );
        const sql = repairScript(node, stale, [], 0);
        return sql === undefined
          ? []
          : {
              side,
              nodes: [node],
              sql,
              lock: 'as each step says',
              rollback: 'As each step says.',
              verify: 'Run locale.collations, whose remedy records the versions, then this check.',
            };
      }),
    );
    return conclude({ differences, unknown, remarks, remedies, pass: 'no index is of another collation version' });
  },
});

const checksumsSchema = z.strictObject({
  enabled: z.boolean(),
  failures: z.nullable(z.number()),
  last: z.nullable(z.string()),
  ignored: z.boolean(),
});
const checksumFailures: CheckQuery<z.infer<typeof checksumsSchema>> = {
  name: 'checksumFailures',
  nodes: 'every',
  sql: () => `SELECT json_build_object('enabled', current_setting('data_checksums') = 'on', 'ignored', EXISTS (
    SELECT FROM pg_settings WHERE name IN ('ignore_checksum_failure', 'zero_damaged_pages') AND setting = 'on'),
  'failures', sum(checksum_failures), 'last', to_char(max(checksum_last_failure) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'))
  FROM pg_stat_database WHERE datname = current_database() OR datid = 0`,
  answer: checksumsSchema,
};

const checksums = defineCheck({
  id: 'locale.checksum-failures',
  group: 'locale',
  title: 'Damaged pages',
  question: 'Has any node read a page whose checksum was wrong, or been told to pass over such pages?',
  why: 'A damaged page is copied as it is by a physical copy, and ends a logical one. Counted since the statistics were reset.',
  reference: 'PostgreSQL documentation, "pg_stat_database: checksum_failures" and "Developer Options"',
  severity: 'critical',
  sides,
  queries: { checksums: checksumFailures },
  judge({ source, target }) {
    const found = sides.flatMap(side =>
      answered({ source, target }[side].answers.checksums).map(each => ({ side, ...each })),
    );
    const differences = found.flatMap(({ side, node, answer: { failures, last, ignored } }): CheckDifference[] => [
      ...(failures
        ? [{ what: 'pages with wrong checksums', node, ...valueOn(side, `${failures}, the last at ${last} UTC`) }]
        : []),
      ...(ignored
        ? [
            {
              what: 'damaged pages are passed over',
              node,
              ...valueOn(side, 'ignore_checksum_failure or zero_damaged_pages'),
            },
          ]
        : []),
    ]);
    const without = found.filter(({ answer }) => !answer.enabled).map(({ node }) => node);
    return conclude({
      differences,
      unknown: unanswered(source.answers.checksums, target.answers.checksums),
      remarks: without.length > 0 ? [`no data checksums, so that nobody would notice: ${without.join(', ')}`] : [],
      pass: 'no page with a wrong checksum was read',
    });
  },
});

export const corruptionChecks: readonly Check[] = [staleIndexes, checksums];
