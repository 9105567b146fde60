import * as z from 'zod/mini';
import { quoted } from '../../plan/causes/relations';
import { type Side, sides } from '../../shared/side';
import { type Answered, answered, unanswered } from '../answers';
import { type Check, type CheckDifference, type CheckQuery, type CheckRemedyStep, defineCheck } from '../check';
import { conclude } from '../conclude';
import { literal } from '../literal';
import { coordinatorOf, joinSteps, valueOn, withoutPropagation } from '../nodes';
import { compareVersions } from '../versions/compare-versions';

const text = z.nullable(z.string());
const localeSchema = z.strictObject({
  database: z.string(),
  encoding: z.string(),
  collate: text,
  ctype: text,
  /** `c`: libc, `i`: ICU, `b`: built in. */
  provider: z.string(),
  locale: text,
  rules: text,
  /** Version that the database's indexes were made with, and that the node has now. Both null before 15, and for C. */
  recorded: text,
  actual: text,
  /** glibc of the node, where its collations tell. */
  libc: text,
  /** Equal on both sides: one is a physical copy of the other. */
  system: z.string(),
  /** Collations that columns or indexes use, with another version than theirs. */
  stale: z.array(z.strictObject({ schema: z.string(), name: z.string(), recorded: z.string(), actual: z.string() })),
});
export type Locale = z.infer<typeof localeSchema>;

export const localeQuery: CheckQuery<Locale> = {
  name: 'locale',
  nodes: 'every',
  sql: ({ versionNum }) => `SELECT json_build_object(
  'database', d.datname, 'encoding', pg_encoding_to_char(d.encoding), 'collate', d.datcollate, 'ctype', d.datctype,
  'provider', coalesce(to_jsonb(d) ->> 'datlocprovider', 'c'),
  'locale', coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'), 'rules', to_jsonb(d) ->> 'daticurules',
  'recorded', to_jsonb(d) ->> 'datcollversion',
  'actual', ${versionNum >= 150_000 ? 'pg_database_collation_actual_version(d.oid)' : 'NULL'},
  'libc', (SELECT pg_collation_actual_version(c.oid) FROM pg_collation c
            WHERE c.collprovider = 'c' AND c.collcollate NOT IN ('C', 'POSIX', 'C.utf8', 'C.UTF-8') AND c.collencoding IN (-1, d.encoding)
            ORDER BY c.oid LIMIT 1),
  'system', (SELECT system_identifier::text FROM pg_control_system()),
  'stale', (SELECT coalesce(json_agg(json_build_object('schema', n.nspname, 'name', c.collname, 'recorded', c.collversion,
                                                       'actual', c.actual) ORDER BY n.nspname, c.collname), '[]')
     FROM (SELECT c.*, pg_collation_actual_version(c.oid) AS actual FROM pg_collation c
            WHERE c.collversion IS NOT NULL
              AND (c.oid IN (SELECT attcollation FROM pg_attribute WHERE attrelid >= 16384)
                OR c.oid IN (SELECT unnest(indcollation) FROM pg_index WHERE indexrelid >= 16384))) AS c
     JOIN pg_namespace n ON n.oid = c.collnamespace
    WHERE c.actual <> c.collversion))
  FROM pg_database d WHERE d.datname = current_database()`,
  answer: localeSchema,
};

const collations = defineCheck({
  id: 'locale.collations',
  group: 'locale',
  title: 'Encoding and collations',
  question:
    'Do all nodes encode and sort text alike, and with the collation versions that their indexes were built with?',
  why: 'An index built under another order misses rows and lets duplicates in. glibc 2.28 re-ordered even plain ASCII strings.',
  reference:
    'PostgreSQL documentation, "ALTER COLLATION: Notes"; ardentperf/glibc-unicode-sorting (measured: 2.28 alone moved ASCII)',
  severity: 'critical',
  sides,
  queries: { locale: localeQuery },
  judge({ source, target }) {
    const nodes = { source: answered(source.answers.locale), target: answered(target.answers.locale) };
    const from = coordinatorOf(nodes.source);
    const to = coordinatorOf(nodes.target);
    const differences: CheckDifference[] = [];
    const remedies: CheckRemedyStep[] = [];
    const remarks: string[] = [];
    if (from && to) {
      for (const [what, of] of parts) {
        const [a, b] = [of(from.answer), of(to.answer)];
        if (a !== b) differences.push({ what, source: a, target: b });
      }
      compareLibc(from.answer, to.answer, differences, remarks);
    }
    for (const side of sides) {
      const own = coordinatorOf(nodes[side]);
      for (const found of nodes[side]) {
        if (own && found !== own) differences.push(...oddParts(side, own.answer, found));
        const stale = staleParts(side, found);
        differences.push(...stale);
        if (stale.length > 0) remedies.push(rebuild(side, found));
      }
    }
    return conclude({
      differences,
      remedies: joinSteps(remedies),
      remarks,
      unknown: unanswered(source.answers.locale, target.answers.locale),
      pass: to ? `both sides: ${[...parts.values()].map(of => of(to.answer)).join(', ')}` : '–',
    });
  },
});

