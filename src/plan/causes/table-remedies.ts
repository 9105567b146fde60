import type { Remedy, RemedyStep } from '../../shared/diagnosis';
import type { PlanNode } from '../model';
import type { IndexFacts, RelationFacts } from './facts';
import { quoted } from './relations';
import type { CauseContext } from './rule';
import { hasWorkers } from './setting-facts';

/** SQL that mends a table, shown and never run. */

const concurrentLock =
  'SHARE UPDATE EXCLUSIVE on the table: reads and writes go on; it waits for open transactions, other DDL and VACUUM wait for it. Not inside a transaction block.';

/** The faster side's index for the slower side, under another name where its own is taken. */
export function createIndex(
  context: CauseContext,
  table: RelationFacts,
  { definition, name }: IndexFacts,
  taken: boolean,
  instead: string,
): Remedy {
  const newName = taken ? `${name}_of_${context.faster}` : name;
  // The index of a partitioned table cannot be built concurrently (PostgreSQL documentation, "CREATE INDEX").
  const isPartitioned = /^CREATE (?:UNIQUE )?INDEX .*? ON ONLY /i.test(definition);
  const unique = /^CREATE UNIQUE /i.test(definition) ? 'UNIQUE ' : '';
  const using = definition.slice(definition.search(/ USING /i));
  const kind = isPartitioned ? 'INDEX' : 'INDEX CONCURRENTLY';
  const step: RemedyStep = {
    on: 'coordinator',
    sql: `CREATE ${unique}${kind} ${quoted(newName)} ON ${quoted(table.schema, table.name)}${using};`,
    lock: isPartitioned ? 'SHARE on the table and its partitions: writes wait until it is built.' : concurrentLock,
    rollback: `DROP ${kind} ${quoted(table.schema, newName)};`,
  };
  const spread = hasWorkers(context, context.slower) ? ' Citus builds it on the shards of every worker.' : '';
  return {
    summary: `Create the index as the ${context.faster} has it.${spread}`,
    side: context.slower,
    steps: [step],
    verify: `pg_index says indisvalid for ${newName}, and EXPLAIN shows it in place of ${instead}.`,
  };
}

/** Shards are changed on their own worker, where Citus must be told that it is meant. */
export function createShardIndexes(
  { slower }: CauseContext,
  { schema, name, statistics }: RelationFacts,
  index: IndexFacts,
  workers: readonly string[],
): Remedy | undefined {
  const steps = workers.flatMap((worker): RemedyStep[] => {
    const shards = statistics.flatMap(({ node, shardId }) =>
      node === worker && shardId !== undefined ? [shardId] : [],
    );
    if (shards.length === 0) return [];
    const unique = /^CREATE UNIQUE /i.test(index.definition) ? 'UNIQUE ' : '';
    const using = index.definition.slice(index.definition.search(/ USING /i));
    const meant = 'SET citus.enable_manual_changes_to_shards = on;';
    const create = shards.map(
      shard =>
        `CREATE ${unique}INDEX CONCURRENTLY IF NOT EXISTS ${quoted(`${index.name}_${shard}`)} ON ${quoted(schema, `${name}_${shard}`)}${using};`,
    );
    const drop = shards.map(shard => `DROP INDEX CONCURRENTLY ${quoted(schema, `${index.name}_${shard}`)};`);
    return [
      {
        on: 'workers',
        sql: [`-- On ${worker} alone`, meant, ...create].join('\n'),
        lock: concurrentLock,
        rollback: [meant, ...drop].join('\n'),
      },
    ];
  });
  if (steps.length === 0) return undefined;
  return {
    summary: `Create the index ${index.name} on the shards that lack it.`,
    side: slower,
    steps,
    verify: `EXPLAIN shows ${index.name} in the tasks of every worker.`,
  };
}

export function rebuildIndex(context: CauseContext, { schema }: RelationFacts, index: IndexFacts): Remedy {
  return {
    summary: `Build the index ${index.name} again.`,
    side: context.slower,
    steps: [
      {
        on: 'coordinator',
        sql: `REINDEX INDEX CONCURRENTLY ${quoted(schema, index.name)};`,
        lock: concurrentLock,
        rollback: `Nothing needs to be undone. If it fails it leaves an invalid index ${index.name}_ccnew behind: DROP INDEX CONCURRENTLY ${quoted(schema, `${index.name}_ccnew`)};`,
      },
    ],
    verify: `SELECT indisvalid FROM pg_index WHERE indexrelid = '${quoted(schema, index.name).replaceAll("'", "''")}'::regclass is true, and EXPLAIN shows the index.`,
  };
}

