import { quoted } from '../../plan/causes/relations';
import type { SuspectIndex } from '../../shared/duplicate-key';
import { sqlComment } from '../../sql/comment';
import type { NodeRole } from '../check';
import type { OrderedIndex } from './indexes-sql';

/** An index with all that its repair is worded by. */
export interface FoundIndex {
  suspect: SuspectIndex;
  index: OrderedIndex;
  role: NodeRole;
  citus: boolean;
}

function comment(...lines: string[]): string {
  return lines.map(sqlComment).join('\n');
}

/** Whether its order must be made anew: it is known to be broken, or made under another order and not proved sound. */
export function needsRebuild({ suspect: { state, duplicates }, index: { collations } }: FoundIndex): boolean {
  const isStale = collations.some(({ stale }) => stale);
  return state === 'corrupt' || (duplicates?.keys.length ?? 0) > 0 || (state !== 'sound' && isStale);
}

/**
 * What repairs the indexes of one node, in the one order that works: duplicates go first, as a unique index cannot be built
 * over them; then the indexes; versions last, as a refreshed version hides that an index is old (pgrundev/pgbot#55).
 * Undefined when nothing needs it.
 * @param refresh Statements that record the node's collation versions.
 * @param more Indexes that are not among those found: until they are rebuilt, too, no version is recorded.
 */
export function repairScript(
  node: string,
  found: readonly FoundIndex[],
  refresh: readonly string[],
  more: number,
): string | undefined {
  const rebuilt = found.filter(needsRebuild);
  if (rebuilt.length === 0 && refresh.length === 0) return undefined;
  const citus = found.some(each => each.citus);
  const parts = [
    comment(
      `Repair of ${node}. Read it, adapt it, then run it in psql on that node, as the owner of the tables.`,
      'Take a backup first, and stop what writes to the tables until their unique indexes are rebuilt.',
    ),
  ];
  if (citus)
    parts.push(
      `${comment('Citus guards shards, and passes on what it is told; this concerns this node alone.')}
SET citus.enable_ddl_propagation = off;
SET citus.enable_manual_changes_to_shards = on;`,
    );
  parts.push(...rebuilt.filter(({ index }) => index.unique).map(removeDuplicates));
  parts.push(...rebuilt.map(rebuild));
  if (refresh.length > 0 && more > 0)
    parts.push(
      comment(
        `${more} more indexes of this node sort by a collation. Run the diagnosis again when the ones above are rebuilt;`,
        'versions are recorded when none is left, as a refreshed version hides that an index is old.',
      ),
    );
  else if (refresh.length > 0)
    parts.push(
      `${comment(
        'When all indexes above are rebuilt: record the versions that they are made with.',
        'Locks: none that others wait for. Rollback: none; the versions recorded before were wrong.',
        'Verify: the check locale.collations passes.',
      )}\n${refresh.join('\n')}`,
    );
  return `${parts.join('\n\n')}\n`;
}

function removeDuplicates({ suspect, index }: FoundIndex): string {
  const table = quoted(index.schema, index.table);
  const kept = quoted(index.schema, `${index.index.slice(0, 54)}_removed`);
  const keys = index.keys.join(', ');
  const present = index.nullsDistinct ? index.keys.map(key => `(${key}) IS NOT NULL`) : [];
  const where = [...present, ...(index.predicate === null ? [] : [`(${index.predicate})`])].join(' AND ');
  const state =
    suspect.duplicates === undefined
      ? 'Nobody has looked for duplicates yet: the table below stays empty where there are none.'
      : `${suspect.duplicates.more ? 'More than ' : ''}${suspect.duplicates.keys.length} keys have several rows.`;
  return `${comment(
    `Duplicates under ${index.schema}.${index.index}, found with index scans off. ${state}`,
    `The row that was stored first is kept, the others move to ${kept}: look at them before you COMMIT.`,
    'Locks: writes to the table wait until COMMIT (SHARE ROW EXCLUSIVE); it is read from end to end.',
    `Rollback: before COMMIT, ROLLBACK; after it, INSERT INTO ${table} SELECT * FROM ${kept}; before the index is rebuilt.`,
    'Verify: the query in the parentheses of the DELETE finds nothing any more.',
  )}
BEGIN;
SET LOCAL enable_indexscan = off;
SET LOCAL enable_indexonlyscan = off;
SET LOCAL enable_bitmapscan = off;
LOCK TABLE ${table} IN SHARE ROW EXCLUSIVE MODE;
CREATE TABLE ${kept} AS SELECT * FROM ${table} WHERE ctid IN (
  SELECT ctid FROM (SELECT ctid, row_number() OVER (PARTITION BY ${keys} ORDER BY ctid) AS copy
                      FROM ONLY ${table}${where === '' ? '' : ` WHERE ${where}`}) AS each WHERE copy > 1);
DELETE FROM ${table} WHERE ctid IN (
  SELECT ctid FROM (SELECT ctid, row_number() OVER (PARTITION BY ${keys} ORDER BY ctid) AS copy
                      FROM ONLY ${table}${where === '' ? '' : ` WHERE ${where}`}) AS each WHERE copy > 1);
COMMIT;`;
}

function rebuild({ index, suspect }: FoundIndex): string {
  const { schema, index: name, exclusion } = index;
  return `${comment(
    `${schema}.${name}: ${suspect.state === 'corrupt' ? 'broken, says amcheck' : 'made under another order'}.`,
    ...(exclusion
      ? [
          'Locks: writes to the table wait, and reads that use the index: PostgreSQL builds no exclusion constraint CONCURRENTLY.',
          'Rollback: none needed. Where it fails, remove the rows it names, which exclude one another.',
        ]
      : [
          'Locks: none that reads or writes wait for (SHARE UPDATE EXCLUSIVE); needs as much room again. Not inside a transaction.',
          'Rollback: none needed. Where it fails, drop the invalid index whose name ends in _ccnew, and remove the duplicates it names.',
        ]),
    'Verify: amcheck (bt_index_check) finds nothing; on a standby, bt_index_parent_check finds more.',
  )}
REINDEX INDEX ${exclusion ? '' : 'CONCURRENTLY '}${quoted(schema, name)};`;
}
