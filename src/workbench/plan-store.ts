/**
 * Results of Explain and Compare, kept as files so that a panel survives a reload. Passwords never come near; a result
 * with a secret parameter is not kept at all.
 */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { callViewSchema } from '../shared/nested';
import { planDiffViewSchema } from '../shared/plan-diff';

/** What is needed to run the same statement again. */
const requestSchema = z.strictObject({
  migration: z.string(),
  sql: z.string(),
  /** Values by parameter name; absent means the generic plan. */
  parameters: z.optional(z.record(z.string(), z.nullable(z.string()))),
  /** Parameters whose values are kept nowhere; a result that has any is not stored. */
  secret: z.optional(z.array(z.string())),
  /** The document it came from. */
  document: z.optional(z.string()),
});
export type PlanRequest = z.infer<typeof requestSchema>;

const storedResultSchema = z.strictObject({
  version: z.literal(1),
  view: planDiffViewSchema,
  /** What each server sent, byte for byte. */
  raw: z.strictObject({ source: z.optional(z.string()), target: z.optional(z.string()) }),
  /** The statements inside, when it is a call of a function or procedure. */
  call: z.optional(callViewSchema),
  /** Absent when the plans were pasted. */
  request: z.optional(requestSchema),
  recordedIn: z.optional(z.string()),
});
export type StoredResult = z.infer<typeof storedResultSchema>;

/** Left where a result was that its panel has replaced by a newer one. */
const forwardSchema = z.strictObject({ version: z.literal(1), successor: z.string() });
const storedSchema = z.union([storedResultSchema, forwardSchema]);

/** Enough for a day's work; older ones go, oldest first. */
const keptResults = 60;

export class PlanStore {
  constructor(private readonly folder: string) {}

  async save(result: StoredResult): Promise<void> {
    await this.#write(result.view.id, result);
    await this.#prune();
  }

  /**
   * A panel shows `result` now instead of the former one. VS Code may restore a page's state from some time ago (in the
   * browser it is written now and then), so the former id leads on to the new one.
   */
  async replace(formerId: string, result: StoredResult): Promise<void> {
    await this.save(result);
    await this.#write(formerId, { version: 1, successor: result.view.id });
  }

  /** Undefined when it is not kept (any more), or was written by another version. */
  async load(id: string): Promise<StoredResult | undefined> {
    const seen = new Set<string>();
    for (let next = id; !seen.has(next); ) {
      seen.add(next);
      const stored = await this.#read(next);
      if (!stored || !('successor' in stored)) return stored;
      next = stored.successor;
    }
    return undefined;
  }

  async #read(id: string): Promise<z.infer<typeof storedSchema> | undefined> {
    let text: string;
    try {
      text = await readFile(this.#fileOf(id), 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
    const parsed = storedSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  }

  async #write(id: string, content: z.infer<typeof storedSchema>): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const file = this.#fileOf(id);
    // A reload in the middle of a write must not find half a file.
    const temporary = `${file}.${process.pid}.tmp`;
    await writeFile(temporary, JSON.stringify(content), { mode: 0o600 });
    await rename(temporary, file);
  }

  #fileOf(id: string): string {
    // Ids come back from a page's state: only what names a file of ours may reach the file system.
    if (!/^[A-Za-z0-9-]{1,64}$/.test(id)) throw new Error('This is not the id of a result.');
    return join(this.folder, `${id}.json`);
  }

  async #prune(): Promise<void> {
    const names = (await readdir(this.folder)).filter(name => name.endsWith('.json'));
    if (names.length <= keptResults) return;
    const aged = await Promise.all(
      names.map(async name => ({ name, at: (await stat(join(this.folder, name))).mtimeMs })),
    );
    aged.sort((a, b) => b.at - a.at);
    await Promise.all(aged.slice(keptResults).map(({ name }) => rm(join(this.folder, name), { force: true })));
  }
}
