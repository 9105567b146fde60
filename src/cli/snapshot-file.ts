import type { Reading } from '../statements/reading';
import { readingFromJson } from '../statements/stored-reading';
import type { Stored } from './stored-file';

/** A reading of pg_stat_statements, as the editor's snapshots are exported, too. Texts of statements may hold values. */
export const snapshotFile: Stored<Reading> = {
  name: 'snapshot',
  parse: readingFromJson,
  howTo: 'Write one with --save-source or --save-target, or export one from the editor.',
};
