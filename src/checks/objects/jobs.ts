/** Jobs that extensions run: number 55 of the list of checks. */
import type { Check } from '../check';
import { jsonWhere } from '../guarded';
import { defineObjectCheck } from './compare';
import { handwork } from './create';

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
    // As comments: a job that runs on both sides does its work twice.
    byHand: missing =>
      handwork(
        'At go-live, when the job no longer runs on the source. Tables that pg_partman keeps: partman.create_parent of each.',
        ...missing.map(({ name, source }) => `${name}${source.note ? `, ${source.note}` : ''}`),
      ),
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
  SELECT j ->> 0 AS name, j ->> 2 AS note, j ->> 1 AS definition FROM json_array_elements(coalesce(${jsonWhere(
    `EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'cron' AND c.relname = 'job'
       AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'))`,
    `SELECT json_agg(json_build_array('job ' || coalesce(to_jsonb(j) ->> 'jobname', left(j.command, 60)) || ' of ' || j.username,
       concat_ws(chr(10), j.schedule, j.command, 'database ' || j.database, CASE WHEN j.active THEN 'active' ELSE 'inactive' END),
       format('as %s in %s: SELECT cron.schedule(%L, %L, %L);', j.username, j.database, coalesce(to_jsonb(j) ->> 'jobname', left(j.command, 60)), j.schedule, j.command))) FROM cron.job j`,
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

export const objectJobChecks: readonly Check[] = [jobs];
