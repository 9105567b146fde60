/**
 * One side's rows as statements: rows of the same statement folded into one, over shards, over texts that differ in layout
 * alone, over nodes. A worker's rows are kept as children of the statement that a coordinator runs.
 */
import type { StatementScope } from '../shared/statements';
import type { Analyses } from './analysis';
import { addFigures, at, type Figures, noFigures } from './figures';
import type { SideNames } from './names';
import type { StatementRecord } from './rows';
import { TextMemory } from './text-memory';

/** What one node counted for one statement. */
export interface NodePart {
  node: string;
  role: 'coordinator' | 'worker' | 'standalone';
  as: 'statement' | 'tasks';
  rows: number;
  figures: Figures;
}

export interface SideStatement {
  id: string;
  canonical: string;
  /** Short for the canonical text, in keys. */
  textKey: string;
  /** Empty for the connected database, so that the two sides' may have different names. */
  database: string;
  user: string;
  scope: StatementScope;
  /** Of the row with the most time. */
  sql: string;
  truncated: boolean;
  texts: number;
  queryIds: string[];
  /** The earliest of its rows, ISO; undefined where rows do not say. */
  since: string | undefined;
  figures: Figures;
  /** What workers did for it, over all of them; undefined where nothing is known to belong to it. */
  tasks: Figures | undefined;
  nodes: NodePart[];
  /** What citus_stat_statements says of it. */
  citus?: { executors: string[]; partitionKeys: number };
}

/** Rows of one text, by who ran it where. */
export interface Group {
  key: string;
  canonical: string;
  textKey: string;
  database: string;
  user: string;
  toplevel: boolean;
  as: NodePart['as'];
  /** A name of a shard was in it. */
  hasShards: boolean;
  sql: string;
  truncated: boolean;
  mostMs: number;
  texts: Set<string>;
  queryIds: Set<string>;
  since: string | undefined;
  figures: Figures;
  parts: Map<string, NodePart>;
}

interface Place {
  node: string;
  role: NodePart['role'];
}

/** Statements about statements: they are no part of the workload. */
function isDiagnostic(sql: string): boolean {
  return /^\s*explain\b/i.test(sql) || sql.includes('worker_save_query_explain_analyze');
}

/** Takes rows in, node by node, and gives groups of the same text. */
export class Folder {
  readonly groups = new Map<string, Group>();

  constructor(
    private readonly names: SideNames,
    private readonly connectedDatabase: string,
    readonly memory: TextMemory = new TextMemory(),
  ) {}

  add(row: StatementRecord, { node, role }: Place): void {
    if (isDiagnostic(row.sql)) return;
    const connected = row.database === this.connectedDatabase;
    const { text, hasShards } = this.memory.canonical(row.sql, this.names.of(row.user, connected));
    const as = role === 'worker' || hasShards ? 'tasks' : 'statement';
    const database = connected ? '' : row.database;
    // What a worker does for a function of the coordinator is at top level there.
    const toplevel = row.toplevel || as === 'tasks';
    const textKey = this.memory.hash(text);
    const key = [as, database, row.user, toplevel ? 't' : 'f', textKey].join('\0');
    let group = this.groups.get(key);
    if (!group) {
      group = {
        ...{ key, canonical: text, textKey, database, user: row.user, toplevel, as, hasShards },
        ...{ sql: row.sql, truncated: row.truncated, mostMs: -1, since: row.since },
        ...{ texts: new Set(), queryIds: new Set(), figures: row.figures, parts: new Map() },
      };
      this.groups.set(key, group);
    }
    addRow(group, row, { node, role });
  }
}

