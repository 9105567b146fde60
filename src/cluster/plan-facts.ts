import type { RelationFacts, SideFacts } from '../plan/causes/facts';
import type { PlanRelation } from '../plan/relations';
import { type ClusterRow, json, type Place, placesOf } from './places';
import {
  type NodeRow,
  nodeFacts,
  type RelationRow,
  relationFacts,
  type ShardsRow,
  type StartRow,
  silentNode,
  statisticsFacts,
} from './plan-facts-rows';
import {
  localShardsQuery,
  maxRelations,
  maxShards,
  nodeQuery,
  nodesQuery,
  prepareCatalogQueries,
  relationsQuery,
  showShards,
  startQuery,
  workersQuery,
} from './plan-facts-sql';
import { redact } from './redact';
import type { QueryResult, Session, Statement } from './session';
import type { FunctionName } from './statement-facts';

/** Limits the connections to the workers; not every role may see it. */
const poolLimit = 'citus.max_shared_pool_size';

interface FactsOptions {
  /** Functions in the statement, whose own SET clauses count. */
  functions?: readonly FunctionName[];
  /** The highest cost of a statement in the plan that JIT did not compile; above `jit_above_cost` that asks for a reason. */
  uncompiledCost?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** What every part adds to. */
type Gathered = Omit<SideFacts, 'waits'> & { versions: Map<string, number> };

/**
 * What the catalogs and settings of a side say about a plan: settings in force for the connected role on every node,
 * where they come from, the tables and indexes of `relations` and their statistics, on Citus shard by shard.
 *
 * One transaction of four statements on plain PostgreSQL, of eight on Citus, one of them asking all workers at once,
 * whatever the number of nodes and shards. What cannot be read is in `unread`, a node that does not answer in its `error`.
 * Rejects with a ClusterError when the session was cancelled or lost, or cannot even read its own settings.
 */
export async function readSideFacts(
  session: Session,
  relations: readonly PlanRelation[],
  options: FactsOptions = {},
): Promise<SideFacts> {
  const citus = session.server.citus !== undefined;
  const functions = JSON.stringify((options.functions ?? []).map(({ schema, name }) => ({ schema, name })));
  const cost = String(options.uncompiledCost ?? -1);
  const wanted = JSON.stringify(relations);
  const statements = {
    start: { text: startQuery('$1'), values: [cost] },
    prepare: { text: prepareCatalogQueries(citus), simple: true },
    node: { text: nodeQuery('$1'), values: [functions] },
    relations: { text: relationsQuery(citus), values: [wanted] },
    ...(citus && {
      nodes: { text: nodesQuery },
      showShards: { text: showShards, simple: true },
      localShards: { text: localShardsQuery, values: [wanted] },
      workers: { text: workersQuery, values: [wanted, functions, cost] },
    }),
  } satisfies Record<string, Statement>;
  const names = Object.keys(statements);
  const { results, failure } = await session.transaction(Object.values(statements), { signal: options.signal });
  if (failure && (failure.index <= 2 || !session.usable)) throw failure.error;
  const answer = (name: keyof typeof statements): QueryResult | undefined => results[names.indexOf(name)];

  const gathered: Gathered = { nodes: [], scoped: [], relations: [], connections: [], unread: [], versions: new Map() };
  const node = json<NodeRow>(answer('node'))!;
  const cluster = citus ? json<ClusterRow>(answer('nodes')) : undefined;
  const places = placesOf(session, cluster);
  addNode(gathered, places.here, json<StartRow>(answer('start'))!, node);
  const byOid = addRelations(gathered, places.here, json<RelationRow[]>(answer('relations')) ?? [], node);
  if (citus) {
    addShards(gathered, byOid, places.here.node, json<ShardsRow>(answer('localShards')));
    addWorkers(gathered, byOid, places.others, answer('workers'), failure?.error.message);
    noteShards(gathered);
    if (!gathered.nodes[0]!.settings.has(poolLimit))
      gathered.unread.push(`${poolLimit}: GRANT pg_read_all_settings TO ${node.role}`);
  }
  if (failure) gathered.unread.push(`${unreadPart(names[failure.index]!)}: ${failure.error.message}`);
  const { versions: _, ...facts } = gathered;
  return { ...facts, waits: undefined };
}

function addNode(gathered: Gathered, place: Place, start: StartRow, row: NodeRow): void {
  const { facts, scoped } = nodeFacts(place, start, row);
  gathered.nodes.push(facts);
  gathered.scoped.push(...scoped);
  gathered.versions.set(place.node, row.version);
  if (row.connections)
    gathered.connections.push({ node: place.node, used: row.connections[0], limit: row.connections[1] });
}

function addRelations(
  gathered: Gathered,
  { node }: Place,
  rows: readonly RelationRow[],
  { role, version }: NodeRow,
): Map<string, RelationFacts> {
  const byOid = new Map<string, RelationFacts>();
  for (const row of rows.slice(0, maxRelations)) {
    const facts = relationFacts(row, node, version);
    byOid.set(row.oid, facts);
    gathered.relations.push(facts);
    const what = `Column statistics (pg_stats) of ${row.quoted}`;
    if (!row.readable) gathered.unread.push(`${what}: GRANT SELECT ON ${row.quoted} TO ${role}`);
    else if (row.rowSecurity)
      gathered.unread.push(`${what}: row security hides them from ${role}; BYPASSRLS would show them`);
  }
  if (rows.length > maxRelations)
    gathered.unread.push(
      `The plan has more than ${maxRelations} tables; the catalogs were asked for ${maxRelations} of them.`,
    );
  return byOid;
}

function addShards(
  gathered: Gathered,
  byOid: ReadonlyMap<string, RelationFacts>,
  node: string,
  found: ShardsRow | undefined,
): void {
  const version = gathered.versions.get(node) ?? 0;
  for (const [relation, shard, statistics] of found?.shards ?? [])
    byOid.get(relation)?.statistics.push(statisticsFacts(statistics, node, shard, version));
  for (const [relation, name] of found?.invalid ?? []) byOid.get(relation)?.invalidIndexes.push({ node, name });
}

function addWorkers(
  gathered: Gathered,
  byOid: ReadonlyMap<string, RelationFacts>,
  places: readonly [Place, active: boolean][],
  answers: QueryResult | undefined,
  failed: string | undefined,
): void {
  const answerOf = new Map((answers?.rows ?? []).map(([host, port, ...answer]) => [`${host}:${port}`, answer]));
  for (const [place, active] of places) {
    const [success, text] = answerOf.get(place.node) ?? [];
    if (success === 't' && text) {
      const { start, node, found } = JSON.parse(text) as { start: StartRow; node: NodeRow; found: ShardsRow };
      addNode(gathered, place, start, node);
      addShards(gathered, byOid, place.node, found);
      continue;
    }
    const silent = active ? (failed ?? 'Citus gave no answer for it.') : 'It is inactive in pg_dist_node.';
    const why = place.role === 'coordinator' ? 'The session is on a worker, which cannot ask it.' : silent;
    gathered.nodes.push(silentNode(place, redact(text || why)));
  }
}

function noteShards({ relations, unread }: Gathered): void {
  const shards = relations.reduce((sum, { shardCount = 0 }) => sum + shardCount, 0);
  if (shards > maxShards)
    unread.push(`The tables have ${shards} shards; statistics were read of ${maxShards} of them.`);
}

const parts: Record<string, string> = {
  relations: 'Tables, indexes and statistics',
  nodes: 'The other nodes',
  showShards: 'Shards on the coordinator, and the workers',
  localShards: 'Shards on the coordinator, and the workers',
  workers: 'The workers',
};

function unreadPart(statement: string): string {
  return parts[statement] ?? statement;
}
