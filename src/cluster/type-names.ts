import type { Session } from './session';

/** Types whose oids are the same everywhere, as `format_type` calls them (pg_type.dat). */
const builtIn: Readonly<Record<number, string>> = {
  16: 'boolean',
  17: 'bytea',
  18: '"char"',
  19: 'name',
  20: 'bigint',
  21: 'smallint',
  23: 'integer',
  25: 'text',
  26: 'oid',
  114: 'json',
  700: 'real',
  701: 'double precision',
  1005: 'smallint[]',
  1007: 'integer[]',
  1009: 'text[]',
  1016: 'bigint[]',
  1042: 'character',
  1043: 'character varying',
  1082: 'date',
  1083: 'time without time zone',
  1114: 'timestamp without time zone',
  1184: 'timestamp with time zone',
  1186: 'interval',
  1266: 'time with time zone',
  1700: 'numeric',
  2205: 'regclass',
  2206: 'regtype',
  2950: 'uuid',
  3220: 'pg_lsn',
  3802: 'jsonb',
};

/** A name for each type. The server is asked only for those that are not known here, and not when the session is gone. */
export async function typeNames(session: Session, oids: readonly number[], signal?: AbortSignal): Promise<string[]> {
  const unknown = [...new Set(oids)].filter(oid => builtIn[oid] === undefined);
  const asked = new Map<number, string>();
  if (unknown.length > 0 && session.usable) {
    const { rows } = await session.query(
      'SELECT o.oid, pg_catalog.format_type(o.oid, NULL) FROM pg_catalog.unnest($1::oid[]) AS o(oid)',
      [`{${unknown.join(',')}}`],
      signal,
    );
    for (const [oid, name] of rows) asked.set(Number(oid), name!);
  }
  return oids.map(oid => builtIn[oid] ?? asked.get(oid) ?? `oid ${oid}`);
}
