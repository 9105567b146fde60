/** Names for completion, of a migration whose sides are connected already: completion never opens a login of its own accord. */
import type { DatabaseNames } from '../../shared/playbook-server';
import { sides } from '../../shared/side';
import { connectionOf } from '../explain-job';
import { errorText } from '../messages';
import { sessionLimits } from '../settings';
import type { Workbench } from '../workbench';

/** While somebody types, names do not change. */
const keptMs = 60_000;

export class DatabaseNamesReader {
  #kept: { migration: string; at: number; names: Promise<DatabaseNames | null> } | undefined;

  constructor(private readonly workbench: Workbench) {}

  /** Null when no side of the migration is connected, or its names cannot be read. */
  async read(migration: string): Promise<DatabaseNames | null> {
    const now = Date.now();
    if (this.#kept?.migration === migration && now - this.#kept.at < keptMs) return this.#kept.names;
    const { active } = this.workbench.migrations;
    const connected = sides.filter(side => this.workbench.health.of(side).state === 'ok');
    if (active?.name !== migration || connected.length === 0) return null;
    const names = Promise.all(connected.map(side => this.#readSide(side))).then(found => merged(found));
    this.#kept = { migration, at: now, names };
    return names;
  }

  async #readSide(side: (typeof sides)[number]): Promise<DatabaseNames | null> {
    const { workbench } = this;
    const active = workbench.migrations.active;
    if (!active) return null;
    try {
      const [{ connect }, { readNames }, keeper, { settings, password }] = await Promise.all([
        import('../../cluster/connect'),
        import('../../cluster/read-names'),
        workbench.sessions(),
        connectionOf(workbench, active, side),
      ]);
      const options = { stored: password, limits: sessionLimits() };
      const session = await connect(settings, options, (...login) => keeper.lend(...login));
      try {
        return await readNames(session);
      } finally {
        await keeper.giveBack(session);
      }
    } catch (error) {
      workbench.log.warn(`${active.name}, ${side}: names for completion: ${errorText(error)}`);
      return null;
    }
  }
}

/** What either side has: a check asks both. */
function merged(found: readonly (DatabaseNames | null)[]): DatabaseNames | null {
  const read = found.filter(names => names !== null);
  if (read.length === 0) return null;
  const tables = new Map(read.flatMap(names => names.tables.map(table => [`${table.schema}.${table.name}`, table])));
  return { schemas: [...new Set(read.flatMap(({ schemas }) => schemas))].sort(), tables: [...tables.values()] };
}
