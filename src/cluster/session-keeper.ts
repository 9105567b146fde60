import type { ConnectionProfile } from './connection';
import type { SessionLimits } from './limits';
import { Session } from './session';

interface Lent {
  key: string;
  password: string | undefined;
}

interface Kept extends Lent {
  session: Session;
  timer: NodeJS.Timeout;
}

/**
 * Lends sessions and keeps those that come back for a while, so that the next command need not log in again: one round
 * trip instead of five or more. At most one is kept per cluster and login; a session is lent to one piece of work at a time.
 */
export class SessionKeeper {
  readonly #lent = new Map<Session, Lent>();
  readonly #kept = new Map<string, Kept>();
  #disposed = false;

  /** @param idleMs how long an unused session stays open; 0 keeps none. */
  constructor(private readonly idleMs = 60_000) {}

  /** A session that is the caller's alone until it is given back. Rejects with a ClusterError when none can be had. */
  async lend(
    profile: ConnectionProfile,
    password: string | undefined,
    limits: SessionLimits,
    signal?: AbortSignal,
  ): Promise<Session> {
    const key = JSON.stringify([profile, limits]);
    const session =
      (await this.#take(key, password, signal)) ?? (await Session.open(profile, password, limits, signal));
    this.#lent.set(session, { key, password });
    return session;
  }

  /** Keeps the session for the next command, or closes it. */
  async giveBack(session: Session): Promise<void> {
    const lent = this.#lent.get(session);
    this.#lent.delete(session);
    if (!lent || !session.usable || this.#disposed || this.idleMs <= 0 || this.#kept.has(lent.key)) {
      await session.close();
      return;
    }
    const timer = setTimeout(() => {
      this.#kept.delete(lent.key);
      void session.close();
    }, this.idleMs);
    timer.unref();
    this.#kept.set(lent.key, { ...lent, session, timer });
  }

  /** Closes what is kept; sessions that are lent close when they come back. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    const kept = [...this.#kept.values()];
    this.#kept.clear();
    await Promise.all(
      kept.map(({ session, timer }) => {
        clearTimeout(timer);
        return session.close();
      }),
    );
  }

  /** A session that stands, whose role settings are still those a new one would get; else undefined. */
  async #take(key: string, password: string | undefined, signal?: AbortSignal): Promise<Session | undefined> {
    const kept = this.#kept.get(key);
    if (!kept) return undefined;
    this.#kept.delete(key);
    clearTimeout(kept.timer);
    const { session } = kept;
    if (session.usable && kept.password === password && (await session.isCurrent(signal))) return session;
    void session.close();
    return undefined;
  }
}
