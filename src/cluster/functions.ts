import type { FunctionVolatility } from '../sql/classify';
import type { Session, Statement } from './session';

/** A function as it stands in a statement. */
export interface FunctionName {
  schema?: string;
  name: string;
}

export interface FunctionFacts {
  volatility: FunctionVolatility[];
  /** Distributed functions: outside a transaction Citus runs a call of one on the worker that holds the key. */
  delegated: string[];
}

const volatilities: Record<string, FunctionVolatility['volatility']> = { i: 'immutable', s: 'stable', v: 'volatile' };

/**
 * The catalog look-up for every function of a statement: all overloads, an unqualified name in the role's search_path.
 * One query whatever their number.
 */
export function functionsStatement(functions: readonly FunctionName[], citus: boolean): Statement {
  const delegated = citus
    ? `EXISTS (SELECT FROM pg_catalog.pg_dist_object d
                WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid
                  AND d.distribution_argument_index IS NOT NULL)`
    : 'false';
  return {
    text: `SELECT DISTINCT n.nspname, p.proname, p.provolatile, ${delegated}
             FROM pg_catalog.json_to_recordset($1::json) AS f(schema text, name text)
             JOIN pg_catalog.pg_proc p ON p.proname = f.name
             JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
            WHERE n.nspname = f.schema
               OR (f.schema IS NULL AND n.nspname = ANY (pg_catalog.current_schemas(true)))`,
    values: [JSON.stringify(functions.map(({ schema, name }) => ({ schema, name })))],
  };
}

export function readFunctionFacts(rows: readonly (readonly (string | null)[])[]): FunctionFacts {
  return {
    volatility: rows.map(([schema, name, volatility]) => ({
      schema: schema!,
      name: name!,
      volatility: volatilities[volatility!] ?? 'volatile',
    })),
    delegated: rows.filter(([, , , delegated]) => delegated === 't').map(([schema, name]) => `${schema}.${name}`),
  };
}

/** Rejects with a ClusterError. Asks nothing when there is nothing to ask. */
export async function readFunctions(
  session: Session,
  functions: readonly FunctionName[],
  signal?: AbortSignal,
): Promise<FunctionFacts> {
  if (functions.length === 0) return { volatility: [], delegated: [] };
  const { text, values } = functionsStatement(functions, session.server.citus !== undefined);
  return readFunctionFacts((await session.query(text, values ?? [], signal)).rows);
}
