/** Sequences as objects, of number 49 of the list of checks; how far they are is the business of sequences.ts. */
import type { Check } from '../check';
import { defineObjectCheck } from './compare';
import { isUsersTable } from './objects-sql';

const again = 'Run this check again, and sequences.behind.';

const sequences = defineObjectCheck(
  {
    id: 'objects.sequences',
    title: 'Sequences',
    question: 'Has the target every sequence with the same type, step, bounds, cache and owner column?',
    why: 'An INSERT or a client that calls nextval of a missing one fails; one with another step or bound gives numbers twice, or runs out.',
    reference: 'PostgreSQL documentation, "CREATE SEQUENCE"',
    severity: 'high',
  },
  {
    noun: 'sequence',
    plural: 'sequences',
    // Those of identity columns come with their tables, under names that the server gives.
    rows: server => `
  SELECT s.name, s.quoted AS note, s.definition, 'CREATE SEQUENCE IF NOT EXISTS ' || s.quoted || ' ' || s.clauses || ';'
           || coalesce(chr(10) || 'ALTER SEQUENCE ' || s.quoted || ' OWNED BY ' || s.owner || ';', '') AS created,
         'DROP SEQUENCE ' || s.quoted || ';' AS dropped, s.oid::bigint AS place
    FROM (SELECT c.oid, n.nspname || '.' || c.relname AS name, format('%I.%I', n.nspname, c.relname) AS quoted, o.owner,
                 replace(k.clauses, chr(10), ' ') AS clauses, k.clauses || chr(10) || 'OWNED BY ' || coalesce(o.owner, 'NONE') AS definition
            FROM pg_sequence q JOIN pg_class c ON c.oid = q.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            CROSS JOIN LATERAL (SELECT concat_ws(chr(10), 'AS ' || format_type(q.seqtypid, NULL), 'INCREMENT BY ' || q.seqincrement, 'MINVALUE ' || q.seqmin,
                'MAXVALUE ' || q.seqmax, 'START WITH ' || q.seqstart, 'CACHE ' || q.seqcache, CASE WHEN q.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END) AS clauses) AS k
            LEFT JOIN LATERAL (SELECT format('%I.%I.%I', tn.nspname, t.relname, a.attname) AS owner FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid
                JOIN pg_namespace tn ON tn.oid = t.relnamespace JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
               WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'a' LIMIT 1) AS o ON true
           WHERE ${isUsersTable(server)} AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i')) AS s`,
    creates: {},
    remedy: ({ source, target, lost, added }) => {
      if (!target || lost.length === 0) return undefined;
      // Each line is a clause of ALTER SEQUENCE.
      return {
        sql: `ALTER SEQUENCE ${source.note} ${lost.join(' ')};`,
        lock: 'nextval waits for a moment (SHARE ROW EXCLUSIVE)',
        rollback: `ALTER SEQUENCE ${target.note} ${added.join(' ')};`,
        verify: again,
      };
    },
  },
);

export const objectSequenceChecks: readonly Check[] = [sequences];
