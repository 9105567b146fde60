/** Number 42 of the list, and what else but an index keeps what an order of text once said. */
import { quoted } from '../../plan/causes/relations';
import { formatCount } from '../../shared/format';
import { type Side, sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import { type Check, type CheckDifference, type CheckRemedyStep, type CheckUnknown, defineCheck } from '../check';
import { conclude } from '../conclude';
import { literal } from '../literal';
import { coordinatorOf, joinSteps, valueOn } from '../nodes';
import { type CollationDependent, type CollationDependents, collationDependents } from './dependents-sql';

const dependents = defineCheck({
  id: 'locale.dependents',
  group: 'locale',
  title: 'What else keeps the order of a collation',
  question:
    'Which CHECK constraints, generated columns, partitions, partial indexes and materialized views were computed under another version of their collation?',
  why: 'They keep what the old order or case said: rows that their CHECK refuses now, or that lie in a partition where nobody looks for them. No REINDEX mends it.',
  reference: 'PostgreSQL documentation, "ALTER COLLATION: Notes" and "Collation Support: Managing Collations"',
  severity: 'high',
  sides,
  queries: { dependents: collationDependents },
  judge({ source, target }) {
    const both = { source: answered(source.answers.dependents), target: answered(target.answers.dependents) };
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const unknown: CheckUnknown[] = unanswered(source.answers.dependents, target.answers.dependents);
    for (const side of sides)
      for (const found of both[side]) {
        const { node, answer } = found;
        for (const dependent of answer.dependents)
          differences.push({
            what: nameOf(dependent),
            node,
            ...valueOn(side, `computed by ${dependent.collations.join(', ')}`),
          });
        remedies.push(...steps(side, found, coordinatorOf(both[side])?.node ?? node));
        if (answer.more > 0) unknown.push({ what: `${formatCount(answer.more)} more are not listed`, node });
      }
    return conclude({
      differences,
      remedies: joinSteps(remedies),
      unknown,
      remarks:
        differences.length > 0
          ? [
              'a function that reads or compares text inside is not looked into; functions of users and extensions count',
            ]
          : [],
      pass: 'nothing was computed under another version of a collation',
    });
  },
});

const words: Readonly<Record<CollationDependent['kind'], string>> = {
  check: 'CHECK',
  domain: 'CHECK',
  generated: 'generated column',
  matview: 'materialized view',
  partition: 'partition',
  predicate: 'predicate of index',
};

function nameOf({ kind, schema, name, part }: CollationDependent): string {
  const of = `${schema}.${name}`;
  if (kind === 'matview') return `${words[kind]} ${of}`;
  if (kind === 'partition') return `${words[kind]} ${of} of ${part}`;
  return `${words[kind]} ${part} of ${kind === 'domain' ? 'domain ' : ''}${of}`;
}

interface Mending {
  lock: string;
  rollback: string;
  sql(dependent: CollationDependent): string[];
}

const nothing = 'Nothing needs to be taken back.';

/** Looks first: what it counts must be corrected by who knows the rows. */
const mendings: Readonly<Record<CollationDependent['kind'], Mending>> = {
  check: {
    lock: 'ACCESS SHARE: the table is read through, and nobody waits',
    rollback: nothing,
    sql: ({ schema, name, expression }) => [
      `SELECT count(*) AS refused_now FROM ${quoted(schema, name)} WHERE NOT (${expression});`,
    ],
  },
  domain: {
    lock: 'none',
    rollback: nothing,
    sql: ({ schema, name }) => [
      `SELECT attrelid::regclass AS look_into, attname FROM pg_attribute WHERE atttypid = ${literal(quoted(schema, name))}::regtype;`,
    ],
  },
  generated: {
    lock: 'ROW EXCLUSIVE, and each row that changes; other writers of these rows wait',
    rollback: 'There is none: the values follow from the other columns.',
    sql: recompute,
  },
  predicate: {
    lock: 'SHARE UPDATE EXCLUSIVE: DDL and VACUUM of the table wait; not inside a transaction. Without CONCURRENTLY, which an exclusion constraint does not take, writes wait',
    rollback: nothing,
    sql: ({ schema, part, exclusion }) => [
      `REINDEX INDEX ${exclusion ? '' : 'CONCURRENTLY '}${quoted(schema, part!)};`,
    ],
  },
  matview: {
    lock: 'ACCESS EXCLUSIVE on the view while it is filled; CONCURRENTLY, with a unique index on it, lets readers go on',
    rollback: nothing,
    sql: ({ schema, name }) => [`REFRESH MATERIALIZED VIEW ${quoted(schema, name)};`],
  },
  partition: {
    lock: 'ROW EXCLUSIVE on both tables, and each row that moves',
    rollback: 'Nothing needs to be taken back: a row lies where the partition bounds now send it.',
    sql: dependent => [...misplaced(dependent), ...moveMisplaced(dependent)],
  },
};

/** Only what is set has the columns that depend on it computed again: a generated column SET TO DEFAULT is not. */
function recompute({ schema, name, part, expression, columns }: CollationDependent): string[] {
  const wrong = `${quoted(part!)} IS DISTINCT FROM (${expression})`;
  const [column] = columns ?? [];
  if (column === undefined)
    return [`SELECT * FROM ${quoted(schema, name)} WHERE ${wrong};`, '-- Insert these rows anew.'];
  return [`UPDATE ${quoted(schema, name)} SET ${quoted(column)} = ${quoted(column)} WHERE ${wrong};`];
}

function misplaced({ schema, name, expression }: CollationDependent): string[] {
  return [`SELECT count(*) AS misplaced FROM ${quoted(schema, name)} WHERE NOT (${expression});`];
}

/** Citus takes no such statement for tables of more than one shard. */
function moveMisplaced({ schema, name, part, expression, columns, spread }: CollationDependent): string[] {
  if (spread || !columns)
    return [
      '-- Rows that it counts: copy them to a table of their own, delete them here, insert them into the parent.',
    ];
  const list = columns.map(column => quoted(column)).join(', ');
  return [
    `WITH moved AS (DELETE FROM ${quoted(schema, name)} WHERE NOT (${expression}) RETURNING ${list}) INSERT INTO ${part} (${list}) OVERRIDING SYSTEM VALUE SELECT ${list} FROM moved;`,
  ];
}

function steps(side: Side, { node, answer }: Answered<CollationDependents>, coordinator: string): CheckRemedyStep[] {
  const expressed = answer.dependents.filter(
    ({ kind, expression }) => expression !== null || kind === 'matview' || kind === 'domain' || kind === 'predicate',
  );
  const kinds = Object.keys(mendings) as CollationDependent['kind'][];
  const groups = kinds.flatMap(kind =>
    [false, true].map(spread => expressed.filter(each => each.kind === kind && each.spread === spread)),
  );
  return groups.flatMap(group => {
    const [first] = group;
    if (!first) return [];
    const { kind, spread } = first;
    const { lock, rollback, sql } = mendings[kind];
    return {
      side,
      // Citus carries it to the shards.
      nodes: [spread ? coordinator : node],
      sql: group.flatMap(sql).join('\n'),
      lock,
      rollback,
      verify:
        'After locale.indexes is mended, too, run locale.collations, whose remedy records the versions; then this check.',
    };
  });
}

export const collationDependentChecks: readonly Check[] = [dependents];
