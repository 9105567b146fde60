import type { Session } from './session';
import type { FunctionName } from './statement-facts';

export interface RoutineParameter {
  name?: string;
  /** As format_type writes it. */
  type: string;
  /** Its default, as SQL. */
  default?: string;
}

/** A function or procedure that people wrote: not of pg_catalog, not of an extension. */
export interface RoutineDefinition {
  schema: string;
  name: string;
  /** As error contexts name it: `analytics.create_rollup(date,date)`, without the schema when search_path finds it. */
  signature: string;
  isProcedure: boolean;
  language: string;
  /** The role it runs as, for SECURITY DEFINER. */
  runsAs?: string;
  /** The whole CREATE statement. */
  definition: string;
  /** The body alone; empty for `BEGIN ATOMIC`. */
  body: string;
  /** Settings of the routine itself, as `enable_nestloop=off`. */
  settings: string[];
  /** Those a call passes values for. */
  parameters: RoutineParameter[];
  /** Parameters with the name of a column of some table. */
  columnNames: string[];
}

/**
 * The definitions behind the names, all overloads; an unqualified name is looked for in the role's search_path. One query
 * whatever their number. Rejects with a ClusterError.
 */
export async function readRoutines(
  session: Session,
  names: readonly FunctionName[],
  signal?: AbortSignal,
): Promise<RoutineDefinition[]> {
  if (names.length === 0) return [];
  const { rows } = await session.query(routinesQuery, [JSON.stringify(names)], signal);
  return rows.map(([json]) => {
    const { runsAs, parameters, ...rest } = JSON.parse(json!) as Raw;
    return {
      ...rest,
      ...(runsAs === null ? {} : { runsAs }),
      parameters: parameters.map(({ name, type, default: value }) => ({
        type,
        ...(name ? { name } : {}),
        ...(value === null ? {} : { default: value }),
      })),
    };
  });
}

interface Raw extends Omit<RoutineDefinition, 'runsAs' | 'parameters'> {
  runsAs: string | null;
  parameters: { name: string | null; type: string; default: string | null }[];
}

/** `proargnames` counts all parameters, `proargtypes` those a call passes. */
const routinesQuery = `
SELECT pg_catalog.json_build_object(
         'schema', n.nspname, 'name', p.proname, 'signature', p.oid::pg_catalog.regprocedure::text,
         'isProcedure', p.prokind = 'p', 'language', l.lanname,
         'runsAs', CASE WHEN p.prosecdef THEN pg_catalog.pg_get_userbyid(p.proowner) END,
         'definition', pg_catalog.pg_get_functiondef(p.oid), 'body', p.prosrc,
         'settings', coalesce(pg_catalog.to_json(p.proconfig), '[]'),
         'parameters', coalesce((
           SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
                    'name', a.name, 'type', pg_catalog.format_type(a.type, NULL),
                    'default', CASE WHEN a.input > p.pronargs - p.pronargdefaults
                                    THEN pg_catalog.pg_get_function_arg_default(p.oid, a.n::int) END) ORDER BY a.n)
             FROM (SELECT t.type, t.n, p.proargnames[t.n] AS name, p.proargmodes[t.n] AS mode,
                          pg_catalog.row_number() OVER (ORDER BY t.n) AS input
                     FROM pg_catalog.unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY AS t(type, n)
                    WHERE coalesce(p.proargmodes[t.n], 'i') IN ('i', 'b', 'v')
                       OR (p.prokind = 'p' AND p.proargmodes[t.n] = 'o')) a), '[]'),
         'columnNames', coalesce((
           SELECT pg_catalog.json_agg(DISTINCT a.attname)
             FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
            WHERE a.attname = ANY (p.proargnames) AND a.attnum > 0 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
              AND c.relnamespace <> 'pg_catalog'::pg_catalog.regnamespace), '[]'))
  FROM (SELECT DISTINCT schema, name FROM pg_catalog.json_to_recordset($1::json) AS f(schema text, name text)) f
  JOIN pg_catalog.pg_proc p ON p.proname = f.name
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang
 WHERE (n.nspname = f.schema OR (f.schema IS NULL AND n.nspname = ANY (pg_catalog.current_schemas(true))))
   AND p.prokind IN ('f', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e')`;
