/** SQL that the checks of objects share. */
import type { ServerFacts } from '../check';
import { isUsers } from '../tables/tables-sql';

/** Condition: the object is not part of an extension. */
export const isNoExtensions = (catalog: string, oid: string): string =>
  `NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '${catalog}'::regclass AND e.objid = ${oid} AND e.deptype = 'e')`;

/** Condition on `c` of pg_class and `n`, its schema: a user's, and no shard. */
export function isUsersTable({ citus }: Pick<ServerFacts, 'citus'>): string {
  const noShard = citus
    ? ` AND NOT EXISTS (SELECT FROM pg_dist_shard s JOIN pg_class l ON l.oid = s.logicalrelid::oid
           WHERE s.shardid = substring(c.relname FROM '_([0-9]{1,18})$')::bigint AND l.relnamespace = c.relnamespace)`
    : '';
  return `${isUsers('n.nspname')} AND c.relpersistence <> 't' AND ${isNoExtensions('pg_class', 'c.oid')}${noShard}`;
}

/** As people name it, without quotation marks. */
export const dotted = "n.nspname || '.' || c.relname";
/** As SQL names it. */
export const quotedTable = "format('%I.%I', n.nspname, c.relname)";
