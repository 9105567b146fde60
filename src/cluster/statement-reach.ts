import type { GatePassed } from '../sql/read-only-gate';
import type { Reach, ReachedObject } from '../sql/statement-reach';
import type { PlacedName } from '../sql/syntax-tree';
import type { Session } from './session';

/** A name of a statement, and what it may stand for. */
export interface WantedName extends PlacedName {
  kind: 'function' | 'operator' | 'relation' | 'type' | 'field';
}

/** Every name that leads to something else, in the order of `Reach`'s roots. `=` stands behind USING, DISTINCT and CASE. */
export function wantedNames(passed: GatePassed): WantedName[] {
  const of = (kind: WantedName['kind'], names: readonly PlacedName[]) => names.map(name => ({ ...name, kind }));
  return [
    ...of('function', passed.functions),
    ...of('relation', passed.relations),
    ...of('operator', passed.operators),
    ...of('type', passed.types),
    ...of('field', passed.fields),
    { kind: 'operator', name: '=', at: 0 },
  ];
}

/**
 * Follows the names of a statement through the catalog of the session's node, as its search_path finds them: all
 * overloads of a function or operator, and all that `Reach` tells of. One query. Rejects with a ClusterError.
 */
export async function readReach(session: Session, wanted: readonly WantedName[], signal?: AbortSignal): Promise<Reach> {
  const query = { text: reachQuery, values: [JSON.stringify(wanted)] };
  const { results, failure } = await session.transaction([smallMemory, query], { jitOff: true, signal });
  if (failure) throw failure.error;
  const objects = new Map<string, ReachedObject>();
  const edges: Reach['edges'][number][] = [];
  for (const row of results[1]!.rows) {
    const [root, kind, oid, viaKind, viaOid, label, name, origin, volatility, language, dynamic, relkind] = row;
    const key = `${kind} ${oid}`;
    edges.push({ root: Number(root), to: key, via: viaOid === null ? null : `${viaKind} ${viaOid}` });
    if (objects.has(key)) continue;
    const object: ReachedObject = {
      kind: kind as ReachedObject['kind'],
      oid: oid!,
      label: label!,
      name: name!,
      origin: origin!,
    };
    if (volatility) object.volatility = volatilities[volatility] ?? 'volatile';
    if (language) object.language = language;
    if (dynamic) object.dynamic = dynamic === 't';
    if (relkind) object.relkind = relkind;
    objects.set(key, object);
  }
  return { objects, edges };
}

const volatilities: Record<string, NonNullable<ReachedObject['volatility']>> = {
  i: 'immutable',
  s: 'stable',
  v: 'volatile',
};

/** A recursive query sets up a hash table as large as this allows, whatever it will hold: 40 ms with 16 MB. */
const smallMemory = { text: `SET LOCAL work_mem = '256kB'` };

/** Objects that initdb made have oids below this (FirstNormalObjectId, transam.h). None of its operators is volatile. */
const firstUserOid = 16384;

/**
 * What the rules, policies, constraints and bodies that hang on an object point to. Their trees hold oids, also those of
 * PostgreSQL's own functions, which pg_depend leaves out. The names of the fields: primnodes.h and parsenodes.h.
 */
const treeEdges = `SELECT f.kind, m.found[2]::pg_catalog.oid
  FROM (VALUES ('function', ':(funcid|opfuncid|aggfnoid|winfnoid|hashfuncid) ([1-9][0-9]*)'),
               ('operator', ':(opno|eqop|sortop) ([1-9][0-9]*)'),
               ('relation', ':(relid) ([1-9][0-9]*)'),
               ('type', ':(resulttype) ([1-9][0-9]*)')) AS f(kind, pattern)
 CROSS JOIN LATERAL pg_catalog.regexp_matches(tree.node, f.pattern, 'g') AS m(found)`;

/** The trees of an object `r`; to_jsonb, as not all versions have these columns. */
const trees = `SELECT w.ev_action::pg_catalog.text FROM pg_catalog.pg_rewrite w
   WHERE r.kind = 'relation' AND w.ev_class = r.oid AND w.ev_type = '1'
  UNION ALL
  SELECT y.polqual::pg_catalog.text FROM pg_catalog.pg_policy y WHERE r.kind = 'relation' AND y.polrelid = r.oid
  UNION ALL
  SELECT d.adbin::pg_catalog.text
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE r.kind = 'relation' AND a.attrelid = r.oid AND a.attgenerated = 'v'
  UNION ALL
  SELECT c.conbin::pg_catalog.text FROM pg_catalog.pg_constraint c WHERE r.kind = 'type' AND c.contypid = r.oid
  UNION ALL
  SELECT b.tree FROM pg_catalog.pg_proc p
   CROSS JOIN LATERAL (VALUES (p.proargdefaults::pg_catalog.text), (pg_catalog.to_jsonb(p) ->> 'prosqlbody')) AS b(tree)
   WHERE r.kind = 'function' AND p.oid = r.oid AND p.oid >= ${firstUserOid}`;

