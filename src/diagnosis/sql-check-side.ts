import { connect } from '../cluster/connect';
import { activeWorkers, connectWorker, type WorkerAddress } from '../cluster/connect-worker';
import { formatAddress, resolveProfile } from '../cluster/connection';
import { ClusterError } from '../cluster/errors';
import type { SessionLimits } from '../cluster/limits';
import { type Place, problemOf, readOnlyQuery } from '../cluster/read-only-query';
import type { Session } from '../cluster/session';
import type { SessionKeeper } from '../cluster/session-keeper';
import type { CheckProblem, NodeAnswer } from '../shared/check';
import type { SideConnection } from './explain-job';
import type { SqlCheck } from './run-sql-checks';

type Asked = Pick<SqlCheck, 'sql' | 'on' | 'timeoutMs'>;

/** One side while its checks run: the coordinator's session, and one for each worker once a check asks there. */
export class SideAsker {
  readonly #coordinator: NodeSession;
  #workers: Worker[] | undefined;
  /** `host:port/database`; undefined until it is known. */
  address: string | undefined;
  #node: string;

  constructor(
    private readonly connection: SideConnection,
    limits: SessionLimits,
    keeper: SessionKeeper,
    private readonly signal: AbortSignal | undefined,
  ) {
    const { settings, password, label } = connection;
    this.#node = label;
    this.#coordinator = new NodeSession(
      () => connect(settings, { stored: password, limits, signal }, (...login) => keeper.lend(...login)),
      session => keeper.giveBack(session),
    );
  }

  /** Of each node that the check asks on this side; never rejects for what a server says. */
  async ask(check: Asked): Promise<NodeAnswer[]> {
    await this.#learnAddress();
    const own = this.#askNode(
      this.#coordinator,
      { side: this.connection.side, node: this.#node, role: 'coordinator' },
      check,
    );
    if (check.on !== 'workers') return [await own];
    // The coordinator's session is busy until then.
    const first = await own;
    if (first.problem?.kind === 'unreachable' || first.problem?.kind === 'cancelled') return [first];
    const found = await this.#findWorkers();
    if (!Array.isArray(found)) return [first, found];
    const others = found.map(({ node, place }) => this.#askNode(node, place, check));
    return [first, ...(await Promise.all(others))];
  }

  /** What stands for this side's answers where nothing was sent. */
  refused(problem: CheckProblem): NodeAnswer[] {
    return [unanswered({ side: this.connection.side, node: this.#node, role: 'coordinator' }, problem)];
  }

  async close(): Promise<void> {
    await Promise.all([this.#coordinator, ...(this.#workers ?? []).map(({ node }) => node)].map(node => node.close()));
  }

  async #learnAddress(): Promise<void> {
    if (this.address !== undefined) return;
    try {
      const profile = await resolveProfile(this.connection.settings);
      this.address = formatAddress(profile);
      this.#node = `${profile.host}:${profile.port}`;
    } catch (error) {
      // Connecting will say the same.
      if (!(error instanceof ClusterError)) throw error;
    }
  }

  async #askNode(node: NodeSession, place: Place, { sql, timeoutMs }: Asked): Promise<NodeAnswer> {
    const began = performance.now();
    try {
      if (this.signal?.aborted) throw cancelled;
      const session = await node.get();
      return await readOnlyQuery(session, place, sql, { timeoutMs, signal: this.signal });
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      const problem = problemOf(error);
      // What kept us from asking at all, whatever it was.
      const kind = problem.kind === 'cancelled' ? 'cancelled' : 'unreachable';
      return { ...unanswered(place, { ...problem, kind }), elapsedMs: performance.now() - began };
    }
  }

  async #findWorkers(): Promise<Worker[] | NodeAnswer> {
    if (this.#workers) return this.#workers;
    try {
      const coordinator = await this.#coordinator.get();
      const addresses = await activeWorkers(coordinator, this.signal);
      this.#workers = addresses.map(address => this.#worker(coordinator, address));
      return this.#workers;
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      return unanswered({ side: this.connection.side, node: 'the workers', role: 'worker' }, problemOf(error));
    }
  }

  #worker(coordinator: Session, address: WorkerAddress): Worker {
    const open = () => connectWorker(coordinator, address, this.signal);
    return {
      place: { side: this.connection.side, node: `${address.host}:${address.port}`, role: 'worker' },
      node: new NodeSession(open, session => session.close()),
    };
  }
}

interface Worker {
  place: Place;
  node: NodeSession;
}

const cancelled = new ClusterError('cancelled', 'Cancelled before it was asked.', {
  next: 'Run it again when you need it.',
});

function unanswered(place: Place, problem: CheckProblem): NodeAnswer {
  return { ...place, columns: [], rows: [], truncated: false, elapsedMs: 0, problem };
}

/** One node's session, opened when it is needed and again after it was lost. A login that failed is not tried again. */
class NodeSession {
  #session: Session | undefined;
  #failure: ClusterError | undefined;

  constructor(
    private readonly open: () => Promise<Session>,
    private readonly giveBack: (session: Session) => Promise<void>,
  ) {}

  /** Rejects with a ClusterError. */
  async get(): Promise<Session> {
    if (this.#session?.usable) return this.#session;
    await this.close();
    if (this.#failure) throw this.#failure;
    try {
      this.#session = await this.open();
    } catch (error) {
      if (error instanceof ClusterError) this.#failure = error;
      throw error;
    }
    return this.#session;
  }

  async close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    if (session) await this.giveBack(session);
  }
}
