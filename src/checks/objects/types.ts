/** Schemas and types: of number 43 of the list of checks. */
import type { Check } from '../check';
import { isUsers } from '../tables/tables-sql';
import { defineObjectCheck, type ObjectKind, objectQuery } from './compare';
import { fromDump } from './create';
import { isNoExtensions } from './objects-sql';

export const schemaKind: ObjectKind = {
  noun: 'schema',
  plural: 'schemas',
  rows: () => `
  SELECT n.nspname::text AS name, NULL AS note, '' AS definition, format('CREATE SCHEMA %I;', n.nspname) AS created,
         format('DROP SCHEMA %I;', n.nspname) AS dropped, n.oid::bigint AS place, 'pg_namespace'::regclass AS class
    FROM pg_namespace n WHERE ${isUsers('n.nspname')} AND ${isNoExtensions('pg_namespace', 'n.oid')}`,
  creates: {},
};

export const schemasQuery = objectQuery('objects.schemas', schemaKind);

const schemas = defineObjectCheck(
  {
    id: 'objects.schemas',
    title: 'Schemas',
    question: 'Has the target every schema of the source?',
    why: 'Nothing of a schema can be restored before it is there; a search_path that names it finds the tables of another one.',
    reference: 'PostgreSQL documentation, "CREATE SCHEMA" and "The Schema Search Path"',
    severity: 'high',
  },
  schemaKind,
  schemasQuery,
);

/** `COLLATE` where it is not the type's own. */
const collate = (own: string, ofType: string): string =>
  `CASE WHEN ${own} <> 0 AND ${own} <> ${ofType} THEN (SELECT format(' COLLATE %I.%I', cn.nspname, o.collname) FROM pg_collation o JOIN pg_namespace cn ON cn.oid = o.collnamespace WHERE o.oid = ${own}) ELSE '' END`;

export const typeKind: ObjectKind = {
  noun: 'type',
  plural: 'types',
  rows: () => `
  SELECT n.nspname || '.' || t.typname AS name, NULL AS note, concat_ws(chr(10),
      CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain over ' || format_type(t.typbasetype, t.typtypmod) WHEN 'c' THEN 'composite'
                     WHEN 'r' THEN 'range of ' || (SELECT format_type(rngsubtype, NULL) FROM pg_range WHERE rngtypid = t.oid) END,
      (SELECT string_agg(quote_literal(l.enumlabel), ', ' ORDER BY l.enumsortorder) FROM pg_enum l WHERE l.enumtypid = t.oid),
      CASE WHEN t.typtype = 'd' AND t.typnotnull THEN 'NOT NULL' END, 'DEFAULT ' || CASE WHEN t.typtype = 'd' THEN t.typdefault END,
      (SELECT string_agg(pg_get_constraintdef(k.oid), chr(10) ORDER BY k.conname) FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'),
      (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), chr(10) ORDER BY a.attnum)
         FROM pg_attribute a WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)) AS definition,
      CASE t.typtype
        WHEN 'e' THEN format('CREATE TYPE %I.%I AS ENUM (%s);', n.nspname, t.typname,
          (SELECT string_agg(quote_literal(l.enumlabel), ', ' ORDER BY l.enumsortorder) FROM pg_enum l WHERE l.enumtypid = t.oid))
        WHEN 'c' THEN format('CREATE TYPE %I.%I AS (%s);', n.nspname, t.typname,
          (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)) || ${collate('a.attcollation', 'at.typcollation')}, ', ' ORDER BY a.attnum)
             FROM pg_attribute a JOIN pg_type at ON at.oid = a.atttypid WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped))
        WHEN 'd' THEN format('CREATE DOMAIN %I.%I AS ', n.nspname, t.typname) || format_type(t.typbasetype, t.typtypmod)
          || ${collate('t.typcollation', '(SELECT typcollation FROM pg_type WHERE oid = t.typbasetype)')}
          || coalesce(' DEFAULT ' || t.typdefault, '') || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END
          || coalesce((SELECT string_agg(format(' CONSTRAINT %I ', k.conname) || pg_get_constraintdef(k.oid), '' ORDER BY k.conname)
                         FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c' AND k.convalidated), '') || ';'
          || coalesce((SELECT string_agg(format('%sALTER DOMAIN %I.%I ADD CONSTRAINT %I %s;', chr(10), n.nspname, t.typname, k.conname, pg_get_constraintdef(k.oid)), '' ORDER BY k.conname)
                         FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c' AND NOT k.convalidated), '') END AS created,
      format('DROP %s %I.%I;', CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, n.nspname, t.typname) AS dropped, t.oid::bigint AS place, 'pg_type'::regclass AS class
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
   WHERE (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND EXISTS (SELECT FROM pg_class WHERE oid = t.typrelid AND relkind = 'c'))
     AND ${isUsers('n.nspname')} AND ${isNoExtensions('pg_type', 't.oid')}`,
  creates: {},
  // A range's operator class, canonical function and the name of its multirange are in the dump.
  byHand: fromDump('pre-data'),
};

export const typesQuery = objectQuery('objects.types', typeKind);

const types = defineObjectCheck(
  {
    id: 'objects.types',
    title: 'Types',
    question: 'Has the target every enum, domain, composite and range type, defined alike?',
    why: 'A label that an enum lacks, or a check that a domain has not, is an error, or a wrong row, at run time.',
    reference: 'PostgreSQL documentation, "CREATE TYPE" and "CREATE DOMAIN"',
    severity: 'high',
  },
  typeKind,
  typesQuery,
);

export const objectSchemaChecks: readonly Check[] = [schemas];
export const objectTypeChecks: readonly Check[] = [types];
