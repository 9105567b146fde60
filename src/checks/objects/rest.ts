/** What else hangs on objects: numbers 50, 51, 52 and 56 of the list of checks. */
import type { Check } from '../check';
import { literal } from '../literal';
import { isUsers } from '../tables/tables-sql';
import { defineObjectCheck } from './compare';
import { handwork, namesOf } from './create';
import { dotted, isUsersTable, quotedTable } from './objects-sql';

const noWait = 'none that reads or writes wait for (SHARE UPDATE EXCLUSIVE)';
const fromNextAnalyze = 'Run this check again; statistics count from the next ANALYZE on.';

const tuning = defineObjectCheck(
  {
    id: 'objects.tuning',
    title: 'Extended statistics, statistics targets and storage options',
    question:
      'Has the target the same extended statistics, statistics targets of columns, and options of tables and indexes?',
    why: 'Without them the planner reckons with other row counts; another fillfactor or autovacuum option shows as bloat weeks later.',
    reference: 'PostgreSQL documentation, "CREATE STATISTICS", "ALTER TABLE: SET STATISTICS" and "Storage Parameters"',
    severity: 'medium',
  },
  {
    noun: '',
    plural: 'objects with such options',
    sparse: true,
    rows: server => `
  SELECT 'statistics ' || sn.nspname || '.' || s.stxname AS name, NULL AS note,
         pg_get_statisticsobjdef(s.oid) || chr(10) || 'target ' || coalesce(to_jsonb(s) ->> 'stxstattarget', '-1') AS definition,
         pg_get_statisticsobjdef(s.oid) || ';' || CASE WHEN (to_jsonb(s) ->> 'stxstattarget')::int >= 0
           THEN format('%sALTER STATISTICS %I.%I SET STATISTICS %s;', chr(10), sn.nspname, s.stxname, to_jsonb(s) ->> 'stxstattarget') ELSE '' END AS created,
         format('DROP STATISTICS %I.%I;', sn.nspname, s.stxname) AS dropped, s.oid::bigint AS place
    FROM pg_statistic_ext s JOIN pg_namespace sn ON sn.oid = s.stxnamespace JOIN pg_class c ON c.oid = s.stxrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE ${isUsersTable(server)}
   UNION ALL
  SELECT CASE WHEN c.relkind IN ('i', 'I') THEN 'index ' WHEN c.relkind IN ('v') THEN 'view ' ELSE 'table ' END || ${dotted},
         CASE WHEN c.relkind IN ('i', 'I') THEN 'INDEX ' WHEN c.relkind = 'm' THEN 'MATERIALIZED VIEW ' WHEN c.relkind = 'f' THEN 'FOREIGN TABLE ' ELSE 'TABLE ' END || ${quotedTable},
         concat_ws(chr(10), (SELECT string_agg('option ' || o, chr(10) ORDER BY o) FROM unnest(c.reloptions) AS o),
           (SELECT string_agg('option toast.' || o, chr(10) ORDER BY o) FROM pg_class t, unnest(t.reloptions) AS o WHERE t.oid = c.reltoastrelid),
           (SELECT string_agg(format('column %I statistics %s', a.attname, a.attstattarget), chr(10) ORDER BY a.attname)
              FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attstattarget >= 0),
           (SELECT string_agg(format('column %I %s', a.attname, o), chr(10) ORDER BY a.attname, o) FROM pg_attribute a, unnest(a.attoptions) AS o
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND o LIKE 'n_distinct%')), NULL, NULL, 0
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'm', 'f', 'i', 'I') AND ${isUsersTable(server)}`,
    creates: {},
    remedy: ({ source, target, lost, added }) => {
      if (target?.definition === '' && source.created !== null && source.dropped !== null)
        return { sql: source.created, lock: noWait, rollback: source.dropped, verify: fromNextAnalyze };
      const note = target?.note ?? source.note;
      if (!note) return undefined;
      const changes = (wanted: string[], now: string[]) => {
        const options = new Map(
          wanted.flatMap(line => [...line.matchAll(/^option (\w+)=(.*)$/g)].map(found => [found[1]!, found[2]!])),
        );
        const resets = now.flatMap(line => /^option (\w+)=/.exec(line)?.[1] ?? []).filter(name => !options.has(name));
        const columns = wanted.flatMap(
          line => /^column (.*) statistics (\d+)$/.exec(line)?.slice(1, 3).join(' SET STATISTICS ') ?? [],
        );
        const unset = now
          .flatMap(line => /^column (.*) statistics \d+$/.exec(line)?.[1] ?? [])
          .filter(column => !columns.some(each => each.startsWith(`${column} SET `)));
        const said = options.size + columns.length + resets.length + unset.length > 0;
        return said
          ? `ALTER ${note} ${[
              ...(options.size > 0
                ? [`SET (${[...options].map(([name, value]) => `${name} = ${literal(value)}`).join(', ')})`]
                : []),
              ...(resets.length > 0 ? [`RESET (${resets.join(', ')})`] : []),
              ...columns.map(each => `ALTER COLUMN ${each}`),
              ...unset.map(column => `ALTER COLUMN ${column} SET STATISTICS -1`),
            ].join(', ')};`
          : undefined;
      };
      const [sql, rollback] = [changes(lost, added), changes(added, lost)];
      if (!sql || !rollback) return undefined;
      return {
        sql,
        lock: noWait,
        rollback,
        verify: fromNextAnalyze,
      };
    },
  },
);

