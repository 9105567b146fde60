/** Collations that people made, of numbers 33 and 43 of the list; versions and what they sort are the business of locale.ts. */
import type { Check } from '../check';
import { isUsers } from '../tables/tables-sql';
import { defineObjectCheck, type ObjectKind, objectQuery } from './compare';
import { isNoExtensions } from './objects-sql';

export const collationKind: ObjectKind = {
  noun: 'collation',
  plural: 'collations',
  // From 16 on a locale of ICU is kept as a language tag, whatever it was written as.
  deparsed: true,
  // The columns have other names in other versions.
  rows: () => `
  SELECT c.name, NULL AS note, concat_ws(chr(10), 'provider ' || c.provider, 'locale ' || c.locale, 'lc_ctype ' || c.ctype,
           CASE WHEN NOT c.deterministic THEN 'not deterministic' END, 'rules ' || c.rules) AS definition,
         format('CREATE COLLATION %s (provider = %s, ', c.quoted, c.provider)
           || CASE WHEN c.provider = 'libc' THEN format('lc_collate = %L, lc_ctype = %L', c.locale, c.ctype) ELSE format('locale = %L', c.locale) END
           || CASE WHEN c.deterministic THEN '' ELSE ', deterministic = false' END || coalesce(', rules = ' || quote_literal(c.rules), '') || ');' AS created,
         format('DROP COLLATION %s;', c.quoted) AS dropped, c.oid::bigint AS place, 'pg_collation'::regclass AS class
    FROM (SELECT o.oid, n.nspname || '.' || o.collname AS name, format('%I.%I', n.nspname, o.collname) AS quoted,
                 CASE o.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END AS provider,
                 coalesce(to_jsonb(o) ->> 'colllocale', to_jsonb(o) ->> 'colliculocale', o.collcollate) AS locale,
                 CASE WHEN o.collprovider = 'c' THEN o.collctype END AS ctype, o.collisdeterministic AS deterministic, to_jsonb(o) ->> 'collicurules' AS rules
            FROM pg_collation o JOIN pg_namespace n ON n.oid = o.collnamespace
           WHERE ${isUsers('n.nspname')} AND ${isNoExtensions('pg_collation', 'o.oid')}) AS c`,
  creates: {},
};

export const collationsQuery = objectQuery('objects.collations', collationKind);

const collations = defineObjectCheck(
  {
    id: 'objects.collations',
    title: 'Collations',
    question: 'Has the target every collation that was made on the source, of the same provider, locale and rules?',
    why: 'Tables, types and indexes that name a missing one cannot be made; one of the same name and another locale sorts and compares otherwise.',
    reference: 'PostgreSQL documentation, "CREATE COLLATION"; dimitri/pgcopydb#21',
    severity: 'high',
  },
  collationKind,
  collationsQuery,
);

export const objectCollationChecks: readonly Check[] = [collations];
