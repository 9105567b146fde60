import { quoted } from '../../plan/causes/relations';
import { formatCount } from '../../shared/format';
import { type Answered, answered, unanswered } from '../answers';
import { type Check, type CheckDifference, type CheckRemedyStep, type CheckUnknown, defineCheck } from '../check';
import { conclude } from '../conclude';
import { literal } from '../literal';
import { coordinatorOf, nodeNames } from '../nodes';
import { type MaximaAnswer, type SequenceAnswer, sequences, shardMaxima } from './sequences-sql';

const behind = defineCheck({
  id: 'sequences.behind',
  group: 'sequences',
  title: 'Sequences behind their columns',
  question: 'Is every sequence of the target past the largest value of the column that it fills?',
  why: 'Logical replication and some copies leave sequences where they were: the next INSERT fails with a duplicate key.',
  reference: 'PostgreSQL documentation, "Logical Replication: Restrictions"; dimitri/pgcopydb#513',
  severity: 'critical',
  sides: ['target'],
  queries: { sequences, maxima: shardMaxima },
  judge({ target }) {
    const nodes = answered(target.answers.sequences);
    const maxima = answered(target.answers.maxima);
    const own = coordinatorOf(nodes);
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const unknown: CheckUnknown[] = unanswered(target.answers.sequences, target.answers.maxima);
    const remarks: string[] = [];
    const isWhole = maxima.length === nodeNames(target).length && maxima.every(({ answer }) => answer.more === 0);
    for (const sequence of own?.answer.sequences ?? []) {
      const { furthest, isRead } = sequence.distributed
        ? inShards(sequence, maxima)
        : { furthest: sequence.furthest, isRead: true };
      const gap = gapOf(sequence, isRead && isWhole, target.user);
      if (isBehind(sequence, furthest)) {
        const of = `${sequence.tableSchema}.${sequence.table}.${sequence.column}`;
        differences.push({
          what: `${sequence.schema}.${sequence.name} behind ${of}`,
          target: `sequence at ${sequence.last}, column at ${furthest}`,
        });
        remedies.push(advance(own!.node, sequence, furthest!));
      } else if (gap) unknown.push(gap);
    }
    const more = own?.answer.more ?? 0;
    if (more > 0) unknown.push({ what: `${formatCount(more)} more sequences were not looked at` });
    if (own?.answer.sequences.some(({ distributed }) => distributed))
      remarks.push('values that workers give out themselves come from ranges of their own, which were not looked at');
    return conclude({
      differences,
      remedies: remedies.length > 0 ? [{ ...remedies[0]!, ...joined(remedies) }] : [],
      unknown,
      remarks,
      pass: passWords(own?.answer.sequences.length ?? 0),
    });
  },
});

/** Over the shards of all nodes that answered. */
function inShards(
  { tableSchema, table, column }: SequenceAnswer,
  maxima: readonly Answered<MaximaAnswer>[],
): { furthest: string | null; isRead: boolean } {
  const found = maxima.flatMap(({ answer }) =>
    answer.columns.filter(each => each.schema === tableSchema && each.table === table && each.column === column),
  );
  const values = found.flatMap(({ furthest }) => (furthest === null ? [] : BigInt(furthest)));
  const furthest = values.reduce<bigint | null>((most, value) => (most === null || value > most ? value : most), null);
  return {
    furthest: furthest?.toString() ?? null,
    isRead: found.length > 0 && found.every(({ unread }) => unread === 0),
  };
}

function passWords(sequences: number): string {
  if (sequences === 0) return 'no sequence fills a column';
  return sequences === 1
    ? 'the one sequence is past its column'
    : `${formatCount(sequences)} sequences are past their columns`;
}

function isBehind({ last, increment }: SequenceAnswer, furthest: string | null): boolean {
  if (last === null || furthest === null) return false;
  return increment.startsWith('-') ? BigInt(furthest) < BigInt(last) : BigInt(furthest) > BigInt(last);
}

/** Why it cannot be said that the sequence is far enough. */
function gapOf(sequence: SequenceAnswer, isRead: boolean, user: string): CheckUnknown | undefined {
  const { schema, name, tableSchema, table, column, readable, tableReadable, indexed, locked, distributed } = sequence;
  const what = `${schema}.${name}`;
  if (!readable)
    return {
      what: `${what}: this role may not read it`,
      grant: `GRANT SELECT ON SEQUENCE ${quoted(schema, name)} TO ${quoted(user)}`,
    };
  const from = `${tableSchema}.${table}.${column}`;
  if (!tableReadable)
    return {
      what: `${what}: this role may not read ${from}`,
      grant: `GRANT SELECT ON ${quoted(tableSchema, table)} TO ${quoted(user)}`,
    };
  if (locked) return { what: `${what}: somebody has locked it or ${tableSchema}.${table}` };
  if (!indexed)
    return { what: `${what}: no index begins with ${from}, so that its largest value would take a scan of the table` };
  if (distributed && !isRead) return { what: `${what}: not every shard of ${tableSchema}.${table} was read` };
  return undefined;
}

function advance(node: string, { schema, name, last, increment }: SequenceAnswer, furthest: string): CheckRemedyStep {
  const sequence = literal(quoted(schema, name));
  return {
    side: 'target',
    nodes: [node],
    sql: `SELECT setval(${sequence}, ${furthest});`,
    lock: 'none',
    // By its next value: one that was never used has no last one within its bounds.
    rollback: `SELECT setval(${sequence}, ${BigInt(last!) + BigInt(increment)}, false);`,
    verify: 'Run this check again, with writes to the target stopped.',
  };
}

/** One script for all sequences. */
function joined(steps: readonly CheckRemedyStep[]): Pick<CheckRemedyStep, 'sql' | 'rollback'> {
  return { sql: steps.map(({ sql }) => sql).join('\n'), rollback: steps.map(({ rollback }) => rollback).join(' ') };
}

export const sequenceChecks: readonly Check[] = [behind];
