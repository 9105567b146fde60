import type { Shard, Shards } from '../plan/shards';
import type { Session } from './session';

const shardId = /_(\d{1,18})$/;

/** What PostgreSQL cuts an identifier to. */
const longestNameBytes = 63;
/** Of a table whose shards' names would be longer, this much is sure to be kept. */
const keptOfLongName = 20;

/** Whether the shard's table is called `name` on the worker, and not something else that ends in the same number. */
function isShardOf(name: string, table: string, id: string): boolean {
  const whole = `${table}_${id}`;
  if (name === whole) return true;
  return Buffer.byteLength(whole) > longestNameBytes && name.startsWith(table.slice(0, keptOfLongName));
}

/**
 * What the metadata says of the shards among `names`, relations as tasks name them. One query whatever their number;
 * none without Citus or without a name that could be a shard's. Rejects with a ClusterError.
 */
export async function readShards(session: Session, names: readonly string[], signal?: AbortSignal): Promise<Shards> {
  const byId = new Map<string, string[]>();
  for (const name of names) {
    const id = shardId.exec(name)?.[1];
    if (id !== undefined) byId.set(id, [...(byId.get(id) ?? []), name]);
  }
  const shards = new Map<string, Shard>();
  if (session.server.citus === undefined || byId.size === 0) return shards;
  const { rows } = await session.query(
    `SELECT s.shardid, c.relname, s.shardminvalue, s.shardmaxvalue
       FROM pg_catalog.pg_dist_shard s JOIN pg_catalog.pg_class c ON c.oid = s.logicalrelid
      WHERE s.shardid = ANY ($1::bigint[])`,
    [`{${[...byId.keys()].join(',')}}`],
    signal,
  );
  for (const [id, table, min, max] of rows) {
    const shard: Shard = { table: table! };
    if (min !== null && max !== null) shard.range = `${min}..${max}`;
    for (const name of byId.get(id!) ?? []) if (isShardOf(name, table!, id!)) shards.set(name, shard);
  }
  return shards;
}