/** A function whose source is looked at: made by a user, and in a language that has one. */
const hasSource = `p.oid >= ${firstUserOid} AND p.prolang NOT IN (12, 13)
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                   WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e')`;

/** Words of a source, folded as the server folds them; names that are no such words are looked for as they are. */
const mentioned = `SELECT 'function' AS kind, q.oid
    FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_proc q ON q.proname = ANY (ARRAY(
           SELECT pg_catalog.lower(t.word[1]) FROM pg_catalog.regexp_matches(p.prosrc, '[a-zA-Z_][a-zA-Z0-9_$]*', 'g') AS t(word)))
      OR (q.oid >= ${firstUserOid} AND q.proname !~ '^[a-z_][a-z0-9_$]*$'
          AND pg_catalog.strpos(pg_catalog.lower(p.prosrc), pg_catalog.lower(q.proname::pg_catalog.text)) > 0)
   WHERE r.kind = 'function' AND p.oid = r.oid AND ${hasSource}
  UNION ALL
  SELECT 'relation', c.oid
    FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_class c ON c.relkind IN ('v', 'f', 'r', 'p') AND (c.relname = ANY (ARRAY(
           SELECT pg_catalog.lower(t.word[1]) FROM pg_catalog.regexp_matches(p.prosrc, '[a-zA-Z_][a-zA-Z0-9_$]*', 'g') AS t(word)))
      OR (c.oid >= ${firstUserOid} AND c.relname !~ '^[a-z_][a-z0-9_$]*$'
          AND pg_catalog.strpos(pg_catalog.lower(p.prosrc), pg_catalog.lower(c.relname::pg_catalog.text)) > 0))
   WHERE r.kind = 'function' AND p.oid = r.oid AND ${hasSource}`;

/** Where an object `r` leads, beside by its trees and by what it mentions. */
const otherEdges = `SELECT 'function' AS kind, f.oid
    FROM pg_catalog.pg_aggregate a
   CROSS JOIN LATERAL (VALUES (a.aggtransfn::pg_catalog.oid), (a.aggfinalfn::pg_catalog.oid), (a.aggcombinefn::pg_catalog.oid),
                              (a.aggserialfn::pg_catalog.oid), (a.aggdeserialfn::pg_catalog.oid), (a.aggmtransfn::pg_catalog.oid),
                              (a.aggminvtransfn::pg_catalog.oid), (a.aggmfinalfn::pg_catalog.oid)) AS f(oid)
   WHERE r.kind = 'function' AND a.aggfnoid = r.oid AND f.oid <> 0
     AND r.oid >= ${firstUserOid}
  UNION ALL
  SELECT 'function', o.oprcode::pg_catalog.oid FROM pg_catalog.pg_operator o WHERE r.kind = 'operator' AND o.oid = r.oid
     AND r.oid >= ${firstUserOid}
  UNION ALL
  SELECT 'relation', i.inhrelid FROM pg_catalog.pg_inherits i WHERE r.kind = 'relation' AND i.inhparent = r.oid
  UNION ALL
  SELECT 'type', x.oid
    FROM pg_catalog.pg_type t CROSS JOIN LATERAL (VALUES (t.typbasetype), (t.typelem)) AS x(oid)
   WHERE r.kind = 'type' AND t.oid = r.oid AND x.oid <> 0
  UNION ALL
  SELECT 'type', a.atttypid
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
   WHERE r.kind = 'type' AND t.oid = r.oid AND t.typrelid <> 0
  UNION ALL
  SELECT 'function', c.castfunc FROM pg_catalog.pg_cast c
   WHERE r.kind = 'type' AND c.casttarget = r.oid AND c.castfunc >= ${firstUserOid}`;

/**
 * $1: the names. A name without a schema is looked up in the whole search_path, not only where it is found first: to be
 * refused for a name's sake is no harm. A function's name may also be a type's: `d(x)` is a cast then.
 */
