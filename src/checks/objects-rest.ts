/** What else hangs on objects: numbers 50 to 56 of the list of checks. */
import type { Check } from './check';
import { jsonWhere } from './guarded';
import { literal } from './literal';
import { defineObjectCheck } from './objects-compare';
import { dotted, isUsersTable, quotedTable } from './objects-sql';
import { isUsers } from './tables-sql';

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
         pg_get_statisticsobjdef(s.oid) || chr(10) || 'target ' || coalesce(to_jsonb(s) ->> 'stxstattarget', '-1') AS definition
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
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND o LIKE 'n_distinct%'))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'm', 'f', 'i', 'I') AND ${isUsersTable(server)}`,
    remedy: ({ source, target, lost, added }) => {
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
        lock: 'none that reads or writes wait for (SHARE UPDATE EXCLUSIVE)',
        rollback,
        verify: 'Run this check again; a statistics target counts from the next ANALYZE on.',
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
    rows: () => `
  SELECT 'large objects' AS name, NULL AS note, CASE WHEN count(*) > 100000 THEN 'more than 100000' ELSE count(*)::text END AS definition
    FROM (SELECT FROM pg_largeobject_metadata LIMIT 100001) AS o`,
  },
);

const publications = defineObjectCheck(
  {
    id: 'objects.publications',
    title: 'Publications and subscriptions',
    question: 'Has the target the publications and subscriptions that the source has for others?',
    why: 'What reads changes from the source (a warehouse, a search index) stands still after the move, and slots are not moved.',
    reference: 'PostgreSQL documentation, "Logical Replication"',
    severity: 'medium',
  },
  {
    noun: '',
    plural: 'publications and subscriptions',
    // Citus and tools that copy make their own, which go with them.
    harmless: ({ name }) =>
      /^(?:publication|subscription) (?:citus_|pgcopydb|dms_|pg_createsubscriber_)/.test(name)
        ? 'a tool made it for its own time'
        : undefined,
    rows: () => `
  SELECT 'publication ' || p.pubname AS name, NULL AS note, concat_ws(chr(10), CASE WHEN p.puballtables THEN 'all tables' END,
      concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END, CASE WHEN p.pubdelete THEN 'delete' END,
                CASE WHEN p.pubtruncate THEN 'truncate' END),
      CASE WHEN p.pubviaroot THEN 'via root' END,
      (SELECT string_agg(t.schemaname || '.' || t.tablename, chr(10) ORDER BY t.schemaname, t.tablename)
         FROM pg_publication_tables t WHERE t.pubname = p.pubname AND NOT p.puballtables)) AS definition
    FROM (SELECT pubname, puballtables, pubinsert, pubupdate, pubdelete, pubtruncate, coalesce((to_jsonb(p) ->> 'pubviaroot')::boolean, false) AS pubviaroot
            FROM pg_publication p) AS p
   UNION ALL
  SELECT 'subscription ' || s.subname, NULL, concat_ws(chr(10), CASE WHEN s.subenabled THEN 'enabled' ELSE 'disabled' END, array_to_string(s.subpublications, ', '))
    FROM pg_subscription s WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  },
);

/** What of a server's or mapping's options may be shown. */
const shownOptions = (options: string): string =>
  `(SELECT string_agg(CASE WHEN o ~* '^[^=]*(pass|secret|key|token|cert)' THEN split_part(o, '=', 1) || ' (not shown)' ELSE o END, chr(10) ORDER BY o)
      FROM unnest(${options}) AS o)`;

const foreign = defineObjectCheck(
  {
    id: 'objects.foreign-servers',
    title: 'Foreign data wrappers, servers and user mappings',
    question: 'Has the target every foreign server with the same options, and a mapping for the same roles?',
    why: 'Servers that are reached from the source may not be from the target; passwords of mappings are not dumped for every role.',
    reference: 'PostgreSQL documentation, "CREATE SERVER" and "CREATE USER MAPPING"',
    severity: 'medium',
  },
  {
    noun: '',
    plural: 'wrappers, servers and mappings',
    rows: () => `
  SELECT 'foreign data wrapper ' || w.fdwname AS name, NULL AS note, concat_ws(chr(10), 'wrapper', ${shownOptions('w.fdwoptions')}) AS definition
    FROM pg_foreign_data_wrapper w
   UNION ALL
  SELECT 'foreign server ' || s.srvname, NULL, concat_ws(chr(10), 'wrapper ' || w.fdwname, 'type ' || s.srvtype, 'version ' || s.srvversion, ${shownOptions('s.srvoptions')})
    FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
   UNION ALL
  SELECT 'user mapping of ' || m.usename || ' for ' || m.srvname, NULL, 'mapping' FROM pg_user_mappings m`,
  },
);

