/** Which rows are shown, and in which order. 10,000 rows are filtered and sorted anew with every key that is typed. */
import type { StatementClass } from '../../src/shared/plan-diff';
import type { StatementRow, StatementVerdict } from '../../src/shared/statements';
import type { Filters, Presence, SortKey } from './filters';
import { presenceOf, type Rows } from './rows';

/** Values there are to choose among. */
export interface Choices {
  users: string[];
  databases: string[];
  nodes: string[];
  verdicts: StatementVerdict[];
  presences: Set<Presence>;
}

export function choicesOf({ list }: Rows): Choices {
  const users = new Set<string>();
  const databases = new Set<string>();
  const nodes = new Set<string>();
  const verdicts = new Set<StatementVerdict>();
  const presences = new Set<Presence>();
  for (const row of list) {
    const presence = presenceOf(row);
    users.add(row.user);
    databases.add(row.database);
    for (const node of row.nodes) nodes.add(node);
    if (presence === 'pairs') verdicts.add(row.verdict);
    presences.add(presence);
  }
  const sorted = (values: Set<string>) => [...values].sort();
  return {
    users: sorted(users),
    databases: sorted(databases),
    nodes: sorted(nodes),
    verdicts: [...verdicts],
    presences,
  };
}

/** The filters as far as they can be meant: a user that is gone from both sides hides nothing. */
export function possibleFilters(filters: Filters, choices: Choices): Filters {
  const { users, databases, nodes, verdicts, presences } = choices;
  const possible: Filters = { ...filters };
  if (filters.user !== undefined && !users.includes(filters.user)) delete possible.user;
  if (filters.database !== undefined && !databases.includes(filters.database)) delete possible.database;
  if (filters.node !== undefined && !nodes.includes(filters.node)) delete possible.node;
  if (filters.verdict !== undefined && !verdicts.includes(filters.verdict)) delete possible.verdict;
  if (!presences.has(filters.presence) && presences.size > 0) {
    possible.presence = (['pairs', 'onlyTarget', 'onlySource'] as const).find(each => presences.has(each))!;
  }
  return possible;
}

export interface Shown {
  /** Positions of the rows that pass, in the host's order. */
  rows: number[];
  /** How many would pass with this class, or this presence, instead of the one that is chosen. */
  classes: Map<StatementClass, number>;
  presences: Map<Presence, number>;
  /** How many would pass with any class. */
  allClasses: number;
}

/** `found` are the ids of the rows that the host found the text in, beyond what is cut off in the page. */
export function filterRows(rows: Rows, filters: Filters, found: ReadonlySet<string> | undefined): Shown {
  const shown: Shown = { rows: [], classes: new Map(), presences: new Map(), allClasses: 0 };
  const words = wordsOf(filters.find);
  for (let i = 0; i < rows.list.length; i++) {
    const row = rows.list[i]!;
    if (!passes(row, filters)) continue;
    const text = rows.texts[i]!;
    if (!words.every(word => text.includes(word)) && !found?.has(row.id)) continue;
    const presence = presenceOf(row);
    const inClass = filters.class === undefined || filters.class === row.class;
    if (inClass) shown.presences.set(presence, (shown.presences.get(presence) ?? 0) + 1);
    if (presence !== filters.presence) continue;
    shown.allClasses += 1;
    shown.classes.set(row.class, (shown.classes.get(row.class) ?? 0) + 1);
    if (inClass) shown.rows.push(i);
  }
  return shown;
}

export function wordsOf(find: string): string[] {
  return find.toLowerCase().split(/\s+/).filter(Boolean);
}

/** All but text, class and presence. */
function passes(row: StatementRow, { user, database, node, verdict }: Filters): boolean {
  if (user !== undefined && row.user !== user) return false;
  if (database !== undefined && row.database !== database) return false;
  if (node !== undefined && !row.nodes.includes(node)) return false;
  // What is on one side only has no other verdict.
  return verdict === undefined || row.verdict === verdict || !row.source || !row.target;
}

/** The filters without those that hide this row. */
export function filtersShowing(rows: Rows, id: string, filters: Filters): Filters {
  const row = rows.list[rows.positions.get(id)!]!;
  const shows = (one: Partial<Filters>) =>
    filterRows(
      { list: [row], texts: [rows.texts[rows.positions.get(id)!]!], positions: new Map() },
      { ...base, ...one },
      undefined,
    ).rows.length > 0;
  const base: Filters = { find: '', presence: presenceOf(row) };
  const kept: Filters = base;
  for (const key of ['find', 'class', 'user', 'database', 'node', 'verdict'] as const) {
    if (filters[key] !== undefined && shows({ [key]: filters[key] })) Object.assign(kept, { [key]: filters[key] });
  }
  return kept;
}

/** A value of each row to sort by; NaN where there is none. Texts are given as their rank. */
export type SortValues = Float64Array;

export function sortValues(
  list: readonly StatementRow[],
  value: (row: StatementRow) => number | string | undefined,
): SortValues {
  const values = list.map(value);
  const ranks = new Map<string, number>();
  const texts = new Set(values.filter(each => typeof each === 'string').map(text => text.toLowerCase()));
  for (const [rank, text] of [...texts].sort().entries()) ranks.set(text, rank);
  return Float64Array.from(values, each =>
    typeof each === 'string' ? ranks.get(each.toLowerCase())! : (each ?? Number.NaN),
  );
}

/** Sorted by the first key, equal rows by the next, at last as they came; absent values last whichever way. */
export function sortRows(
  rows: readonly number[],
  keys: readonly { values: SortValues; direction: SortKey['direction'] }[],
): number[] {
  return [...rows].sort((a, b) => {
    for (const { values, direction } of keys) {
      const [x, y] = [values[a]!, values[b]!];
      if (x === y) continue;
      if (Number.isNaN(x) || Number.isNaN(y)) {
        if (Number.isNaN(x) && Number.isNaN(y)) continue;
        return Number.isNaN(x) ? 1 : -1;
      }
      return direction === 'ascending' ? x - y : y - x;
    }
    return a - b;
  });
}

/** What a click on a header makes of the keys: numbers largest first, then smallest first, then not by it at all. */
export function nextSort(keys: readonly SortKey[], column: string, numeric: boolean, add: boolean): SortKey[] {
  const first = numeric ? 'descending' : 'ascending';
  const second = numeric ? 'ascending' : 'descending';
  const at = keys.findIndex(key => key.column === column);
  const now = keys[at]?.direction;
  if (!add) {
    if (keys.length === 1 && now === first) return [{ column, direction: second }];
    return keys.length === 1 && now === second ? [] : [{ column, direction: first }];
  }
  if (now === undefined) return [...keys, { column, direction: first }];
  return now === first ? keys.with(at, { column, direction: second }) : keys.toSpliced(at, 1);
}
