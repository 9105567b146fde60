import { catalogueCheck, lines, type Step, sql, sqlCheck } from './step';

/** What is checked of each kind of object once the rows are over. */
export const copiedObjects: Step[] = [
  {
    title: 'Sequences',
    tools: '`psql`',
    rollback: 'set them again; a sequence ahead of its column does no harm',
    verify: 'the check passes on the target',
    body: [
      lines(
        'Replication does not carry sequences: without this step the first INSERT of the target takes an id that is in use. Run it',
        'on the source as owner and what it prints on the target, once now for the tests and again in “Go live”. The margin of',
        '100,000 covers ids taken in between. Where clients write through workers, do the same from each worker to its counterpart.',
      ),
      sql(`SELECT format('SELECT setval(%L, %s);', format('%I.%I', schemaname, sequencename),
              CASE WHEN increment_by > 0 THEN least(max_value, last_value + 100000::numeric * increment_by)
                   ELSE greatest(min_value, last_value + 100000::numeric * increment_by) END) AS command
FROM pg_sequences
WHERE last_value IS NOT NULL AND schemaname !~ '^(pg_|columnar|cron$|partman$)'
ORDER BY schemaname, sequencename;`),
      catalogueCheck('sequences.behind'),
    ],
  },
  {
    title: 'Indexes, constraints, statistics',
    tools: '`psql`',
    rollback: '`DROP INDEX CONCURRENTLY` of what was built anew',
    verify: 'the checks pass; an index that is wanted on one side only has a finding below',
    body: [
      'An invalid index costs every write and helps no query: drop it and build it again with `CREATE INDEX CONCURRENTLY`.',
      sqlCheck(
        { id: 'invalid-indexes', on: 'workers', expect: 'empty' },
        `SELECT indrelid::regclass AS "table", indexrelid::regclass AS index
FROM pg_index
WHERE NOT indisvalid OR NOT indisready;`,
      ),
      sqlCheck(
        { id: 'index-definitions', on: 'both', expect: 'same' },
        `SELECT schemaname AS schema, tablename AS "table", indexname AS index, md5(indexdef) AS definition
FROM pg_indexes
WHERE schemaname !~ '^(pg_|columnar|citus|cron$|partman$)';`,
      ),
      '`ALTER TABLE … VALIDATE CONSTRAINT …` reads the table under a lock that lets reads and writes go on:',
      sqlCheck(
        { id: 'unvalidated-constraints', on: 'both', expect: 'same' },
        `SELECT nspname AS schema, relname AS "table", conname AS "constraint"
FROM pg_constraint
JOIN pg_class ON pg_class.oid = conrelid
JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE NOT convalidated;`,
      ),
      lines(
        'A copy brings no statistics along, nor a visibility map, without which index-only scans read the table. On Citus the',
        'command at the coordinator runs on all shards.',
      ),
      sql('VACUUM (ANALYZE, VERBOSE) events;'),
      catalogueCheck('statistics.never-analyzed'),
    ],
  },
  {
    title: 'Indexes on text after a copy of files',
    tools: '`psql`, `amcheck`; strike it after a logical copy',
    rollback: 'nothing to undo; `DROP INDEX CONCURRENTLY` of each `…_ccnew` that a failed REINDEX left',
    verify: 'the proof is clean on every node, and `locale.collations` passes',
    body: [
      lines(
        'An index that was sorted by another C library finds rows no more and lets duplicates in: “duplicate key value violates',
        'unique constraint” for a key that a query does not find. Before anything else look at `sequences.behind`, the usual other',
        'reason. The proof, for every index on text of every node (`CREATE EXTENSION amcheck;`; it reads index and table in full):',
      ),
      sql(`SELECT nodeid, success, result
FROM run_command_on_all_nodes($node$
  SELECT count(bt_index_check(indexrelid, true))
  FROM pg_index
  JOIN pg_class ON pg_class.oid = indexrelid
  JOIN pg_am ON pg_am.oid = relam
  WHERE amname = 'btree' AND relkind = 'i' AND indisvalid AND relpersistence <> 't'
    AND EXISTS (SELECT FROM unnest(indcollation) AS used WHERE used NOT IN (0, 950, 951))
$node$);`),
      lines(
        'On plain PostgreSQL run the inner statement. `success` = `f` names the first broken index. Then, in this order:',
        '',
        '1. Find the duplicates with the indexes out of the way (on Citus after `SET citus.propagate_set_commands = local;`):',
      ),
      sql(`BEGIN;
SET LOCAL enable_indexscan = off;
SET LOCAL enable_indexonlyscan = off;
SET LOCAL enable_bitmapscan = off;
SELECT app_id, id, count(*) FROM events GROUP BY app_id, id HAVING count(*) > 1;
ROLLBACK;`),
      lines(
        '2. The owner of the data says which row of each key stays. Delete the others under the same settings, by `ctid`, on the shard',
        '   that holds them; save them in a file first. REINDEX fails while one is left.',
        '3. Rebuild. At the coordinator this rebuilds the index of every shard; writes go on:',
      ),
      sql('REINDEX INDEX CONCURRENTLY events_pkey;'),
      lines(
        '4. Only now tell each node that its indexes fit, from PostgreSQL 15 on. Done earlier, it hides the damage for good:',
        '   `ALTER DATABASE app REFRESH COLLATION VERSION;`, and `ALTER COLLATION … REFRESH VERSION;` for named collations.',
        '5. Range partitions on text, CHECK constraints and materialized views depend on the order as well: look at each.',
      ),
    ],
  },
  {
    title: 'Row counts',
    tools: '`psql`, two sessions at the same time',
    rollback: 'nothing to undo',
    verify: 'the check passes; the tables of the list below are equal to the row, by count and by sum',
    body: [
      catalogueCheck('tables.row-counts'),
      lines(
        'The check estimates. Exactly, for the tables that matter most; a full scan, so for rows that change no more (yesterday’s',
        'and older), and once more in “Go live”. Time zone and `extra_float_digits` must be alike in both sessions:',
      ),
      sql(`SELECT count(*) AS rows, sum(hashtext(e::text)::bigint) AS checksum
FROM events AS e
WHERE created_at < '2026-01-01';`),
      '- tables that are counted exactly, and who compared them:',
    ],
  },
];