const jobs = defineObjectCheck(
  {
    id: 'objects.jobs',
    title: 'Jobs of pg_cron and partitions of pg_partman',
    question: 'Has the target the jobs that pg_cron runs on the source, and the tables that pg_partman keeps?',
    why: 'A job that is missing is noticed late; until go-live one that runs on both sides does its work twice. Partitions that nobody makes end in errors.',
    reference: 'citusdata/pg_cron and pgpartman/pg_partman, README',
    severity: 'medium',
  },
  {
    noun: '',
    plural: 'jobs',
    // A policy of pg_cron shows each role its own jobs.
    hidden: `
  SELECT CASE WHEN usage AND reads THEN 'this role sees only its own jobs of ' ELSE 'this role may not read ' END || nspname || '.' || relname AS what,
         CASE WHEN NOT usage THEN format('USAGE ON SCHEMA %I', nspname) WHEN NOT reads THEN format('SELECT ON %I.%I', nspname, relname) END AS privilege
    FROM (SELECT c.oid, n.nspname, c.relname, has_schema_privilege(n.oid, 'USAGE') AS usage, has_table_privilege(c.oid, 'SELECT') AS reads
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = 'cron' AND c.relname = 'job' OR c.relname = 'part_config' AND EXISTS (
             SELECT FROM pg_extension e WHERE e.extname = 'pg_partman' AND e.extnamespace = n.oid)) AS kept
   WHERE NOT usage OR NOT reads OR row_security_active(oid)`,
    rows: () => `
  SELECT j ->> 0 AS name, NULL AS note, j ->> 1 AS definition FROM json_array_elements(coalesce(${jsonWhere(
    `EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'cron' AND c.relname = 'job'
       AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'))`,
    `SELECT json_agg(json_build_array('job ' || coalesce(to_jsonb(j) ->> 'jobname', left(j.command, 60)) || ' of ' || j.username,
       concat_ws(chr(10), j.schedule, j.command, 'database ' || j.database, CASE WHEN j.active THEN 'active' ELSE 'inactive' END))) FROM cron.job j`,
  )}, '[]')) AS j
   UNION ALL
  SELECT j ->> 0, NULL, j ->> 1 FROM json_array_elements(coalesce((SELECT ${partman}), '[]')) AS j`,
  },
);

/** pg_partman lives in a schema of the user's choice, which only its catalog entry tells. */
const partman = `CASE WHEN has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') THEN convert_from(decode(substring(query_to_xml(format(
    'SELECT encode(convert_to(coalesce(json_agg(json_build_array(''partitions of '' || parent_table, concat_ws(chr(10), ''interval '' || partition_interval,
       ''ahead '' || premake, ''retention '' || retention))), ''[]'')::text, ''UTF8''), ''base64'') AS base64 FROM %I.part_config', n.nspname),
    false, true, '')::text FROM '<base64>(.*)</base64>'), 'base64'), 'UTF8')::json END
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'part_config'
 WHERE e.extname = 'pg_partman' LIMIT 1`;

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
  SELECT 'comment on ' || i.type || ' ' || i.identity AS name, NULL AS note, d.description AS definition
    FROM pg_description d CROSS JOIN LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) AS i
   WHERE d.objoid >= 16384 AND ${isUsers("coalesce(i.schema, '')")}
     AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classoid AND e.objid = d.objoid AND e.deptype = 'e') AND d.classoid <> 'pg_extension'::regclass
   UNION ALL
  SELECT 'label of ' || l.provider || ' on ' || l.objtype || ' ' || l.objname, NULL, l.label FROM pg_seclabels l WHERE l.objoid >= 16384`,
  },
);

export const objectRestChecks: readonly Check[] = [
  tuning,
  tablespaces,
  largeObjects,
  publications,
  foreign,
  jobs,
  comments,
];
