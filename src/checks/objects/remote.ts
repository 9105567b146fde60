/** What reaches other servers, or is reached by them: numbers 53 and 54 of the list of checks. */
import type { Check, ServerFacts } from '../check';
import { defineObjectCheck } from './compare';
import { handwork, namesOf } from './create';
import { quotedTable } from './objects-sql';

/** What a publication is for. Columns, row filters and whole schemas came with 15, as did TABLE before each table. */
function members({ versionNum }: ServerFacts): string {
  const since15 = versionNum >= 150_000;
  const columns = `(SELECT ' (' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) || ')' FROM pg_attribute a
    WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs::int2[]))`;
  const table = `CASE c.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || ${quotedTable}`;
  const tables = (
    member: string,
  ) => `SELECT ${member} AS member FROM pg_publication_rel r JOIN pg_class c ON c.oid = r.prrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace WHERE r.prpubid = p.oid`;
  const listed = since15
    ? `${tables(`'TABLE ' || ${table} || coalesce(${columns}, '') || coalesce(' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')', '')`)}
       UNION ALL SELECT format('TABLES IN SCHEMA %I', n.nspname) FROM pg_publication_namespace s JOIN pg_namespace n ON n.oid = s.pnnspid WHERE s.pnpubid = p.oid`
    : tables(table);
  return `CASE WHEN p.puballtables THEN ' FOR ALL TABLES' ELSE
    (SELECT '${since15 ? ' FOR ' : ' FOR TABLE '}' || string_agg(member, ', ' ORDER BY member) FROM (${listed}) AS m) END`;
}

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
    creates: { lock: 'none that reads or writes wait for (SHARE UPDATE EXCLUSIVE)' },
    byHand: missing =>
      handwork(
        `Its connection string holds a password, which only its owner may read: ${namesOf(missing)}`,
        'CREATE SUBSCRIPTION … CONNECTION … PUBLICATION … WITH (copy_data = false, enabled = false); enable it at go-live.',
      ),
    // Citus and tools that copy make their own, which go with them.
    harmless: ({ name }) =>
      /^(?:publication|subscription) (?:citus_|pgcopydb|dms_|pg_createsubscriber_)/.test(name)
        ? 'a tool made it for its own time'
        : undefined,
    rows: server => `
  SELECT 'publication ' || p.pubname AS name, NULL AS note, concat_ws(chr(10), CASE WHEN p.puballtables THEN 'all tables' END,
      concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END, CASE WHEN p.pubdelete THEN 'delete' END,
                CASE WHEN p.pubtruncate THEN 'truncate' END),
      CASE WHEN p.pubviaroot THEN 'via root' END,
      (SELECT string_agg(t.schemaname || '.' || t.tablename, chr(10) ORDER BY t.schemaname, t.tablename)
         FROM pg_publication_tables t WHERE t.pubname = p.pubname AND NOT p.puballtables)) AS definition,
      format('CREATE PUBLICATION %I%s WITH (publish = %L%s);', p.pubname, ${members(server)},
        concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END, CASE WHEN p.pubdelete THEN 'delete' END,
                  CASE WHEN p.pubtruncate THEN 'truncate' END), CASE WHEN p.pubviaroot THEN ', publish_via_partition_root = true' END) AS created,
      format('DROP PUBLICATION %I;', p.pubname) AS dropped, p.oid::bigint AS place
    FROM (SELECT oid, pubname, puballtables, pubinsert, pubupdate, pubdelete, pubtruncate, coalesce((to_jsonb(p) ->> 'pubviaroot')::boolean, false) AS pubviaroot
            FROM pg_publication p) AS p
   UNION ALL
  SELECT 'subscription ' || s.subname, NULL, concat_ws(chr(10), CASE WHEN s.subenabled THEN 'enabled' ELSE 'disabled' END, array_to_string(s.subpublications, ', ')), NULL, NULL, 0
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
    creates: {},
    byHand: missing =>
      handwork(
        `With secrets that are not read, or of an extension (versions.extensions): ${namesOf(missing)}`,
        'CREATE USER MAPPING FOR … SERVER … OPTIONS (user …, password …); by who knows them, once the server is there.',
      ),
    rows: () => `
  SELECT 'foreign data wrapper ' || w.fdwname AS name, NULL AS note, concat_ws(chr(10), 'wrapper', ${shownOptions('w.fdwoptions')}) AS definition,
         NULL AS created, NULL AS dropped, 0 AS place
    FROM pg_foreign_data_wrapper w
   UNION ALL
  SELECT 'foreign server ' || s.srvname, NULL, concat_ws(chr(10), 'wrapper ' || w.fdwname, 'type ' || s.srvtype, 'version ' || s.srvversion, ${shownOptions('s.srvoptions')}),
         CASE WHEN ${shownOptions('s.srvoptions')} LIKE '% (not shown)%' THEN NULL ELSE format('CREATE SERVER %I%s%s FOREIGN DATA WRAPPER %I%s;', s.srvname,
             ' TYPE ' || quote_literal(s.srvtype), ' VERSION ' || quote_literal(s.srvversion), w.fdwname,
             (SELECT ' OPTIONS (' || string_agg(format('%I %L', split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)), ', ') || ')' FROM unnest(s.srvoptions) AS o)) END,
         format('DROP SERVER %I;', s.srvname), 1
    FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
   UNION ALL
  SELECT 'user mapping of ' || m.usename || ' for ' || m.srvname, NULL, 'mapping', NULL, NULL, 0 FROM pg_user_mappings m`,
  },
);

export const objectRemoteChecks: readonly Check[] = [publications, foreign];
