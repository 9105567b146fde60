/** Number 67 of the list. */
import { quoted } from '../../plan/causes/relations';
import { formatCount } from '../../shared/format';
import { sides } from '../../shared/side';
import { answered, unanswered } from '../answers';
import { type Check, type CheckDifference, type CheckRemedyStep, type CheckUnknown, defineCheck } from '../check';
import { conclude } from '../conclude';
import { literal } from '../literal';
import { coordinatorOf } from '../nodes';
import { type SpreadTable, tableSpreads } from './tables-sql';

const tables = defineCheck({
  id: 'topology.tables',
  group: 'topology',
  title: 'Distribution of tables',
  question:
    'Is every table distributed on the target as on the source: by which column, in how many shards, together with which others?',
  why: 'Joins and foreign keys run on one node only where tables are colocated; a table that stayed local, or is distributed by another column, makes other plans or errors of the same statements.',
  reference: 'Citus documentation, "Choosing Distribution Column", "Table Co-Location" and "alter_distributed_table"',
  severity: 'high',
  sides,
  queries: { spreads: tableSpreads },
  judge({ source, target }) {
    const from = coordinatorOf(answered(source.answers.spreads));
    const to = coordinatorOf(answered(target.answers.spreads));
    const unknown: CheckUnknown[] = unanswered(source.answers.spreads, target.answers.spreads);
    const differences: CheckDifference[] = [];
    const remarks: string[] = [];
    const steps: CheckRemedyStep[] = [];
    if (from && to) {
      const there = new Map(to.answer.tables.map(table => [keyOf(table), table]));
      const plain = new Set(to.answer.plain.map(([schema, name]) => quoted(schema, name)));
      const moved = colocations(from.answer.tables, there);
      let absent = 0;
      for (const table of from.answer.tables) {
        const key = keyOf(table);
        const other = there.get(key);
        if (!other && !plain.has(key)) absent++;
        else
          for (const { what, before, after, sql, rollback } of changesOf(table, other, moved.has(key))) {
            differences.push({ what: `${table.schema}.${table.name}: ${what}`, source: before, target: after });
            if (sql !== '') steps.push(step(to.node, sql, rollback));
          }
      }
      for (const [key, { table, leader }] of moved) {
        const first = `${leader.schema}.${leader.name}`;
        differences.push({
          what: `${table.schema}.${table.name}: colocation`,
          source: `with ${first}`,
          target: `not with ${first}`,
        });
        const call = (value: string) =>
          `SELECT alter_distributed_table(${literal(key)}, colocate_with := ${literal(value)});`;
        steps.push(step(to.node, call(keyOf(leader)), call('none')));
      }
      if (absent > 0) remarks.push(`${formatCount(absent)} distributed tables of the source are not on the target`);
      const added = to.answer.tables.filter(table =>
        from.answer.plain.some(names => quoted(...names) === keyOf(table)),
      );
      if (added.length > 0) remarks.push(`local on the source, known to Citus on the target: ${namesOf(added)}`);
      const schemas = [from.answer.schemas ?? [], to.answer.schemas ?? []].map(names => names.join(', ') || 'none');
      if (schemas[0] !== schemas[1]) remarks.push(`distributed schemas: source ${schemas[0]}, target ${schemas[1]}`);
      for (const { node, answer } of [from, to])
        if (answer.more > 0) unknown.push({ what: `${formatCount(answer.more)} tables are not listed`, node });
    }
    return conclude({
      differences,
      remedies: steps,
      remarks,
      unknown,
      pass:
        from && to
          ? `${formatCount(from.answer.tables.length)} tables are distributed alike`
          : 'only one side has Citus, or none',
    });
  },
});

interface Change {
  what: string;
  before: string;
  after: string;
  /** Empty where Citus has no command for it. */
  sql: string;
  rollback: string;
}

function keyOf({ schema, name }: SpreadTable): string {
  return quoted(schema, name);
}

