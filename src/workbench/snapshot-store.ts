/** Snapshots of pg_stat_statements: both sides' readings as files in the workspace's storage. They hold no secrets. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import * as z from 'zod/mini';
import { type BySide, type Side, sides } from '../shared/side';
import { type Reading, readingSchema } from '../statements/reading';

const infoSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  migration: z.string(),
  /** ISO. */
  at: z.string(),
  sides: z.array(z.enum(sides)),
});
/** What lists need to know, kept apart from the readings, which are large. */
export type SnapshotInfo = z.infer<typeof infoSchema>;

const indexSchema = z.strictObject({ version: z.literal(1), snapshots: z.array(infoSchema) });

const zip = promisify(gzip);
const unzip = promisify(gunzip);

export class SnapshotStore {
  constructor(private readonly folder: string) {}

  /** Of one migration, newest first. */
  async list(migration: string): Promise<SnapshotInfo[]> {
    const all = await this.#index();
    return all.filter(info => info.migration === migration).sort((a, b) => b.at.localeCompare(a.at));
  }

  async save(name: string, migration: string, readings: Partial<BySide<Reading>>): Promise<SnapshotInfo> {
    const present = sides.filter(side => readings[side]);
    const at = present.map(side => readings[side]!.at).sort()[0] ?? new Date().toISOString();
    const info: SnapshotInfo = { id: randomUUID(), name, migration, at, sides: present };
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    for (const side of present) {
      await this.#write(this.#fileOf(info.id, side), await zip(JSON.stringify(readings[side])));
    }
    await this.#change(all => [...all, info]);
    return info;
  }

  /** @throws Error when the file is gone or was written by another version. */
  async read({ id, name }: SnapshotInfo, side: Side): Promise<Reading> {
    const parsed = await readFile(this.#fileOf(id, side))
      .then(unzip)
      .then(text => readingSchema.safeParse(JSON.parse(text.toString())))
      // Gone, cut short or no longer what was written: all the same to whoever asked for it.
      .catch(() => undefined);
    if (!parsed?.success) {
      throw new Error(
        `The ${side} of the snapshot "${name}" cannot be read any more. Delete it, and take or import another.`,
      );
    }
    return parsed.data;
  }

  async remove({ id }: SnapshotInfo): Promise<void> {
    await this.#change(all => all.filter(info => info.id !== id));
    await Promise.all(sides.map(side => rm(this.#fileOf(id, side), { force: true })));
  }

  async #index(): Promise<SnapshotInfo[]> {
    const text = await readFile(this.#indexFile, 'utf8').catch(() => undefined);
    if (text === undefined) return [];
    const parsed = indexSchema.safeParse(JSON.parse(text));
    const files = new Set(await readdir(this.folder));
    return parsed.success
      ? parsed.data.snapshots.filter(({ id, sides }) => sides.every(side => files.has(`${id}.${side}.json.gz`)))
      : [];
  }

  async #change(change: (all: SnapshotInfo[]) => SnapshotInfo[]): Promise<void> {
    const snapshots = change(await this.#index());
    await this.#write(this.#indexFile, JSON.stringify({ version: 1, snapshots }));
  }

  async #write(file: string, content: string | Buffer): Promise<void> {
    const temporary = `${file}.${process.pid}.tmp`;
    await writeFile(temporary, content, { mode: 0o600 });
    await rename(temporary, file);
  }

  get #indexFile(): string {
    return join(this.folder, 'index.json');
  }

  #fileOf(id: string, side: Side): string {
    if (!/^[A-Za-z0-9-]{1,64}$/.test(id)) throw new Error('This is not the id of a snapshot.');
    return join(this.folder, `${id}.${side}.json.gz`);
  }
}
