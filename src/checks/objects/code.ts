/** Views and routines: numbers 46 and 47 of the list of checks. */
import type { Check } from '../check';
import { isUsers } from '../tables/tables-sql';
import { defineObjectCheck, type ObjectKind, objectQuery } from './compare';
import { fromDump, replacement } from './create';
import { dotted, isNoExtensions, isUsersTable, quotedTable } from './objects-sql';

export const viewKind: ObjectKind = {
  noun: '',
  plural: 'views',
  deparsed: true,
  rows: server => `
  SELECT CASE c.relkind WHEN 'm' THEN 'materialized view ' ELSE 'view ' END || ${dotted} AS name, ${quotedTable} AS note,
         concat_ws(chr(10), CASE WHEN c.relkind = 'm' AND NOT c.relispopulated THEN 'WITH NO DATA' END,
           'WITH ' || array_to_string(c.reloptions, ', '), pg_get_viewdef(c.oid)) AS definition,
         format('CREATE %s %s%s AS%s%s%s;', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'OR REPLACE VIEW' END, ${quotedTable}, (
             SELECT ' WITH (' || string_agg(format('%I=%L', split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)), ', ') || ')' FROM unnest(c.reloptions) AS o),
           chr(10), rtrim(pg_get_viewdef(c.oid), ';'), CASE WHEN c.relkind = 'm' AND NOT c.relispopulated THEN ' WITH NO DATA' END) AS created,
         format('DROP %s %s;', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, ${quotedTable}) AS dropped, c.oid::bigint AS place, 'pg_class'::regclass AS class
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm') AND ${isUsersTable(server)}`,
  creates: {},
  remedy: change => {
    const { name, target, lost, added } = change;
    if (!target) return undefined;
    if (name.startsWith('view ')) return replacement(change, 'who reads it waits for a moment (ACCESS EXCLUSIVE)');
    if (lost.length > 0 || added.join() !== 'WITH NO DATA') return undefined;
    return {
      sql: `REFRESH MATERIALIZED VIEW ${target.note};`,
      lock: 'who reads it waits until it is filled (ACCESS EXCLUSIVE)',
      rollback: `REFRESH MATERIALIZED VIEW ${target.note} WITH NO DATA;`,
      verify: 'Run this check again.',
    };
  },
};

export const viewsQuery = objectQuery('objects.views', viewKind);

const views = defineObjectCheck(
  {
    id: 'objects.views',
    title: 'Views and materialized views',
    question: 'Has the target every view, with the same definition, and every materialized view filled?',
    why: 'A materialized view that was copied WITH NO DATA is an error to its first reader; a view that differs answers otherwise.',
    reference: 'PostgreSQL documentation, "REFRESH MATERIALIZED VIEW"',
    severity: 'high',
  },
  viewKind,
  viewsQuery,
);

/** Properties that ALTER ROUTINE sets, as the definition's lines have them. */
const routineProperty =
  /^(?:IMMUTABLE|STABLE|VOLATILE|PARALLEL (?:SAFE|RESTRICTED|UNSAFE)|STRICT|CALLED ON NULL INPUT|SECURITY (?:DEFINER|INVOKER)|LEAKPROOF|NOT LEAKPROOF|COST [\d.e+]+|ROWS [\d.e+]+)$/;

const noWait = 'none that callers wait for';

export const routineKind: ObjectKind = {
  noun: '',
  plural: 'routines',
  rows: () => `
  SELECT CASE p.prokind WHEN 'p' THEN 'procedure ' WHEN 'a' THEN 'aggregate ' ELSE 'function ' END
           || format('%s.%s(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS name,
         CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END
           || format(' %I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS note,
         concat_ws(chr(10), 'RETURNS ' || pg_get_function_result(p.oid), 'LANGUAGE ' || l.lanname,
           CASE p.provolatile WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE' ELSE 'VOLATILE' END,
           CASE p.proparallel WHEN 's' THEN 'PARALLEL SAFE' WHEN 'r' THEN 'PARALLEL RESTRICTED' ELSE 'PARALLEL UNSAFE' END,
           CASE WHEN p.proisstrict THEN 'STRICT' ELSE 'CALLED ON NULL INPUT' END,
           CASE WHEN p.prosecdef THEN 'SECURITY DEFINER' ELSE 'SECURITY INVOKER' END,
           CASE WHEN p.proleakproof THEN 'LEAKPROOF' ELSE 'NOT LEAKPROOF' END,
           'COST ' || p.procost, CASE WHEN p.proretset THEN 'ROWS ' || p.prorows END,
           'arguments ' || pg_get_function_arguments(p.oid),
           'aggregate of ' || (SELECT concat_ws(', ', aggtransfn, nullif(aggfinalfn::oid, 0)::regproc, aggtranstype::regtype, agginitval)
                                 FROM pg_aggregate WHERE aggfnoid = p.oid),
           'body ' || md5(concat(p.prosrc, p.probin, CASE WHEN to_jsonb(p) ->> 'prosqlbody' IS NOT NULL THEN pg_get_functiondef(p.oid) END))) AS definition,
         CASE WHEN p.prokind <> 'a' THEN rtrim(pg_get_functiondef(p.oid), chr(10)) || ';' END AS created,
         'DROP ' || CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END
           || format(' %I.%I(%s);', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS dropped, p.oid::bigint AS place, 'pg_proc'::regclass AS class
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
   WHERE ${isUsers('n.nspname')} AND ${isNoExtensions('pg_proc', 'p.oid')}`,
  creates: {},
  byHand: fromDump('pre-data'),
  remedy: change => {
    const { target, lost, added } = change;
    if (!target?.note || target.note.startsWith('AGGREGATE') || lost.length === 0) return undefined;
    const changed = [...lost, ...added];
    // CREATE OR REPLACE refuses another result, and other names of arguments.
    if (changed.some(line => /^(?:RETURNS|arguments) /.test(line))) return undefined;
    if (!changed.every(line => routineProperty.test(line))) return replacement(change, noWait);
    return {
      sql: `ALTER ${target.note} ${lost.join(' ')};`,
      lock: noWait,
      rollback: `ALTER ${target.note} ${added.join(' ')};`,
      verify: 'Run this check again.',
    };
  },
};

const routines = defineObjectCheck(
  {
    id: 'objects.routines',
    title: 'Functions and procedures',
    question:
      'Has the target every routine with the same body, volatility, parallel safety, strictness, security, cost and rows?',
    why: 'A VOLATILE or PARALLEL UNSAFE function forbids plans that the source uses; another body answers otherwise. COST and ROWS steer the planner.',
    reference: 'PostgreSQL documentation, "Function Volatility Categories" and "Function Optimization Information"',
    severity: 'high',
  },
  routineKind,
);

export const objectCodeChecks: readonly Check[] = [views, routines];