function namesOf(all: readonly SpreadTable[]): string {
  const names = all.slice(0, 10).map(({ schema, name }) => `${schema}.${name}`);
  return `${names.join(', ')}${all.length > 10 ? ` and ${all.length - 10} more` : ''}`;
}

/**
 * What a table became on the target, and what makes it what it is on the source.
 * @param moved to another group, which brings its number of shards along
 */
function changesOf(table: SpreadTable, other: SpreadTable | undefined, moved: boolean): Change[] {
  const name = literal(keyOf(table));
  if (!other || table.kind !== other.kind) {
    if (table.kind === 'citus local') return [];
    const undo = `SELECT undistribute_table(${name});`;
    const first = other && other.kind !== 'citus local' ? `${undo}\n` : '';
    const create = table.kind === 'reference' ? `SELECT create_reference_table(${name});` : distribute(table);
    return [
      {
        what: 'kind',
        before: kindWords(table),
        after: other ? kindWords(other) : 'a local table',
        sql: `${first}${create}`,
        rollback: undo,
      },
    ];
  }
  const changes: Change[] = [];
  const alter = (what: string, before: string, after: string, call: (value: string) => string) =>
    changes.push({ what, before, after, sql: `SELECT ${call(before)};`, rollback: `SELECT ${call(after)};` });
  const note = (what: string, before: string, after: string) =>
    changes.push({ what, before, after, sql: '', rollback: '' });
  if (table.column !== other.column)
    alter('distribution column', table.column ?? 'none', other.column ?? 'none', value => {
      return `alter_distributed_table(${name}, distribution_column := ${literal(value)})`;
    });
  if (table.kind === 'distributed' && table.shards !== other.shards && moved)
    note('shards', String(table.shards), String(other.shards));
  else if (table.kind === 'distributed' && table.shards !== other.shards)
    alter('shards', String(table.shards), String(other.shards), value => {
      return `alter_distributed_table(${name}, shard_count := ${value}, cascade_to_colocated := true)`;
    });
  if (table.method !== other.method && table.method !== null && other.method !== null)
    alter('access method', table.method, other.method, value => {
      return `alter_table_set_access_method(${name}, ${literal(value)})`;
    });
  if (table.kind === 'distributed' && table.replicas !== other.replicas)
    note('replication factor', String(table.replicas), String(other.replicas));
  if (table.columnType !== other.columnType)
    note('type of the distribution column', table.columnType ?? 'none', other.columnType ?? 'none');
  return changes;
}

function distribute(table: SpreadTable): string {
  const name = literal(keyOf(table));
  return table.kind === 'distributed'
    ? `SELECT create_distributed_table(${name}, ${literal(table.column ?? '')}, shard_count := ${table.shards});`
    : `SELECT create_distributed_table(${name}, NULL, colocate_with := 'none');`;
}

function kindWords({ kind, column, shards }: SpreadTable): string {
  return kind === 'distributed' ? `distributed by ${column} in ${shards} shards` : kind;
}

/** What stands together on the source must do so on the target, wherever that is: tables to move, by name. */
function colocations(
  from: readonly SpreadTable[],
  there: ReadonlyMap<string, SpreadTable>,
): Map<string, { table: SpreadTable; leader: SpreadTable }> {
  const leaders = new Map<number, SpreadTable>();
  const moved = new Map<string, { table: SpreadTable; leader: SpreadTable }>();
  for (const table of from) {
    const other = there.get(keyOf(table));
    if (table.kind !== 'distributed' || other?.kind !== 'distributed') continue;
    const leader = leaders.get(table.colocation);
    if (!leader) leaders.set(table.colocation, other);
    else if (leader.colocation !== other.colocation) moved.set(keyOf(table), { table, leader });
  }
  return moved;
}

function step(node: string, sql: string, rollback: string): CheckRemedyStep {
  return {
    side: 'target',
    nodes: [node],
    sql,
    lock: 'ACCESS EXCLUSIVE on the table while all of it is copied: nobody reads or writes it',
    rollback,
    verify: 'SELECT * FROM citus_tables;',
  };
}

export const topologyTablesChecks: readonly Check[] = [tables];