const tablespaces = defineObjectCheck(
  {
    id: 'objects.tablespaces',
    title: 'Tablespaces',
    question: 'Has the target the tablespaces, with the options, that objects of the source lie in?',
    why: 'Managed services have none; costs of pages set on one (random_page_cost) are lost with it.',
    reference: 'PostgreSQL documentation, "CREATE TABLESPACE"',
    severity: 'low',
  },
  {
    noun: 'tablespace',
    plural: 'tablespaces',
    byHand: missing =>
      handwork(
        `On every node of the target, with an empty folder of the server's account for each: ${namesOf(missing)}`,
        'CREATE TABLESPACE … LOCATION …, with the same options. Where none is allowed, restore with --no-tablespaces.',
      ),
    rows: () => `
  SELECT s.spcname::text AS name, NULL AS note, coalesce(array_to_string(s.spcoptions, chr(10)), '') AS definition
    FROM pg_tablespace s WHERE s.spcname NOT IN ('pg_default', 'pg_global')
     AND (EXISTS (SELECT FROM pg_class c WHERE c.reltablespace = s.oid)
       OR EXISTS (SELECT FROM pg_database d WHERE d.dattablespace = s.oid AND d.datname = current_database()))`,
  },
);

const largeObjects = defineObjectCheck(
  {
    id: 'objects.large-objects',
    title: 'Large objects',
    question: 'Has the target as many large objects as the source?',
    why: 'Logical replication does not carry them, and pg_dump of single tables leaves them behind.',
    reference: 'PostgreSQL documentation, "Logical Replication: Restrictions"',
    severity: 'high',
  },
  {
    noun: '',
    plural: 'counts of large objects',
    remedy: () =>
      handwork(
        'Out of a dump of the source; SOURCE and TARGET stand for connection strings. One that is there already is refused:',
        "pg_dump --format=custom --large-objects --exclude-table-data='*.*' --file=objects.dump --dbname=SOURCE",
        "pg_restore --list objects.dump | grep -E 'BLOB|LARGE OBJECT' > contents",
        'pg_restore --use-list=contents --dbname=TARGET objects.dump',
      ),
    rows: () => `
  SELECT 'large objects' AS name, NULL AS note, CASE WHEN count(*) > 100000 THEN 'more than 100000' ELSE count(*)::text END AS definition
    FROM (SELECT FROM pg_largeobject_metadata LIMIT 100001) AS o`,
  },
);

const comments = defineObjectCheck(
  {
    id: 'objects.comments',
    title: 'Comments and security labels',
    question: 'Has the target the comments and security labels of the source?',
    why: 'People and some tools (PostgREST, Hasura, anonymizers) read them as configuration.',
    reference: 'PostgreSQL documentation, "COMMENT" and "SECURITY LABEL"',
    severity: 'low',
  },
  {
    noun: '',
    plural: 'comments and labels',
    sparse: true,
    rows: () => `
  SELECT 'comment on ' || i.type || ' ' || i.identity AS name, head AS note, d.description AS definition,
         head || quote_literal(d.description) || ';' AS created, head || 'NULL;' AS dropped, 0 AS place
    FROM pg_description d CROSS JOIN LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) AS i
    CROSS JOIN LATERAL (SELECT 'COMMENT ON ' || CASE
        WHEN i.type LIKE '% column' THEN 'COLUMN'
        WHEN i.type = 'table constraint' THEN 'CONSTRAINT'
        WHEN i.type = 'statistics object' THEN 'STATISTICS'
        WHEN i.type IN ('table', 'index', 'sequence', 'view', 'materialized view', 'foreign table', 'function', 'procedure', 'aggregate', 'type', 'schema',
                        'trigger', 'event trigger', 'rule', 'policy', 'collation', 'publication', 'server', 'cast', 'operator', 'language')
          THEN upper(i.type) END || ' ' || i.identity || ' IS ' AS head) AS h
   WHERE d.objoid >= 16384 AND ${isUsers("coalesce(i.schema, '')")}
     AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classoid AND e.objid = d.objoid AND e.deptype = 'e') AND d.classoid <> 'pg_extension'::regclass
   UNION ALL
  SELECT 'label of ' || l.provider || ' on ' || l.objtype || ' ' || l.objname, NULL, l.label, NULL, NULL, 0 FROM pg_seclabels l WHERE l.objoid >= 16384`,
    creates: {},
    remedy: ({ source, target }) => {
      const sql = source.created ?? target?.dropped;
      const rollback = target?.created ?? source.dropped;
      return sql && rollback ? { sql, lock: noWait, rollback, verify: 'Run this check again.' } : undefined;
    },
  },
);

export const objectRestChecks: readonly Check[] = [tuning, tablespaces, largeObjects, comments];
