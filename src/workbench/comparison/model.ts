/** The comparison of the active migration, as the view and the report show it: what was asked, ignored, and stored. */
import * as vscode from 'vscode';
import * as z from 'zod/mini';
import type { CompareJob } from '../../diagnosis/compare-clusters';
import type { ComparedCheck, Comparison } from '../../shared/comparison';
import type { ComparisonState } from '../../shared/comparison-panel';
import { type IgnoredEntry, ignoredEntrySchema } from '../../shared/comparison-report';
import type { Migration } from '../../shared/migration';
import type { ViewError } from '../../shared/plan-diff';
import type { BySide } from '../../shared/side';
import { logInToBoth, type SideErrors } from '../both-sides';
import { labelsOf } from '../explain-job';
import { isDismissed, viewErrorOf } from '../messages';
import type { Workbench } from '../workbench';
import type { ComparisonStore } from './store';

export interface CompareOptions {
  /** Of these groups alone; all when absent. */
  groups?: readonly string[] | undefined;
  /** Of this check alone: its answer takes its place in the comparison that is shown. */
  again?: ComparedCheck | undefined;
  onProgress?: ((done: number, total: number) => void) | undefined;
}

interface Running {
  controller: AbortController;
  migration: Migration;
  /** By id. */
  fresh: Map<string, ComparedCheck>;
  /** Ids of all that is asked, in the order of the catalogue. */
  asked: readonly string[];
  isDone: Partial<BySide<boolean>>;
  /** What stands where a fresh answer is not there yet. */
  former: Comparison | undefined;
}

