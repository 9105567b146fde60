import * as z from 'zod/mini';
import type { CheckQuery } from '../check';
import { routineKind, viewKind } from './code';
import { collationKind } from './collations';
import { schemaKind, typeKind } from './types';

/** Of a node, in order; the rest is counted. */
export const maxObjects = 5_000;

const objectsSchema = z.strictObject({
  objects: z.array(
    z.tuple([
      /** With its kind before it: `type app.state`. */
      z.string(),
      /** Digest of its definition. */
      z.string(),
      /** Citus keeps it on every node. */
      z.boolean(),
      /** Of a routine that Citus does not keep: as regprocedure reads it. */
      z.nullable(z.string()),
    ]),
  ),
  more: z.number(),
});
export type NodeObjects = z.infer<typeof objectsSchema>;

/** What statements that run on a worker may need there. Materialized views are never on workers. */
export const nodeObjects: CheckQuery<NodeObjects> = {
  name: 'nodeObjects',
  nodes: 'every',
  sql: server =>
    server.citus
      ? `WITH object AS (
  SELECT 'schema ' || name AS name, definition, class, place FROM (${schemaKind.rows(server)}) AS s
   UNION ALL SELECT 'type ' || name, definition, class, place FROM (${typeKind.rows(server)}) AS t
   UNION ALL SELECT 'collation ' || name, definition, class, place FROM (${collationKind.rows(server)}) AS c
   UNION ALL SELECT name, definition, class, place FROM (${routineKind.rows(server)}) AS p
   UNION ALL SELECT name, definition, class, place FROM (${viewKind.rows(server)}) AS v WHERE name LIKE 'view %'
), known AS (
  SELECT name, left(md5(definition), 12) AS digest, class, place,
         EXISTS (SELECT FROM pg_dist_object d WHERE d.classid = o.class AND d.objid = o.place::oid) AS kept,
         row_number() OVER (ORDER BY name COLLATE "C") AS number
    FROM object o
)
SELECT json_build_object('more', (SELECT greatest(count(*) - ${maxObjects}, 0) FROM known), 'objects', coalesce(json_agg(json_build_array(
    name, digest, kept, CASE WHEN class = 'pg_proc'::regclass AND NOT kept THEN place::oid::regprocedure::text END) ORDER BY number), '[]'))
  FROM known WHERE number <= ${maxObjects}`
      : undefined,
  answer: objectsSchema,
};
