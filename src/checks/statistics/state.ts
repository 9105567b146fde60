/** Numbers 61, 63, 64 and 65 of the list, beyond `statistics.never-analyzed`. */
import * as z from 'zod/mini';
import { formatCount, formatShare } from '../../shared/format';
import { eachSide, sides } from '../../shared/side';
import { answered, unanswered } from '../answers';
import { type Check, type CheckDifference, type CheckQuery, type CheckRemedyStep, defineCheck } from '../check';
import { conclude } from '../conclude';
import { coordinatorOf, joinSteps, valueOn } from '../nodes';
import { scriptOf } from '../tables/sizes';
import { staleShare, statesUnknown, type TableTotal, tableStates, tableTotals } from '../tables/state';

const stale = defineCheck({
  id: 'statistics.stale',
  group: 'statistics',
  title: 'Stale statistics',
  question: 'Has any table or shard of the target changed much since it was analysed?',
  why: 'The planner reckons with what was there then; a shard that grew since gets a plan for a small one.',
  reference: 'PostgreSQL documentation, "Updating Planner Statistics" and "pg_stat_all_tables: n_mod_since_analyze"',
  severity: 'medium',
  sides,
  queries: { states: tableStates },
  judge({ source, target }) {
    const nodes = answered(target.answers.states);
    const words = ({ spread, stale: shards, stored, staleRows }: TableTotal) =>
      `${formatCount(staleRows)} rows changed since, more than ${formatShare(staleShare)} of ${spread === null ? 'it' : `each of ${shards} of ${stored} shards`}`;
    const found = [...tableTotals(nodes).values()].filter(table => table.stale > 0);
    const before = [...tableTotals(answered(source.answers.states)).values()].filter(table => table.stale > 0);
    return conclude({
      differences: found.map(table => ({ what: `${table.words}: statistics are stale`, target: words(table) })),
      remedies: scriptOf('target', coordinatorOf(nodes)?.node, found, {
        command: 'ANALYZE',
        lock: 'nobody reads or writes any slower; DDL and VACUUM of the table wait',
      }),
      unknown: statesUnknown(source.answers.states, target.answers.states),
      remarks: before.map(table => `source: ${table.words}: ${words(table)}`),
      pass: 'no table of the target changed much since it was analysed',
    });
  },
});

/** 8 MB: below, an index-only scan that has to look into the table does not tell. */
const visibilityPages = 1_024;
const visibilityGap = 0.3;

const visibility = defineCheck({
  id: 'statistics.visibility',
  group: 'statistics',
  title: 'Visibility map',
  question: 'Are the large tables of the target known to be visible to all, as they are on the source?',
  why: 'An index-only scan looks into the table for every row of a page that is not: after a copy none is until the first VACUUM, and the planner takes other plans.',
  reference: 'PostgreSQL documentation, "Index-Only Scans and Covering Indexes" and "Visibility Map"',
  severity: 'medium',
  sides,
  queries: { states: tableStates },
  judge({ source, target }) {
    const nodes = answered(target.answers.states);
    const there = tableTotals(answered(source.answers.states));
    const share = ({ visiblePages, pages }: TableTotal) => (pages > 0 ? visiblePages / pages : 1);
    const found = [...tableTotals(nodes)].flatMap(([key, table]) => {
      const from = there.get(key);
      if (!from || table.pages < visibilityPages || share(from) - share(table) <= visibilityGap) return [];
      return [{ table, from }];
    });
    return conclude({
      differences: found.map(({ table, from }) => ({
        what: `${table.words}: pages known to be all-visible`,
        source: formatShare(share(from)),
        target: formatShare(share(table)),
      })),
      remedies: scriptOf(
        'target',
        coordinatorOf(nodes)?.node,
        found.map(({ table }) => table),
        {
          command: 'VACUUM (ANALYZE)',
          lock: 'nobody reads or writes any slower; DDL and another VACUUM of the table wait',
        },
      ),
      unknown: statesUnknown(source.answers.states, target.answers.states),
      pass: 'the visibility map of the target is as good as that of the source',
    });
  },
});

const freezeSchema = z.strictObject({
  database: z.string(),
  databases: z.array(z.strictObject({ name: z.string(), xids: z.number(), multixacts: z.number() })),
  maxAge: z.number(),
  multixactMaxAge: z.number(),
});

const freezeAges: CheckQuery<z.infer<typeof freezeSchema>> = {
  name: 'freezeAges',
  nodes: 'every',
  sql: () => `SELECT json_build_object('database', current_database(),
  'maxAge', current_setting('autovacuum_freeze_max_age')::bigint,
  'multixactMaxAge', current_setting('autovacuum_multixact_freeze_max_age')::bigint,
  'databases', (SELECT json_agg(d) FROM (SELECT datname AS name, age(datfrozenxid) AS xids, mxid_age(datminmxid) AS multixacts
     FROM pg_database ORDER BY greatest(age(datfrozenxid), mxid_age(datminmxid)) DESC LIMIT 50) AS d))`,
  answer: freezeSchema,
};

/** Past its own limit autovacuum starts even where it is off; twice that and it does not keep up. */
const overdue = 2;

const freeze = defineCheck({
  id: 'statistics.freeze',
  group: 'statistics',
  title: 'Age of transaction ids',
  question: 'Is every database of every node frozen long before its transaction ids run out?',
  why: 'At 2 billion a server stops taking writes. Before that, vacuums against the wraparound start on their own: not on the day of a cut-over.',
  reference: 'PostgreSQL documentation, "Preventing Transaction ID Wraparound Failures"',
  severity: 'high',
  sides,
  queries: { ages: freezeAges },
  judge({ source, target }) {
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const remarks: string[] = [];
    for (const [side, { answers }] of eachSide({ source, target })) {
      for (const { node, answer } of answered(answers.ages)) {
        for (const { name, xids, multixacts } of answer.databases) {
          const ages = `${formatCount(xids)} transactions, ${formatCount(multixacts)} multixacts`;
          if (xids <= overdue * answer.maxAge && multixacts <= overdue * answer.multixactMaxAge) {
            if (xids > answer.maxAge) remarks.push(`${side}: ${name} on ${node} is about to be vacuumed: ${ages}`);
            continue;
          }
          differences.push({ what: `age of database ${name}`, node, ...valueOn(side, ages) });
          if (name === answer.database)
            remedies.push({
              side,
              nodes: [node],
              sql: 'VACUUM (FREEZE);',
              lock: 'nobody waits but DDL and other VACUUMs; it reads and writes much',
              rollback: 'Nothing needs to be taken back.',
              verify:
                'SELECT datname, age(datfrozenxid) FROM pg_database; where it stays old, something holds it: see operations.transactions.',
            });
          else remarks.push(`${side}: VACUUM (FREEZE) in database ${name} of ${node} makes it young again`);
        }
      }
    }
    return conclude({
      differences,
      remedies: joinSteps(remedies),
      remarks,
      unknown: unanswered(source.answers.ages, target.answers.ages),
      pass: 'every database was frozen in time',
    });
  },
});

export const statisticsStateChecks: readonly Check[] = [stale, visibility, freeze];
