import { formatMs } from '../shared/format';
import type { Difference, Row } from '../shared/plan-diff';
import type { BySide } from '../shared/side';
import type { Change } from './compare-nodes';

/** What the list is made of: a row, its changes in parts, and how much time is at stake in it. */
export interface RowChanges {
  row: number;
  /** Name without shard numbers, for the title. */
  title: string;
  changes: Change[];
}

const kindOrder: Record<Difference['kind'], number> = { structure: 0, setting: 1, estimate: 2, work: 3, time: 4 };

/** More than anybody reads; the tree has them all. */
const longestList = 200;

/**
 * Everything that differs, structure first, then settings, estimates, work, and time; within a kind what has most time in it
 * first. The same difference in several tasks is one.
 */
export function listDifferences(
  rows: readonly Row[],
  changed: readonly RowChanges[],
  settings: BySide<Record<string, string> | undefined>,
): Difference[] {
  const found = new Map<string, { difference: Difference; weight: number; times: number }>();
  const add = (difference: Difference, weight: number): void => {
    const key = [difference.kind, difference.title, difference.source, difference.target].join('\n');
    const same = found.get(key);
    if (same) {
      same.times++;
      same.weight = Math.max(same.weight, weight);
    } else found.set(key, { difference, weight, times: 1 });
  };
  for (const { row, title, changes } of changed) {
    const weight = atStake(rows[row]!);
    for (const { kind, what, source, target } of changes)
      add({ kind, row, title: `${title}: ${what}`, source, target }, weight);
  }
  addOneSided(rows, add);
  for (const name of new Set([...Object.keys(settings.source ?? {}), ...Object.keys(settings.target ?? {})])) {
    const [source, target] = [settings.source?.[name], settings.target?.[name]];
    if (source === target || !settings.source || !settings.target) continue;
    add({ kind: 'setting', title: name, source: source ?? 'default', target: target ?? 'default' }, 0);
  }
  return [...found.values()]
    .sort(
      (a, b) =>
        kindOrder[a.difference.kind] - kindOrder[b.difference.kind] ||
        b.weight - a.weight ||
        (a.difference.row ?? 0) - (b.difference.row ?? 0),
    )
    .slice(0, longestList)
    .map(({ difference, times }) =>
      times > 1 ? { ...difference, title: `${difference.title} (${times} times)` } : difference,
    );
}

/** Nodes without a counterpart, each subtree by its topmost. */
function addOneSided(rows: readonly Row[], add: (difference: Difference, weight: number) => void): void {
  let covered = -1;
  for (const [i, row] of rows.entries()) {
    if (row.mark !== 'sourceOnly' && row.mark !== 'targetOnly') continue;
    if (i <= covered && rows[i - 1]!.mark === row.mark) continue;
    const cell = (row.source ?? row.target)!;
    covered = i + row.descendants;
    const text =
      [cell.detail, cell.selfMs === undefined ? undefined : formatMs(cell.selfMs)].filter(Boolean).join(', ') || 'yes';
    const [source, target] = row.source ? [text, 'none'] : ['none', text];
    add({ kind: 'structure', row: i, title: cell.name, source, target }, atStake(row));
  }
}

function atStake(row: Row): number {
  return Math.max(row.source?.selfMs ?? 0, row.target?.selfMs ?? 0);
}
