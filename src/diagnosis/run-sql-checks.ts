/** A playbook's own SQL checks, on both sides at once; what fails on one node or in one check holds up no other. */

import type { SessionLimits } from '../cluster/limits';
import { refusalByText } from '../cluster/read-only-query';
import { SessionKeeper } from '../cluster/session-keeper';
import type { CheckPlace, CheckResult, Judgement, NodeAnswer } from '../shared/check';
import { type BySide, type Side, sides } from '../shared/side';
import { mapSides } from './by-side';
import type { SideConnection } from './explain-job';
import { SideAsker } from './sql-check-side';

export interface SqlCheck {
  id: string;
  sql: string;
  on: CheckPlace;
  /** Shorter than the statement timeout of the job; a longer one is not granted. Milliseconds. */
  timeoutMs?: number | undefined;
  /** Gets what every node answered, the source's first. */
  judge: (answers: NodeAnswer[]) => Judgement;
}

export interface SqlCheckJob {
  source: SideConnection;
  target: SideConnection;
  limits: SessionLimits;
  signal?: AbortSignal | undefined;
  sessions?: SessionKeeper | undefined;
}

/**
 * Runs each side's checks one after another, in one session for each node, and gives each result when all nodes of its
 * check have answered. A check that the grammar refuses is sent nowhere. After a cancellation what is left is answered with a
 * problem of kind `cancelled`. Resolves when all is done; a judge that throws makes its check an `error`.
 */
export async function runSqlChecks(
  job: SqlCheckJob,
  checks: readonly SqlCheck[],
  onResult: (result: CheckResult, answers: NodeAnswer[]) => void = () => {},
): Promise<void> {
  const keeper = job.sessions ?? new SessionKeeper(0);
  const open = await Promise.all(checks.map(async check => new OpenCheck(check, await refusalByText(check.sql))));
  await Promise.all(
    sides.map(async side => {
      const asker = new SideAsker(job[side], job.limits, keeper, job.signal);
      try {
        for (const check of open) {
          if (!check.asks(side)) continue;
          check.begin();
          const answers = check.refusal ? asker.refused(check.refusal) : await asker.ask(check.check);
          if (check.take(side, answers, asker.address)) onResult(...check.result());
        }
      } finally {
        await asker.close();
      }
    }),
  );
}

type Refusal = Awaited<ReturnType<typeof refusalByText>>;

/** A check that waits for its sides. */
class OpenCheck {
  readonly #answers: BySide<NodeAnswer[] | undefined> = mapSides(() => undefined);
  readonly #addresses: BySide<string | undefined> = mapSides(() => undefined);
  #beganAt: number | undefined;

  constructor(
    readonly check: SqlCheck,
    readonly refusal: Refusal,
  ) {}

  asks(side: Side): boolean {
    return this.check.on === 'both' || this.check.on === 'workers' || this.check.on === side;
  }

  begin(): void {
    this.#beganAt ??= performance.now();
  }

  /** Whether all sides have answered now. */
  take(side: Side, answers: NodeAnswer[], address: string | undefined): boolean {
    this.#answers[side] = answers;
    this.#addresses[side] = address;
    return sides.every(each => !this.asks(each) || this.#answers[each] !== undefined);
  }

  result(): [CheckResult, NodeAnswer[]] {
    const answers = sides.flatMap(side => this.#answers[side] ?? []);
    const result: CheckResult = {
      ...this.#judge(answers),
      id: this.check.id,
      at: `${new Date().toISOString().slice(0, 19)}Z`,
      elapsedMs: Math.round(performance.now() - this.#beganAt!),
    };
    for (const side of sides) {
      const address = this.#addresses[side];
      if (address !== undefined) result[side] = address;
    }
    return [result, answers];
  }

  #judge(answers: NodeAnswer[]): Judgement {
    try {
      return this.check.judge(answers);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { verdict: 'error', summary: `The answers could not be judged: ${message}`, details: [] };
    }
  }
}