const reachQuery = `WITH RECURSIVE wanted AS MATERIALIZED (
  SELECT w.at - 1 AS root, w.name ->> 'kind' AS kind, w.name ->> 'schema' AS schema, w.name ->> 'name' AS name
    FROM pg_catalog.json_array_elements($1::json) WITH ORDINALITY AS w(name, at)
), roots AS (
  SELECT w.root, w.schema, n.nspname, o.kind, o.oid
    FROM wanted w
   CROSS JOIN LATERAL (
     SELECT 'function' AS kind, p.oid, p.pronamespace AS namespace FROM pg_catalog.pg_proc p
      WHERE w.kind = 'function' AND p.proname = w.name
     UNION ALL
     SELECT 'function', p.oid, p.pronamespace FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_type t ON t.oid = p.proargtypes[0]
      WHERE w.kind = 'field' AND p.proname = w.name AND t.typtype IN ('c', 'p', 'd')
     UNION ALL
     SELECT 'type', t.oid, t.typnamespace FROM pg_catalog.pg_type t
      WHERE w.kind IN ('type', 'function') AND t.typname = w.name
     UNION ALL
     SELECT 'operator', o.oid, o.oprnamespace FROM pg_catalog.pg_operator o
      WHERE w.kind = 'operator' AND o.oprname = w.name AND o.oid >= ${firstUserOid}
     UNION ALL
     SELECT 'relation', c.oid, c.relnamespace FROM pg_catalog.pg_class c
      WHERE w.kind = 'relation' AND c.relname = w.name) AS o
    JOIN pg_catalog.pg_namespace n ON n.oid = o.namespace
   WHERE n.nspname = w.schema OR w.schema IS NULL AND n.nspname = ANY (pg_catalog.current_schemas(true))
      OR w.schema = 'pg_temp' AND n.oid = pg_catalog.pg_my_temp_schema()
), reach AS (
  SELECT s.root, s.kind, s.oid, NULL::text AS via_kind, NULL::pg_catalog.oid AS via_oid FROM roots s
  UNION
  SELECT -1, 'function', c.castfunc, NULL, NULL FROM pg_catalog.pg_cast c
   WHERE c.castcontext = 'i' AND c.castfunc >= ${firstUserOid}
  UNION
  SELECT r.root, e.kind, e.oid, r.kind, r.oid
    FROM reach r
   CROSS JOIN LATERAL (
     ${otherEdges}
     UNION ALL
     ${mentioned}
     UNION ALL
     SELECT e.kind, e.oid FROM (${trees}) AS tree(node) CROSS JOIN LATERAL (${treeEdges}) AS e(kind, oid)) AS e(kind, oid)
)
SELECT r.root, r.kind, r.oid, r.via_kind, r.via_oid, l.label, l.name, l.origin, p.provolatile, g.lanname,
       p.oid IS NOT NULL AND ${hasSource} AND p.prosrc ~* '\\mexecute\\M|\\mu&"', c.relkind
  FROM reach r
  LEFT JOIN pg_catalog.pg_proc p ON r.kind = 'function' AND p.oid = r.oid
  LEFT JOIN pg_catalog.pg_language g ON g.oid = p.prolang
  LEFT JOIN pg_catalog.pg_class c ON r.kind = 'relation' AND c.oid = r.oid
  LEFT JOIN pg_catalog.pg_operator o ON r.kind = 'operator' AND o.oid = r.oid
  LEFT JOIN pg_catalog.pg_type t ON r.kind = 'type' AND t.oid = r.oid
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = coalesce(p.pronamespace, c.relnamespace, o.oprnamespace, t.typnamespace)
 CROSS JOIN LATERAL (
   SELECT CASE WHEN o.oid IS NULL
               THEN pg_catalog.format('%I.%I', n.nspname, coalesce(p.proname, c.relname, t.typname))
               ELSE pg_catalog.format('%I.%s', n.nspname, o.oprname) END AS label,
          coalesce(p.proname, c.relname, t.typname, o.oprname) AS name,
          CASE WHEN r.oid < ${firstUserOid} THEN 'postgres'
               ELSE (SELECT x.extname FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid
                      WHERE d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
                        AND d.objid = r.oid
                        AND d.classid = (CASE r.kind WHEN 'function' THEN 'pg_catalog.pg_proc' WHEN 'type' THEN 'pg_catalog.pg_type'
                              WHEN 'operator' THEN 'pg_catalog.pg_operator' ELSE 'pg_catalog.pg_class' END)::pg_catalog.regclass) END AS origin) AS l
 WHERE n.oid IS NOT NULL`;