function addRow(group: Group, row: StatementRecord, { node, role }: Place): void {
  const ms = row.figures[at.totalMs]!;
  if (ms > group.mostMs) {
    group.mostMs = ms;
    group.sql = row.sql;
    group.truncated = row.truncated;
  }
  group.texts.add(row.sql);
  group.queryIds.add(row.queryId);
  if (row.since !== undefined && (group.since === undefined || row.since < group.since)) group.since = row.since;
  // Most groups have one row.
  if (group.parts.size === 0) group.figures = row.figures.slice();
  else addFigures(group.figures, row.figures);
  const part = group.parts.get(node);
  if (!part) group.parts.set(node, { node, role, as: group.as, rows: 1, figures: row.figures.slice() });
  else {
    part.rows++;
    addFigures(part.figures, row.figures);
  }
}

/**
 * The statements of a side. Tasks go to the statement of the same text or of the same tree, run by the same role; what is
 * seen on workers only stands for itself, and is a client's own where it names a distributed table and not a shard, as when
 * clients connect to workers.
 */
export function statementsOf(folder: Folder, analyses: Analyses, names: SideNames): SideStatement[] {
  const groups = [...folder.groups.values()];
  const statements = new Map<string, SideStatement>();
  for (const group of groups) {
    if (group.as === 'statement')
      statements.set(group.key, statementOf(group, group.toplevel ? 'client' : 'nested', folder.memory));
  }
  const allTasks = groups.filter(({ as }) => as === 'tasks');
  const byTree = allTasks.length > 0 ? uniqueByTree(groups, analyses) : new Map<string, string>();
  for (const tasks of allTasks) {
    const parent =
      statements.get(statementKey(tasks, true)) ??
      statements.get(statementKey(tasks, false)) ??
      statements.get(byTree.get(treeKey(tasks, analyses) ?? '') ?? '');
    if (parent) adopt(parent, tasks);
    else {
      const scope = !tasks.hasShards && namesDistributed(tasks, analyses, names) ? 'client' : 'tasks';
      statements.set(tasks.key, statementOf(tasks, scope, folder.memory));
    }
  }
  return [...statements.values()];
}

function statementKey({ database, user, textKey }: Group, toplevel: boolean): string {
  return ['statement', database, user, toplevel ? 't' : 'f', textKey].join('\0');
}

function treeKey({ database, user, canonical }: Group, analyses: Analyses): string | undefined {
  const tree = analyses.get(canonical)?.taskTree;
  return tree === undefined ? undefined : [database, user, tree].join('\0');
}

/** Keys of the statements that have a tree to themselves. */
function uniqueByTree(groups: readonly Group[], analyses: Analyses): Map<string, string> {
  const byTree = new Map<string, string>();
  const shared = new Set<string>();
  for (const group of groups) {
    const tree = group.as === 'statement' ? treeKey(group, analyses) : undefined;
    if (tree === undefined) continue;
    if (byTree.has(tree)) shared.add(tree);
    byTree.set(tree, group.key);
  }
  for (const tree of shared) byTree.delete(tree);
  return byTree;
}

function namesDistributed({ canonical }: Group, analyses: Analyses, names: SideNames): boolean {
  const relations = analyses.get(canonical)?.relations ?? [];
  return relations.some(name => names.distributed.has(name.slice(name.lastIndexOf('.') + 1)));
}

function statementOf(group: Group, scope: StatementScope, memory: TextMemory): SideStatement {
  const { key, canonical, textKey, database, user, sql, truncated, texts, queryIds, since, figures, parts } = group;
  return {
    ...{ id: memory.hash(key), canonical, textKey, database, user, scope, sql, truncated, since, figures },
    texts: texts.size,
    queryIds: [...queryIds],
    tasks: undefined,
    nodes: [...parts.values()],
  };
}

function adopt(parent: SideStatement, tasks: Group): void {
  parent.tasks ??= noFigures();
  addFigures(parent.tasks, tasks.figures);
  for (const part of tasks.parts.values()) {
    const known = parent.nodes.find(({ node, as }) => node === part.node && as === 'tasks');
    if (!known) parent.nodes.push(part);
    else {
      known.rows += part.rows;
      addFigures(known.figures, part.figures);
    }
  }
}
