/** How objects that the target has not, or has otherwise, are made there. */
import { formatCount } from '../../shared/format';
import { lineBreaks, sqlComment } from '../../sql/comment';
import type { ObjectChange, ObjectKind, ObjectRemedy } from './compare';

/** Objects that one step names. */
const maxNames = 20;

const again = 'Run this check again.';

/** Steps in the order in which objects were made, as one may need another; last what is done by hand. */
export function objectCreations(
  { remedy, creates, byHand }: ObjectKind,
  changes: readonly ObjectChange[],
): ObjectRemedy[] {
  const missing: ObjectChange[] = [];
  const steps: ObjectRemedy[] = [];
  for (const change of [...changes].sort((a, b) => a.source.place - b.source.place)) {
    const { created, dropped } = change.source;
    const own = remedy?.(change);
    if (own) steps.push(own);
    else if (!change.target && creates && created !== null && dropped !== null)
      steps.push({ sql: created, lock: creates.lock ?? 'none', rollback: dropped, verify: again });
    else if (!change.target) missing.push(change);
  }
  return missing.length > 0 && byHand ? [...steps, byHand(missing)] : steps;
}

/** The source's definition in place of the target's, by SQL that replaces; undefined where either did not travel. */
export function replacement({ source, target }: ObjectChange, lock: string): ObjectRemedy | undefined {
  if (!target?.created || !source.created) return undefined;
  return { sql: source.created, lock, rollback: target.created, verify: again };
}

/** The missing objects out of a dump, as PostgreSQL has no function that writes them. */
export function fromDump(section: 'pre-data' | 'post-data'): (missing: readonly ObjectChange[]) => ObjectRemedy {
  return missing =>
    handwork(
      'Out of a dump of the source; SOURCE and TARGET stand for connection strings:',
      `pg_dump --format=custom --schema-only --section=${section} --file=schema.dump --dbname=SOURCE`,
      'pg_restore --list schema.dump > contents',
      `Keep these lines of contents: ${namesOf(missing)}`,
      'pg_restore --use-list=contents --dbname=TARGET schema.dump',
    );
}

/** Tables can be chosen by pg_dump itself: by `note`, the name as SQL has it. */
export function tablesFromDump(missing: readonly ObjectChange[]): ObjectRemedy {
  const names = missing.flatMap(({ source }) => source.note ?? []);
  const isListed = missing.length <= maxNames && names.every(name => !lineBreaks.test(name));
  const tables = isListed ? names.map(name => ` --table=${shellQuoted(name)}`).join('') : '';
  return handwork(
    'Out of a dump of the source; SOURCE and TARGET stand for connection strings:',
    `pg_dump --schema-only --section=pre-data${tables} --dbname=SOURCE | psql --single-transaction --dbname=TARGET`,
    ...(isListed ? [] : [`Missing are ${namesOf(missing)}`]),
    'Then indexes and constraints by their checks; on Citus, what topology.tables says of their distribution first.',
  );
}

/** A step that is no SQL: what to do, as comments. */
export function handwork(...lines: string[]): ObjectRemedy {
  return {
    sql: lines.map(sqlComment).join('\n'),
    lock: 'none',
    rollback: 'DROP what was made.',
    verify: again,
  };
}

export function namesOf(changes: readonly ObjectChange[]): string {
  const more = changes.length - maxNames;
  const names = changes.slice(0, maxNames).map(({ name }) => name);
  return `${names.join(', ')}${more > 0 ? ` and ${formatCount(more)} more` : ''}`;
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
