/** Logging in to both sides before a job asks them anything: who is refused is asked for the password. */
import type { SideConnection } from '../diagnosis/explain-job';
import type { Migration } from '../shared/migration';
import type { ViewError } from '../shared/plan-diff';
import { type BySide, sides } from '../shared/side';
import { retryWithPasswords } from './ask-password';
import { connectionOf } from './explain-job';
import { refusedLogin } from './explain-questions';
import { isDismissed, viewErrorOf } from './messages';
import { sessionLimits } from './settings';
import type { Workbench } from './workbench';

export type SideErrors = Partial<BySide<ViewError>>;

/** What a job of the room diagnosis needs of the editor. */
export interface BothSides {
  source: SideConnection;
  target: SideConnection;
  limits: ReturnType<typeof sessionLimits>;
  sessions: Awaited<ReturnType<Workbench['sessions']>>;
  signal: AbortSignal | undefined;
}

/**
 * The sessions are kept for the job. Nobody is asked without `mayAsk`, as when the user did not start it. A side that cannot be reached is among the errors; the job will say it again. Rejects
 * when it is dismissed.
 */
export async function logInToBoth(
  workbench: Workbench,
  migration: Migration,
  signal: AbortSignal | undefined,
  mayAsk = true,
): Promise<{ job: BothSides; errors: SideErrors }> {
  const limits = sessionLimits();
  const [{ connect }, sessions] = await Promise.all([import('../cluster/connect'), workbench.sessions()]);
  const attempt = async () => {
    const errors: SideErrors = {};
    const connections = await Promise.all(sides.map(side => connectionOf(workbench, migration, side)));
    await Promise.all(
      connections.map(async ({ side, settings, password }) => {
        try {
          const lend: Parameters<typeof connect>[2] = (...login) => sessions.lend(...login);
          await sessions.giveBack(await connect(settings, { stored: password, limits, signal }, lend));
        } catch (error) {
          if (isDismissed(error)) throw error;
          errors[side] = viewErrorOf(error);
        }
      }),
    );
    return { errors, connections };
  };
  const { errors, connections } = mayAsk
    ? await retryWithPasswords(workbench.passwords, migration, attempt, (all, side) => refusedLogin(all.errors[side]))
    : await attempt();
  for (const side of sides) workbench.health.saw(side, migration, errors[side]);
  const [source, target] = connections;
  return { job: { source: source!, target: target!, limits, sessions, signal }, errors };
}
