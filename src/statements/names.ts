/** What names in the texts of a side stand for, by its catalogs. */
import type { NameContext } from '../sql/canonical';
import { textHash } from '../sql/text-hash';
import type { CatalogNames } from './reading';

/** PostgreSQL cuts identifiers to 63 bytes, and Citus keeps the shard id at the end. */
const longestName = 63;
const keptOfLongName = 20;

/** What names mean to a role; the same key, the same meaning, in whichever reading. */
export interface KeyedNames extends NameContext {
  key: string;
}

/** Names of statements in other databases than the connected one: nothing is known of them. */
const unknownNames: KeyedNames = { key: '', tableOfShard: () => undefined, isVisible: () => false };

export class SideNames {
  readonly #tables = new Map<string, string>();
  readonly #contexts = new Map<string, KeyedNames>();
  readonly #key: string;
  readonly volatileFunctions: ReadonlySet<string>;
  /** Tables that have shards. */
  readonly distributed: ReadonlySet<string>;

  constructor(private readonly names: CatalogNames) {
    for (const [table, ids] of Object.entries(names.shards))
      for (const id of ids.split(',')) this.#tables.set(id, table);
    const { ambiguous, shards } = names;
    this.#key = textHash(JSON.stringify({ ambiguous, shards }));
    this.volatileFunctions = new Set(names.volatileFunctions);
    this.distributed = new Set(Object.keys(names.shards));
  }

  /** As the role sees them; `connected`: in the database that the names were read from. */
  of(role: string, connected: boolean): KeyedNames {
    if (!connected) return unknownNames;
    const { searchPaths } = this.names;
    // A role may be called `constructor`.
    const own = Object.hasOwn(searchPaths, role) ? searchPaths[role] : undefined;
    const path = own ?? searchPaths[''] ?? '"$user", public';
    const key = path.includes('$user') ? `${role}\0${path}` : path;
    let context = this.#contexts.get(key);
    if (!context) {
      context = this.#make(schemasOf(path, role), `${this.#key}\0${key}`);
      this.#contexts.set(key, context);
    }
    return context;
  }

  #make(schemas: readonly string[], key: string): KeyedNames {
    const { ambiguous } = this.names;
    return {
      key,
      tableOfShard: name => this.#tableOfShard(name),
      isVisible: (schema, name) => {
        if (!schemas.includes(schema)) return false;
        const all = Object.hasOwn(ambiguous, name) ? ambiguous[name]! : undefined;
        return all === undefined || schemas.find(each => all.includes(each)) === schema;
      },
    };
  }

  /** A name that ends in a shard's id, and begins with its table's name. */
  #tableOfShard(name: string): string | undefined {
    const underscore = name.lastIndexOf('_');
    if (underscore <= 0) return undefined;
    const table = this.#tables.get(name.slice(underscore + 1));
    if (table === undefined) return undefined;
    if (name.length === table.length + name.length - underscore && name.startsWith(table)) return table;
    const isCut =
      new TextEncoder().encode(name).length === longestName && name.startsWith(table.slice(0, keptOfLongName));
    return isCut ? table : undefined;
  }
}

/** The schemas of a search_path, `"$user"` being the role's own. */
function schemasOf(path: string, role: string): string[] {
  return [...path.matchAll(/"((?:[^"]|"")*)"|[^\s,"]+/g)].map(([word, quoted]) => {
    const name = quoted === undefined ? word.toLowerCase() : quoted.replaceAll('""', '"');
    return name === '$user' ? role : name;
  });
}
