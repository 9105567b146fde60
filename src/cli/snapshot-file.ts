/** Readings of pg_stat_statements in files: what the editor's snapshots are exported to, too. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { type Reading, readingSchema } from '../statements/reading';
import { UsageError } from './usage';

/** @throws UsageError when the file is no snapshot. */
export async function readSnapshot(file: string, option: string): Promise<Reading> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const why = code === 'ENOENT' ? 'there is no such file' : code;
    throw new UsageError(`${file} cannot be read: ${why}.`, `Check the name after --${option}.`);
  }
  const reading = parse(text);
  if (reading) return reading;
  throw new UsageError(
    `${file} is no snapshot of Cutover.`,
    'Write one with --save-source or --save-target, or export one from the editor.',
  );
}

/** Over a former snapshot, never over anything else. @throws UsageError */
export async function writeSnapshot(file: string, reading: Reading, option: string): Promise<void> {
  const former = await readFile(file, 'utf8').catch(() => undefined);
  if (former !== undefined && !parse(former))
    throw new UsageError(`${file} exists and is no snapshot: it is left alone.`, `Give --${option} another name.`);
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, `${JSON.stringify(reading)}\n`, { mode: 0o600 });
    await rename(temporary, file);
  } catch (error) {
    throw new UsageError(
      `${file} cannot be written: ${error instanceof Error ? error.message : error}.`,
      `Check the name after --${option}.`,
    );
  }
}

function parse(text: string): Reading | undefined {
  try {
    const parsed = readingSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
