/** What is known about both sides of the active migration: reachable or not and why, nodes and versions. */
import * as vscode from 'vscode';
import type { Topology } from '../cluster/topology';
import type { ConnectionSettings, Migration } from '../shared/migration';
import type { ViewError } from '../shared/plan-diff';
import { type BySide, type Side, sides } from '../shared/side';
import { viewErrorOf } from './messages';
import type { MigrationStore } from './migration-store';
import type { PasswordStore } from './passwords';
import { sessionLimits } from './settings';
import { stepDone } from './walkthrough';

export interface SideHealth {
  state: 'unknown' | 'checking' | 'ok' | 'error';
  /** As last read; still shown, marked as old, while the side cannot be reached. */
  topology?: Topology;
  error?: ViewError;
}

/** Reasons that speak about the server or the way to it, not about the statement. */
const connectionReasons = new Set([
  'settings',
  'unreachable',
  'connectTimeout',
  'authentication',
  'tls',
  'database',
  'disconnected',
  'starting',
  'tooManyConnections',
]);

function isConnectionError(error: ViewError): boolean {
  return connectionReasons.has(error.reason);
}

export class ClusterHealth implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #subscription: vscode.Disposable;
  #sides: BySide<SideHealth> = { source: { state: 'unknown' }, target: { state: 'unknown' } };
  /** The newest check of a side wins. */
  readonly #running: Partial<BySide<AbortController>> = {};
  /** What the sides looked like when they were checked; other settings mean other servers. */
  #checked: string | undefined;

  constructor(
    private readonly migrations: MigrationStore,
    private readonly passwords: PasswordStore,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.#subscription = migrations.onDidChange(() => {
      const settings = JSON.stringify(migrations.active);
      if (settings === this.#checked) return;
      this.#checked = settings;
      for (const side of sides) this.#running[side]?.abort();
      this.#sides = { source: { state: 'unknown' }, target: { state: 'unknown' } };
      this.#changed.fire();
    });
    this.#checked = JSON.stringify(migrations.active);
  }

  of(side: Side): SideHealth {
    return this.#sides[side];
  }

  /** Connects to one side and reads its nodes. Never throws: what went wrong is the health. */
  async check(side: Side, signal?: AbortSignal): Promise<SideHealth> {
    const migration = this.migrations.active;
    if (!migration || !vscode.workspace.isTrusted) return this.#sides[side];
    this.#running[side]?.abort();
    const controller = new AbortController();
    this.#running[side] = controller;
    const before = settled(this.#sides[side]);
    this.#set(side, { ...before, state: 'checking' });
    let health: SideHealth;
    try {
      const both = signal ? AbortSignal.any([signal, controller.signal]) : controller.signal;
      health = { state: 'ok', topology: await this.#read(migration[side], both) };
    } catch (error) {
      const kept = before.topology ? { topology: before.topology } : {};
      health = { state: 'error', error: viewErrorOf(error), ...kept };
      // A withdrawn check says nothing about the server.
      if (health.error?.reason === 'cancelled') health = before;
    }
    if (this.#running[side] !== controller) return health;
    delete this.#running[side];
    this.#set(side, health);
    const outcome = health.error ? `${health.error.reason}: ${health.error.message}` : health.state;
    this.log.info(`${migration.name}, ${side}: ${outcome}`);
    return health;
  }

  async checkAll(signal?: AbortSignal): Promise<BySide<SideHealth>> {
    const [source, target] = await Promise.all(sides.map(side => this.check(side, signal)));
    return { source: source!, target: target! };
  }

  /** What a use case saw on its way: it worked, or the connection failed. Other errors say nothing about health. */
  saw(side: Side, migration: Migration, error: ViewError | undefined): void {
    if (migration.name !== this.migrations.active?.name) return;
    const { topology } = this.#sides[side];
    const kept = topology ? { topology } : {};
    if (!error) this.#set(side, { state: 'ok', ...kept });
    else if (isConnectionError(error)) this.#set(side, { state: 'error', error, ...kept });
  }

  dispose(): void {
    for (const side of sides) this.#running[side]?.abort();
    this.#subscription.dispose();
    this.#changed.dispose();
  }

  async #read(settings: ConnectionSettings, signal: AbortSignal): Promise<Topology> {
    const [{ connect }, { readTopology }] = await Promise.all([
      import('../cluster/connect'),
      import('../cluster/topology'),
    ]);
    const stored = await this.passwords.find(settings);
    const session = await connect(settings, { limits: sessionLimits(), stored, signal });
    try {
      return await readTopology(session);
    } finally {
      await session.close();
    }
  }

  #set(side: Side, health: SideHealth): void {
    this.#sides[side] = health;
    if (health.state === 'ok') stepDone(`${side}Connected`);
    this.#changed.fire();
  }
}

/** What an unfinished check leaves behind when it is withdrawn. */
function settled(health: SideHealth): SideHealth {
  if (health.state !== 'checking') return health;
  return { ...health, state: health.error ? 'error' : health.topology ? 'ok' : 'unknown' };
}