export class ComparisonModel implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #subscription: vscode.Disposable;
  #migration: string | undefined;
  #comparison: Comparison | undefined;
  #before: Comparison | undefined;
  #errors: SideErrors = {};
  #failure: ViewError | undefined;
  #run: Running | undefined;
  #loading: Promise<void>;

  constructor(
    private readonly workbench: Workbench,
    readonly store: ComparisonStore,
  ) {
    this.#subscription = workbench.migrations.onDidChange(() => {
      const settings = JSON.stringify(workbench.migrations.active);
      if (settings === this.#migration) return;
      this.cancel();
      this.#loading = this.#load();
    });
    this.#loading = this.#load();
  }

  /** Settles when the last stored comparison is there. */
  get loaded(): Promise<void> {
    return this.#loading;
  }

  /** What is shown; while one runs, the one before. */
  get comparison(): Comparison | undefined {
    return this.#comparison;
  }

  get state(): ComparisonState {
    const { active } = this.workbench.migrations;
    const run = this.#run;
    const comparison = run ? partOf(run) : this.#comparison;
    if (!active || !comparison) {
      if (this.#failure) return { status: 'failed', error: this.#failure };
      return { status: 'none', ...(active ? { migration: active.name } : {}) };
    }
    const labels = labelsOf(active);
    const side = (name: 'source' | 'target') => ({
      color: labels[name].color,
      ...(this.#errors[name] ? { error: this.#errors[name] } : {}),
      ...(run ? { done: run.isDone[name] === true } : {}),
    });
    return {
      status: 'shown',
      comparison,
      source: side('source'),
      target: side('target'),
      ignored: this.ignored,
      ...(this.#before && !run ? { before: this.#before } : {}),
      ...(run ? { running: { done: run.fresh.size, total: run.asked.length } } : {}),
    };
  }

  get isRunning(): boolean {
    return this.#run !== undefined;
  }

  get ignored(): IgnoredEntry[] {
    const stored = z.array(ignoredEntrySchema).safeParse(this.workbench.context.workspaceState.get(this.#ignoredKey));
    return stored.success ? stored.data : [];
  }

  async ignore(id: string, reason: string): Promise<void> {
    const entry = { id, reason, at: `${new Date().toISOString().slice(0, 19)}Z` };
    await this.#keepIgnored([...this.ignored.filter(each => each.id !== id), entry]);
  }

  async unignore(id: string): Promise<void> {
    await this.#keepIgnored(this.ignored.filter(each => each.id !== id));
  }

  /** With which earlier comparison the one that is shown is compared; undefined: with none. */
  get before(): Comparison | undefined {
    return this.#before;
  }

  set before(before: Comparison | undefined) {
    this.#before = before;
    this.#changed.fire();
  }

  /**
   * Asks both sides. What went wrong with a side is the state. @throws Dismissed when it was cancelled: what was shown
   * before is shown again.
   */
  async compare(migration: Migration, options: CompareOptions = {}): Promise<void> {
    this.cancel();
    await this.#loading;
    const former = this.#comparison;
    const { checksToCompare } = await import('../../checks/catalogue');
    const inGroups = checksToCompare(options.again ? [options.again.group] : options.groups);
    const checks = inGroups.filter(({ id }) => !options.again || options.again.id === id);
    const controller = new AbortController();
    const isWhole = options.again !== undefined || options.groups === undefined;
    const run: Running = {
      ...{ controller, migration, fresh: new Map(), isDone: {} },
      asked: checks.map(({ id }) => id),
      former: isWhole ? former : undefined,
    };
    this.#run = run;
    this.#changed.fire();
    try {
      const { job, errors } = await this.#connect(run);
      if (this.#run !== run) return;
      this.#errors = errors;
      this.#failure = bothFailed(errors);
      if (this.#failure) return;
      const { compareClusters } = await import('../../diagnosis/compare-clusters');
      const onCheck = (check: ComparedCheck) => {
        if (this.#run !== run) return;
        run.fresh.set(check.id, check);
        options.onProgress?.(run.fresh.size, checks.length);
        this.#changed.fire();
      };
      const fresh = await compareClusters(job, { checks, onCheck });
      if (this.#run !== run) return;
      const comparison = options.again && former ? { ...former, checks: partOf(run).checks } : fresh;
      await this.store.save(comparison);
      this.#comparison = comparison;
      const failed = comparison.checks.filter(({ verdict }) => verdict === 'fail').map(({ id }) => id);
      this.workbench.log.info(
        `${migration.name}: compared in ${fresh.elapsedMs} ms; differ: ${failed.join(', ') || '–'}`,
      );
    } catch (error) {
      if (this.#run === run && !isDismissed(error)) this.#failure = viewErrorOf(error);
      throw error;
    } finally {
      if (this.#run === run) this.#run = undefined;
      this.#changed.fire();
    }
  }

  cancel(): void {
    this.#run?.controller.abort();
    this.#run = undefined;
    this.#changed.fire();
  }

  dispose(): void {
    this.cancel();
    this.#subscription.dispose();
    this.#changed.dispose();
  }

  async #load(): Promise<void> {
    const { active } = this.workbench.migrations;
    this.#migration = JSON.stringify(active);
    this.#comparison = undefined;
    this.#before = undefined;
    this.#errors = {};
    this.#failure = undefined;
    if (active) {
      const [newest] = await this.store.list(active.name);
      const read = newest && (await this.store.read(newest).catch(error => this.#unreadable(error)));
      if (this.#migration === JSON.stringify(this.workbench.migrations.active)) this.#comparison = read;
    }
    this.#changed.fire();
  }

  #unreadable(error: unknown): undefined {
    this.workbench.log.warn(viewErrorOf(error).message);
  }

  /**
   * Logs in first: who is refused is asked for the password, and a side that cannot be reached says so once. The sessions are
   * kept for the checks.
   */
  async #connect(run: Running): Promise<{ job: CompareJob; errors: SideErrors }> {
    const { migration, controller } = run;
    const { job, errors } = await logInToBoth(this.workbench, migration, controller.signal);
    const onSideDone: CompareJob['onSideDone'] = side => {
      run.isDone[side] = true;
      if (this.#run === run) this.#changed.fire();
    };
    return { job: { ...job, migration: migration.name, onSideDone }, errors };
  }

  get #ignoredKey(): string {
    return `cutover.comparison.ignored/${this.workbench.migrations.active?.name ?? ''}`;
  }

  async #keepIgnored(ignored: IgnoredEntry[]): Promise<void> {
    await this.workbench.context.workspaceState.update(this.#ignoredKey, ignored);
    this.#changed.fire();
  }
}

/** The checks that are there while it runs: fresh ones in the places of those before. */
function partOf({ fresh, asked, former, migration }: Running): Comparison {
  const checks = (former?.checks ?? []).map(check => fresh.get(check.id) ?? check);
  const known = new Set(checks.map(({ id }) => id));
  checks.push(...asked.flatMap(id => (known.has(id) ? [] : (fresh.get(id) ?? []))));
  if (former) return { ...former, checks };
  const { source, target } = labelsOf(migration);
  const side = ({ label }: typeof source) => ({ label });
  return {
    ...{ version: 1, id: '', at: '', elapsedMs: 0, migration: migration.name },
    ...{ source: side(source), target: side(target), checks },
  };
}

function bothFailed({ source, target }: SideErrors): ViewError | undefined {
  if (!source || !target) return undefined;
  const next = [source.next, target.next].filter(text => text !== undefined);
  const said = { reason: source.reason, message: `Source: ${source.message} Target: ${target.message}` };
  return next.length > 0 ? { ...said, next: [...new Set(next)].join(' ') } : said;
}
