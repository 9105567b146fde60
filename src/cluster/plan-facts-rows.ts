/** What the queries of plan-facts-sql.ts answer, and what it means. */
import type {
  IndexFacts,
  NodeFacts,
  RelationFacts,
  ScopedSetting,
  SettingFact,
  StatisticsFacts,
} from '../plan/causes/facts';
import { showSetting } from './setting-value';

/** What a node's session was like before Cutover changed anything. */
export interface StartRow {
  /** JIT is available; null where that was not asked. */
  jit: boolean | null;
  settings: [
    name: string,
    setting: string,
    source: string,
    builtIn: string | null,
    type: string,
    unit: string | null,
  ][];
}

export interface NodeRow {
  version: number;
  /** The connected role, quoted. */
  role: string;
  /** Settings of Citus that pg_settings leaves out. */
  unlisted: [name: string, value: string][] | null;
  scoped: [scope: ScopedSetting['scope'], owner: string, entry: string][] | null;
  connections: [used: number, allowed: number] | null;
}

export type StatisticsRow = [
  tuples: number,
  pages: number,
  allVisible: number,
  columnStatistics: boolean | null,
  analyzedAt: string | null,
  vacuumedAt: string | null,
  modified: number | null,
  live: number | null,
  dead: number | null,
  sizeBytes: number | null,
];

export interface RelationRow {
  oid: string;
  schema: string;
  name: string;
  /** Schema and name as SQL needs them. */
  quoted: string;
  /** The role may read a column of it, without which pg_stats hides its rows. */
  readable: boolean;
  rowSecurity: boolean;
  indexes: [name: string, definition: string, valid: boolean, unique: boolean, sizeBytes: number | null][] | null;
  statistics: StatisticsRow;
  /** Of pg_dist_partition. */
  distribution: {
    method: string;
    replication: string;
    colocation: number;
    column: string | null;
    shards: number;
  } | null;
}

export interface ShardsRow {
  shards: [relation: string, shard: string, statistics: StatisticsRow][] | null;
  invalid: [relation: string, index: string][] | null;
}

export function nodeFacts(
  place: Pick<NodeFacts, 'node' | 'role' | 'groupId'>,
  start: StartRow,
  row: NodeRow,
): { facts: NodeFacts; scoped: ScopedSetting[] } {
  const settings = new Map<string, SettingFact>();
  for (const [name, setting, source, builtIn, vartype, unit] of start.settings) {
    const show = (value: string) => showSetting(value, { vartype, unit });
    settings.set(name, { value: show(setting), source, builtIn: builtIn === null ? undefined : show(builtIn) });
  }
  for (const [name, value] of row.unlisted ?? []) settings.set(name, { value, source: 'unknown', builtIn: undefined });
  const scoped = (row.scoped ?? []).flatMap(([scope, owner, entry]): ScopedSetting[] => {
    const equals = entry.indexOf('=');
    const name = entry.slice(0, equals);
    return settings.has(name) ? [{ node: place.node, scope, owner, name, value: entry.slice(equals + 1) }] : [];
  });
  return {
    facts: { ...place, versionNum: row.version, jitAvailable: start.jit ?? undefined, settings, error: undefined },
    scoped,
  };
}

/** A node that could not be asked. */
export function silentNode(place: Pick<NodeFacts, 'node' | 'role' | 'groupId'>, error: string): NodeFacts {
  return { ...place, versionNum: undefined, jitAvailable: undefined, settings: new Map(), error };
}

export function relationFacts(row: RelationRow, node: string, versionNum: number): RelationFacts {
  const indexes = (row.indexes ?? []).map(([name, definition, valid, unique, sizeBytes]): IndexFacts => {
    // On a coordinator these are the indexes of an empty shell.
    return { name, definition, valid, unique, sizeBytes: row.distribution ? undefined : (sizeBytes ?? undefined) };
  });
  const { distribution } = row;
  return {
    schema: row.schema,
    name: row.name,
    spread: spreadOf(distribution),
    shardCount: distribution?.shards,
    distributionColumn: distribution?.column ?? undefined,
    indexes,
    invalidIndexes: indexes.filter(({ valid }) => !valid).map(({ name }) => ({ node, name })),
    statistics: distribution ? [] : [statisticsFacts(row.statistics, node, undefined, versionNum)],
  };
}

/**
 * `partmethod` h: by hash; n without a distribution column: a reference table (replicated by two-phase commit, `t`), a
 * table in one shard (schema-based sharding, in a colocation group), or a local table that Citus knows.
 */
function spreadOf(distribution: RelationRow['distribution']): RelationFacts['spread'] {
  if (!distribution) return 'plain';
  const { method, replication, colocation } = distribution;
  if (method !== 'n') return 'distributed';
  if (replication === 't') return 'reference';
  return colocation === 0 ? 'plain' : 'distributed';
}

export function statisticsFacts(
  row: StatisticsRow,
  node: string,
  shardId: string | undefined,
  versionNum: number,
): StatisticsFacts {
  const [tuples, pages, allVisiblePages, columns, analyzedAt, vacuumedAt, modified, live, dead, sizeBytes] = row;
  return {
    node,
    shardId,
    // Before 14 a table that was never analysed looks as if it were empty.
    tuples: versionNum < 140_000 && tuples === 0 && pages === 0 ? -1 : tuples,
    pages,
    allVisiblePages,
    hasColumnStatistics: columns ?? undefined,
    analyzedAt: analyzedAt ?? undefined,
    vacuumedAt: vacuumedAt ?? undefined,
    modifiedSinceAnalyze: modified ?? undefined,
    liveTuples: live ?? undefined,
    deadTuples: dead ?? undefined,
    sizeBytes: sizeBytes ?? undefined,
  };
}
