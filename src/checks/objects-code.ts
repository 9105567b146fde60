/** Views, routines and triggers: numbers 46, 47 and 48 of the list of checks. */
import type { Check } from './check';
import { defineObjectCheck } from './objects-compare';
import { dotted, isNoExtensions, isUsersTable, quotedTable } from './objects-sql';
import { isUsers } from './tables-sql';

const views = defineObjectCheck(
  {
    id: 'objects.views',
    title: 'Views and materialized views',
    question: 'Has the target every view, with the same definition, and every materialized view filled?',
    why: 'A materialized view that was copied WITH NO DATA is an error to its first reader; a view that differs answers otherwise.',
    reference: 'PostgreSQL documentation, "REFRESH MATERIALIZED VIEW"',
    severity: 'high',
  },
  {
    noun: '',
    plural: 'views',
    deparsed: true,
    rows: server => `
  SELECT CASE c.relkind WHEN 'm' THEN 'materialized view ' ELSE 'view ' END || ${dotted} AS name, ${quotedTable} AS note,
         concat_ws(chr(10), CASE WHEN c.relkind = 'm' AND NOT c.relispopulated THEN 'WITH NO DATA' END,
           'WITH ' || array_to_string(c.reloptions, ', '), pg_get_viewdef(c.oid)) AS definition
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm') AND ${isUsersTable(server)}`,
    remedy: ({ target, lost, added }) => {
      if (!target || lost.length > 0 || added.join() !== 'WITH NO DATA') return undefined;
      return {
        sql: `REFRESH MATERIALIZED VIEW ${target.note};`,
        lock: 'who reads it waits until it is filled (ACCESS EXCLUSIVE)',
        rollback: `REFRESH MATERIALIZED VIEW ${target.note} WITH NO DATA;`,
        verify: 'Run this check again.',
      };
    },
  },
);

/** Properties that ALTER ROUTINE sets, as the definition's lines have them. */
const routineProperty =
  /^(?:IMMUTABLE|STABLE|VOLATILE|PARALLEL (?:SAFE|RESTRICTED|UNSAFE)|STRICT|CALLED ON NULL INPUT|SECURITY (?:DEFINER|INVOKER)|LEAKPROOF|NOT LEAKPROOF|COST [\d.e+]+|ROWS [\d.e+]+)$/;

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
  {
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
           'body ' || md5(concat(p.prosrc, p.probin, CASE WHEN to_jsonb(p) ->> 'prosqlbody' IS NOT NULL THEN pg_get_functiondef(p.oid) END))) AS definition
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
   WHERE ${isUsers('n.nspname')} AND ${isNoExtensions('pg_proc', 'p.oid')}`,
    remedy: ({ target, lost, added }) => {
      if (!target?.note || target.note.startsWith('AGGREGATE')) return undefined;
      if (lost.length === 0 || ![...lost, ...added].every(line => routineProperty.test(line))) return undefined;
      return {
        sql: `ALTER ${target.note} ${lost.join(' ')};`,
        lock: 'none that callers wait for',
        rollback: `ALTER ${target.note} ${added.join(' ')};`,
        verify: 'Run this check again.',
      };
    },
  },
);

const firing: ReadonlyMap<string, string> = new Map([
  ['O', 'ENABLE'],
  ['D', 'DISABLE'],
  ['A', 'ENABLE ALWAYS'],
  ['R', 'ENABLE REPLICA'],
]);

const triggers = defineObjectCheck(
  {
    id: 'objects.triggers',
    title: 'Triggers, event triggers and rules',
    question: 'Has the target every trigger, event trigger and rule, firing as on the source?',
    why: 'Loads disable triggers, and forget to enable them; one that is ALWAYS on fires twice under logical replication.',
    reference: 'PostgreSQL documentation, "ALTER TABLE: ENABLE TRIGGER" and "ALTER EVENT TRIGGER"',
    severity: 'high',
  },
  {
    noun: '',
    plural: 'triggers',
    rows: server => `
  SELECT 'trigger ' || t.tgname || ' of ' || ${dotted} AS name, json_build_array('ALTER TABLE ' || ${quotedTable}, ' TRIGGER ' || quote_ident(t.tgname))::text AS note,
         'fires ' || t.tgenabled::text || chr(10) || pg_get_triggerdef(t.oid) AS definition
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE NOT t.tgisinternal AND ${isUsersTable(server)} AND ${isNoExtensions('pg_trigger', 't.oid')}
   UNION ALL
  SELECT 'event trigger ' || v.evtname, json_build_array('ALTER EVENT TRIGGER ' || quote_ident(v.evtname), '')::text,
         concat_ws(chr(10), 'fires ' || v.evtenabled::text, 'on ' || v.evtevent, 'when tag in ' || array_to_string(v.evttags, ', '),
                   'runs ' || f.nspname || '.' || p.proname)
    FROM pg_event_trigger v JOIN pg_proc p ON p.oid = v.evtfoid JOIN pg_namespace f ON f.oid = p.pronamespace
   WHERE ${isNoExtensions('pg_event_trigger', 'v.oid')}
   UNION ALL
  SELECT 'rule ' || r.rulename || ' of ' || ${dotted}, NULL, 'fires ' || r.ev_enabled::text || chr(10) || pg_get_ruledef(r.oid)
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE r.rulename <> '_RETURN' AND ${isUsersTable(server)}`,
    remedy: ({ source, target, lost, added }) => {
      const [wanted, now] = [lost, added].map(lines => firing.get(/^fires (.)$/.exec(lines.join())?.[1] ?? ''));
      if (!target || !source.note || !wanted || !now) return undefined;
      const [before = '', after = ''] = JSON.parse(source.note) as string[];
      return {
        sql: `${before} ${wanted}${after};`,
        lock: 'writes to the table wait for a moment (SHARE ROW EXCLUSIVE)',
        rollback: `${before} ${now}${after};`,
        verify: 'Run this check again. What was loaded while it was off has not been through it.',
      };
    },
  },
);

export const objectCodeChecks: readonly Check[] = [views, routines, triggers];
