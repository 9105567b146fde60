/** Which readings are compared, and how that is kept in the workspace. */

import type * as vscode from 'vscode';
import * as z from 'zod/mini';
import type { BySide } from '../shared/side';
import { userMatchesSchema } from '../statements/worker-protocol';

/** Of one side: what is read now, or a snapshot (by id); `since` begins the window at a snapshot in place of the last reset. */
const originSchema = z.strictObject({ snapshot: z.optional(z.string()), since: z.optional(z.string()) });
export type Origin = z.infer<typeof originSchema>;

const choiceSchema = z.strictObject({ source: originSchema, target: originSchema });
export type ReadingChoice = BySide<Origin>;

/** Both sides now, each since its last reset. */
export const liveChoice: ReadingChoice = { source: {}, target: {} };

type UserMatches = z.infer<typeof userMatchesSchema>;
export const noMatches: UserMatches = { pinned: [], split: [] };

/** Per migration, in the workspace's state. What another version of the extension wrote gives way to the default. */
export class StatementsMemory {
  constructor(
    private readonly state: vscode.Memento,
    private readonly migration: string,
  ) {}

  get choice(): ReadingChoice {
    const parsed = choiceSchema.safeParse(this.state.get(this.#key('readings')));
    return parsed.success ? parsed.data : liveChoice;
  }

  async choose(choice: ReadingChoice): Promise<void> {
    await this.state.update(this.#key('readings'), choice);
  }

  get matches(): UserMatches {
    const parsed = userMatchesSchema.safeParse(this.state.get(this.#key('matches')));
    return parsed.success ? parsed.data : noMatches;
  }

  async pin(source: string, target: string): Promise<void> {
    const { pinned, split } = this.matches;
    const isOther = (ids: readonly [string, string]) => ids[0] !== source && ids[1] !== target;
    await this.state.update(this.#key('matches'), {
      pinned: [...pinned.filter(isOther), [source, target]],
      split: split.filter(ids => ids[0] !== source || ids[1] !== target),
    });
  }

  async split(source: string, target: string): Promise<void> {
    const { pinned, split } = this.matches;
    const isOther = (ids: readonly [string, string]) => ids[0] !== source || ids[1] !== target;
    await this.state.update(this.#key('matches'), {
      pinned: pinned.filter(isOther),
      split: [...split.filter(isOther), [source, target]],
    });
  }

  #key(what: string): string {
    return `cutover.statements.${what}:${this.migration}`;
  }
}
