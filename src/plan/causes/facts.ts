/** What the catalogs and settings of a side say beyond its plan. Read by cluster/, judged by the rules here. */

/** A planner-relevant setting as it is in force for the connected role on one node. */
export interface SettingFact {
  /** As `current_setting` prints it: `4MB`, `off`, `100000`. */
  value: string;
  /** `pg_settings.source`: `default`, `configuration file`, `database`, `user`, `database user`, `client`, `session`, … */
  source: string;
  /** What it would be without any configuration, printed the same way; undefined where the server does not say. */
  builtIn: string | undefined;
}

export interface NodeFacts {
  /** `host:port`. */
  node: string;
  role: 'coordinator' | 'worker';
  /** Citus group id; undefined on a plain server. */
  groupId: number | undefined;
  /** `server_version_num`. */
  versionNum: number | undefined;
  jitAvailable: boolean | undefined;
  settings: ReadonlyMap<string, SettingFact>;
  /** Why this node could not be asked. */
  error: string | undefined;
}

/** A row of pg_db_role_setting that applies to the connected role and database, or a function's own SET clause. */
export interface ScopedSetting {
  node: string;
  scope: 'role' | 'database' | 'roleInDatabase' | 'allRoles' | 'function';
  /** The role, database or function it belongs to, quoted as SQL needs it. */
  owner: string;
  name: string;
  value: string;
}

export interface IndexFacts {
  /** Of the logical index; on a shard without its shard id. */
  name: string;
  /** `pg_get_indexdef`, of the logical table. */
  definition: string;
  valid: boolean;
  unique: boolean;
  sizeBytes: number | undefined;
}

/** Statistics of one table, or of one shard of it. */
export interface StatisticsFacts {
  /** `host:port` it was read on. */
  node: string;
  /** Undefined for the table itself, on a plain server. */
  shardId: string | undefined;
  /** `pg_class.reltuples`; -1: never analysed. */
  tuples: number;
  pages: number;
  allVisiblePages: number;
  /** pg_stats has rows for it. */
  hasColumnStatistics: boolean | undefined;
  /** The later of last_analyze and last_autoanalyze, ISO 8601; undefined: never, since the statistics were reset. */
  analyzedAt: string | undefined;
  /** The later of last_vacuum and last_autovacuum. */
  vacuumedAt: string | undefined;
  modifiedSinceAnalyze: number | undefined;
  liveTuples: number | undefined;
  deadTuples: number | undefined;
  sizeBytes: number | undefined;
}

export interface RelationFacts {
  schema: string;
  name: string;
  /** Citus: how the table is spread; `plain` on a plain server or for a local table. */
  spread: 'plain' | 'distributed' | 'reference';
  shardCount: number | undefined;
  distributionColumn: string | undefined;
  indexes: IndexFacts[];
  /** Indexes that exist but are not valid, per node, shard indexes included. */
  invalidIndexes: { node: string; name: string }[];
  /** One on a plain server; one per shard of a distributed table. */
  statistics: StatisticsFacts[];
}

/** What the statement's backends were seen waiting for while it ran, sampled from a second session. */
export interface WaitFacts {
  /** How often it was looked. */
  samples: number;
  /** Share of samples by `wait_event_type/wait_event`, `CPU` for none. */
  shares: ReadonlyMap<string, number>;
  /** Longest time seen waiting for a lock in one go, and who held it: query text or `pid 123 on host:port`. */
  lockMs: number;
  blockers: string[];
}

export interface SideFacts {
  nodes: NodeFacts[];
  scoped: ScopedSetting[];
  relations: RelationFacts[];
  waits: WaitFacts | undefined;
  /** Connections in use and allowed per node, where readable. */
  connections: { node: string; used: number; limit: number }[];
  /** What could not be read, and the grant that would let it: `pg_stats of analytics.events: GRANT SELECT …`. */
  unread: string[];
}
