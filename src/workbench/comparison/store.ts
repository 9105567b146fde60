/** Comparisons kept as files in the workspace's storage, to be compared with later ones. They hold no secrets. */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import * as z from 'zod/mini';
import { type Comparison, comparisonSchema } from '../../shared/comparison';

const infoSchema = z.strictObject({
  id: z.string(),
  migration: z.string(),
  /** ISO 8601. */
  at: z.string(),
  /** How many checks it holds, and how many of them found something. */
  checks: z.number(),
  failed: z.number(),
});
/** What lists need to know, kept apart from the comparisons, which are larger. */
export type ComparisonInfo = z.infer<typeof infoSchema>;

const indexSchema = z.strictObject({ version: z.literal(1), comparisons: z.array(infoSchema) });

/** Of one migration; the oldest gives way. */
export const maxComparisons = 20;

const zip = promisify(gzip);
const unzip = promisify(gunzip);

export class ComparisonStore {
  /** Changes of the index one after another: two at once would lose one. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(private readonly folder: string) {}

  /** Of one migration, newest first. */
  async list(migration: string): Promise<ComparisonInfo[]> {
    const all = await this.#index();
    return all.filter(info => info.migration === migration).sort((a, b) => b.at.localeCompare(a.at));
  }

  /** One with the same id is replaced. */
  async save(comparison: Comparison): Promise<void> {
    const { id, migration, at, checks } = comparison;
    const failed = checks.filter(({ verdict }) => verdict === 'fail').length;
    const info: ComparisonInfo = { id, migration, at, checks: checks.length, failed };
    const file = this.#fileOf(id);
    const write = async () => {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      await this.#write(file, await zip(JSON.stringify(comparison)));
      const all = [...(await this.#index()).filter(each => each.id !== id), info];
      const ofMigration = all.filter(each => each.migration === migration).sort((a, b) => b.at.localeCompare(a.at));
      const gone = new Set(ofMigration.slice(maxComparisons).map(each => each.id));
      const kept = all.filter(each => !gone.has(each.id));
      await this.#write(this.#indexFile, JSON.stringify({ version: 1, comparisons: kept }));
      await Promise.all([...gone].map(each => rm(this.#fileOf(each), { force: true })));
    };
    const written = this.#writing.then(write);
    this.#writing = written.catch(() => {});
    await written;
  }

  /** @throws Error when the file is gone or was written by another version. */
  async read({ id, at }: ComparisonInfo): Promise<Comparison> {
    const parsed = await readFile(this.#fileOf(id))
      .then(unzip)
      .then(text => comparisonSchema.safeParse(JSON.parse(text.toString())))
      // Gone, cut short or no longer what was written: all the same to whoever asked for it.
      .catch(() => undefined);
    if (!parsed?.success)
      throw new Error(`The comparison of ${at} cannot be read any more. Compare the clusters anew.`);
    return parsed.data;
  }

  async #index(): Promise<ComparisonInfo[]> {
    const text = await readFile(this.#indexFile, 'utf8').catch(() => undefined);
    if (text === undefined) return [];
    const parsed = indexSchema.safeParse(jsonOf(text));
    const files = new Set(await readdir(this.folder));
    return parsed.success ? parsed.data.comparisons.filter(({ id }) => files.has(`${id}.json.gz`)) : [];
  }

  async #write(file: string, content: string | Buffer): Promise<void> {
    const temporary = `${file}.${process.pid}.tmp`;
    await writeFile(temporary, content, { mode: 0o600 });
    await rename(temporary, file);
  }

  get #indexFile(): string {
    return join(this.folder, 'index.json');
  }

  #fileOf(id: string): string {
    if (!/^[A-Za-z0-9-]{1,64}$/.test(id)) throw new Error('This is not the id of a comparison.');
    return join(this.folder, `${id}.json.gz`);
  }
}

/** A damaged index is an empty one. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
