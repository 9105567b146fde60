import type { FunctionVolatility } from '../sql/classify';
import type { Session, Statement } from './session';

/** A function as it stands in a statement. */
export interface FunctionName {
  schema?: string;
  name: string;
}

/** What only the catalog knows about a statement. */
export interface StatementFacts {
  volatility: FunctionVolatility[];
  /** Distributed functions: outside a transaction Citus runs a call of one on the worker that holds the key. */
  delegated: string[];
  /** The largest number of shards of any colocation group; undefined without Citus. */
  maxShardCount?: number;
}

const volatilities: Record<string, FunctionVolatility['volatility']> = { i: 'immutable', s: 'stable', v: 'volatile' };

/**
 * Looks up every function of a statement (all overloads; an unqualified name in the role's search_path), and how many
 * shards a table may have. One query, two on Citus, whatever the number of functions. Rejects with a ClusterError.
 */
export async function readStatementFacts(
  session: Session,
  functions: readonly FunctionName[],
  signal?: AbortSignal,
): Promise<StatementFacts> {
  const citus = session.server.citus !== undefined;
  const statements: Statement[] = [functionsStatement(functions, citus)];
  if (citus) statements.push({ text: 'SELECT max(shardcount) FROM pg_catalog.pg_dist_colocation' });
  const { results, failure } = await session.transaction(statements, { jitOff: true, signal });
  if (failure) throw failure.error;
  const rows = results[0]!.rows;
  const facts: StatementFacts = {
    volatility: rows.map(([schema, name, volatility]) => ({
      schema: schema!,
      name: name!,
      volatility: volatilities[volatility!] ?? 'volatile',
    })),
    delegated: rows.filter(([, , , delegated]) => delegated === 't').map(([schema, name]) => `${schema}.${name}`),
  };
  if (citus) facts.maxShardCount = Number(results[1]!.rows[0]?.[0] ?? 0);
  return facts;
}

function functionsStatement(functions: readonly FunctionName[], citus: boolean): Statement {
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