/** On Citus the coordinator's ANALYZE reaches every shard (seen on 11.1 and 13.2). */
export function analyzeStep({ schema, name }: RelationFacts): RemedyStep {
  return {
    on: 'coordinator',
    sql: `ANALYZE ${quoted(schema, name)};`,
    lock: 'SHARE UPDATE EXCLUSIVE on the table: reads and writes go on; VACUUM and DDL wait.',
    rollback: 'Nothing needs to be undone: the new statistics replace the old ones.',
  };
}

export function analyzeRemedy({ slower }: CauseContext, tables: readonly RelationFacts[]): Remedy {
  const [first, ...others] = tables;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  const shards = tables.every(({ spread }) => spread === 'plain')
    ? ''
    : ' The coordinator analyses the shards on every worker.';
  return {
    summary: `Analyse ${first!.schema}.${first!.name}${more}.${shards}`,
    side: slower,
    steps: tables.map(analyzeStep),
    verify: 'Explain the statement again: estimated and found rows agree, and the plan is that of the other side.',
  };
}

export function vacuumRemedy({ slower }: CauseContext, table: RelationFacts): Remedy {
  const shards = table.spread === 'plain' ? '' : ' The coordinator vacuums the shards on every worker.';
  return {
    summary: `Vacuum ${table.schema}.${table.name}, which brings its visibility map up to date.${shards}`,
    side: slower,
    steps: [
      {
        on: 'coordinator',
        sql: `VACUUM (ANALYZE) ${quoted(table.schema, table.name)};`,
        lock: 'SHARE UPDATE EXCLUSIVE on the table: reads and writes go on; other VACUUM and DDL wait. Not inside a transaction block.',
        rollback: 'Nothing needs to be undone.',
      },
    ],
    verify:
      'EXPLAIN (ANALYZE) shows an index-only scan with few heap fetches. Rows that old transactions may still see stay: end those first.',
  };
}

/** More to know about the columns in a node's conditions: how they hang together, or, of one alone, more of its values. */
export function estimateRemedy({ slower }: CauseContext, table: RelationFacts, node: PlanNode): Remedy {
  const columns = conditionColumns(node);
  const name = `${table.name}_${columns.map(column => column.replace(/\W/g, '_')).join('_')}_stat`.slice(0, 63);
  const analyze = analyzeStep(table);
  const verify = 'Explain the statement again: estimated and found rows agree.';
  if (columns.length < 2) {
    const column = columns[0] === undefined ? [] : [raiseTarget(table, columns[0])];
    const more = column.length > 0 ? `Collect more values of ${columns[0]}` : 'Refresh the statistics';
    return { summary: `${more} in ${table.schema}.${table.name}.`, side: slower, steps: [...column, analyze], verify };
  }
  return {
    summary: `Let the planner know how ${columns.slice(0, 8).join(', ')} hang together.`,
    side: slower,
    steps: [
      {
        on: 'coordinator',
        sql: `CREATE STATISTICS ${quoted(table.schema, name)} ON ${columns
          .slice(0, 8)
          .map(column => quoted(column))
          .join(', ')} FROM ${quoted(table.schema, table.name)};`,
        lock: 'SHARE UPDATE EXCLUSIVE on the table: reads and writes go on.',
        rollback: `DROP STATISTICS ${quoted(table.schema, name)};`,
      },
      analyze,
    ],
    verify,
  };
}

/** Citus refuses ALTER COLUMN … SET STATISTICS (seen on 11.1 and 13.2): there the workers get a higher target for all columns. */
function raiseTarget({ schema, name, spread }: RelationFacts, column: string): RemedyStep {
  if (spread !== 'plain') {
    return {
      on: 'workers',
      sql: 'ALTER SYSTEM SET default_statistics_target = 1000;\nSELECT pg_reload_conf();',
      lock: 'none',
      rollback: 'ALTER SYSTEM RESET default_statistics_target;\nSELECT pg_reload_conf();',
    };
  }
  const alter = `ALTER TABLE ${quoted(schema, name)} ALTER COLUMN ${quoted(column)} SET STATISTICS`;
  return {
    on: 'coordinator',
    sql: `${alter} 1000;`,
    lock: 'SHARE UPDATE EXCLUSIVE on the table: reads and writes go on.',
    rollback: `${alter} -1;`,
  };
}

const conditions = ['Filter', 'Index Cond', 'Recheck Cond'];
const column = /("(?:[^"]|"")+"|[A-Za-z_][\w$]*)\)*(?:::[\w "[\]]+)?\)*\s*(?:=|<|>|!~|~|IS )/g;

/** Columns that stand left of an operator, literals and casts left out; as good as EXPLAIN's text allows. */
function conditionColumns(node: PlanNode): string[] {
  const found = new Set<string>();
  for (const name of conditions) {
    const text = node.properties.text(name)?.replace(/'(?:[^']|'')*'/g, "''") ?? '';
    for (const [, word] of text.matchAll(column)) {
      found.add(word!.startsWith('"') ? word!.slice(1, -1).replaceAll('""', '"') : word!);
    }
  }
  return [...found];
}