/** What decides about order and case. */
const parts: ReadonlyMap<string, (locale: Locale) => string> = new Map([
  ['encoding', ({ encoding }: Locale) => encoding],
  ['provider', ({ provider }: Locale) => ({ c: 'libc', i: 'ICU', b: 'builtin' })[provider] ?? provider],
  ['collation', (locale: Locale) => normalName(locale.provider === 'c' ? locale.collate : locale.locale)],
  ['character classes', (locale: Locale) => normalName(locale.provider === 'c' ? locale.ctype : locale.locale)],
]);

/** `en_US.utf8` is `en_US.UTF-8`. */
function normalName(name: string | null): string {
  return (name ?? 'none').replace(/\.utf-?8$/i, '.UTF-8');
}

function sortsByLibc({ provider, collate }: Locale): boolean {
  return provider === 'c' && !/^(?:C|POSIX)(?:\.|$)/.test(collate ?? 'C');
}

/** A logical copy builds its indexes anew; a physical one brings them along. */
function compareLibc(source: Locale, target: Locale, differences: CheckDifference[], remarks: string[]): void {
  const [a, b] = [source.actual ?? source.libc, target.actual ?? target.libc];
  const isCopy = source.system === target.system;
  if (!a || !b || a === b || source.provider !== target.provider) return;
  const [older, newer] = [a, b].sort(compareVersions);
  const crosses =
    source.provider === 'c' && compareVersions(older!, '2.28') < 0 && compareVersions(newer!, '2.28') >= 0;
  const sorts = sortsByLibc(source) || source.provider === 'i';
  if (sorts && isCopy) {
    differences.push({ what: 'collation version under the same index files (a physical copy)', source: a, target: b });
  } else if (sorts && crosses) {
    differences.push({ what: 'glibc, across 2.28, which sorts text in another order', source: a, target: b });
  } else {
    remarks.push(
      `collation version: source ${a}, target ${b}; ${sorts ? 'a logical copy builds its indexes anew' : 'the database sorts by bytes'}`,
    );
  }
}

function oddParts(side: Side, own: Locale, { node, answer }: Answered<Locale>): CheckDifference[] {
  const libc: [string, (locale: Locale) => string] = ['collation version', locale => locale.actual ?? 'none'];
  return [...parts, libc].flatMap(([what, of]) =>
    of(own) === of(answer)
      ? []
      : [{ what: `${what} other than the coordinator's ${of(own)}`, node, ...valueOn(side, of(answer)) }],
  );
}

function staleParts(side: Side, { node, answer }: Answered<Locale>): CheckDifference[] {
  const found = answer.stale.map(({ schema, name, recorded, actual }) => ({
    what: `collation ${schema}.${name} of another version than the node's`,
    node,
    ...valueOn(side, `recorded ${recorded}, actual ${actual}`),
  }));
  const { recorded, actual } = answer;
  if (actual === null || recorded === actual) return found;
  const what =
    recorded === null
      ? "database without a collation version, as one made under musl: its indexes may hold another libc's order"
      : "database of another collation version than the node's";
  return [{ what, node, ...valueOn(side, `recorded ${recorded ?? 'none'}, actual ${actual}`) }, ...found];
}

/**
 * Statements that record the collation versions that a node has now, where it has others on record. REFRESH refuses a database
 * that has none on record ("invalid collation version change").
 */
export function recordVersions({ database, recorded, actual, stale }: Locale): string[] {
  const statements = stale.map(({ schema, name }) => `ALTER COLLATION ${quoted(schema, name)} REFRESH VERSION;`);
  if (actual !== null && recorded === null)
    statements.push(
      `UPDATE pg_catalog.pg_database SET datcollversion = ${literal(actual)} WHERE datname = ${literal(database)} AND datcollversion IS NULL;`,
    );
  else if (actual !== null && recorded !== actual)
    statements.push(`ALTER DATABASE ${quoted(database)} REFRESH COLLATION VERSION;`);
  return statements;
}

/** REFRESH before REINDEX would hide what is broken (pgrundev/pgbot#55). */
function rebuild(side: Side, { node, role, answer }: Answered<Locale>): CheckRemedyStep {
  return {
    side,
    nodes: [node],
    sql: [
      ...(role === 'worker' ? [withoutPropagation.trim()] : []),
      '-- After duplicates were looked for with index scans off, and removed:',
      `REINDEX DATABASE ${quoted(answer.database)};`,
      '-- After what locale.dependents lists was looked at:',
      ...recordVersions(answer),
    ].join('\n'),
    lock: 'writes wait for each table, and reads that use the index; REINDEX (CONCURRENTLY) per index lets them go on',
    rollback: 'Nothing needs to be taken back.',
    verify: 'Run this check again; amcheck (bt_index_check) tells whether an index was broken.',
  };
}

export const localeChecks: readonly Check[] = [collations];
