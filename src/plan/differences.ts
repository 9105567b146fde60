import { formatMs } from '../shared/format';
import type { Cell, Difference, Row } from '../shared/plan-diff';
import type { BySide } from '../shared/side';
import type { Change } from './change';
import type { Alone } from './plan-comparison';

/** What the list is made of: a row, its changes in parts, and how much time is at stake in it. */
interface RowChanges {
  row: number;
  /** Name without shard numbers, for the title. */
  title: string;
  /** Run by a Citus task, as likely are others of its kind. */
  inTask: boolean;
  changes: Change[];
}

const kindOrder: Record<Difference['kind'], number> = {
  structure: 0,
  setting: 1,
  spill: 2,
  estimate: 3,
  work: 4,
  time: 5,
};

export interface Listed {
  changed: RowChanges[];
  /** Nodes that only one side has, by row. */
  alone: Map<number, Alone>;
  /** Of the plans as wholes: said first. */
  whole: Difference[];
}

/** More than anybody reads; the tree has them all. */
const longestList = 200;

/** One entry of the list, for all the places where it stands. */
interface Entry {
  difference: Difference;
  /** Milliseconds at stake where it weighs most. */
  weight: number;
  times: number;
  /** Not the same figures everywhere: these are where it weighs most. */
  varied?: boolean;
}

/**
 * Everything that differs, structure first, then settings, spills, estimates, work, and time; within a kind what has most time in it
 * first. The same difference in several tasks is one.
 */
export function listDifferences(
  rows: readonly Row[],
  { changed, alone, whole }: Listed,
  settings: BySide<Record<string, string> | undefined>,
): Difference[] {
  const found = new Map<string, Entry>();
  const add = (difference: Difference, weight: number, inTask: boolean): void => {
    const { kind, title, source, target } = difference;
    // Figures of tasks that do the same work are never quite the same: the largest speaks for all.
    const isFigure = kind === 'spill' || kind === 'estimate' || kind === 'work' || kind === 'time';
    const key = [kind, title, ...(inTask && isFigure ? [] : [source, target])].join('\n');
    const same = found.get(key);
    if (!same) found.set(key, { difference, weight, times: 1 });
    else {
      same.times++;
      same.varied ||= source !== same.difference.source || target !== same.difference.target;
      if (weight > same.weight) Object.assign(same, { difference, weight });
    }
  };
  for (const { row, title, inTask, changes } of changed) {
    const weight = atStake(rows[row]!);
    for (const { kind, what, source, target } of changes)
      add({ kind, row, title: `${title}: ${what}`, source, target }, weight, inTask);
  }
  for (const name of new Set([...Object.keys(settings.source ?? {}), ...Object.keys(settings.target ?? {})])) {
    const [source, target] = [settings.source?.[name], settings.target?.[name]];
    if (source === target || !settings.source || !settings.target) continue;
    add({ kind: 'setting', title: name, source: source ?? 'default', target: target ?? 'default' }, 0, false);
  }
  const entries = [...found.values(), ...oneSided(rows, alone)]
    .sort(
      (a, b) =>
        kindOrder[a.difference.kind] - kindOrder[b.difference.kind] ||
        b.weight - a.weight ||
        (a.difference.row ?? 0) - (b.difference.row ?? 0),
    )
    .slice(0, longestList)
    .map(({ difference, times, varied }) => {
      if (times === 1) return difference;
      const count = varied ? `${times} times, here the largest` : `${times} times`;
      return { ...difference, title: `${difference.title} (${count})` };
    });
  return [...whole, ...entries];
}

/** Nodes without a counterpart, each subtree by its topmost; those of one name on one side are one entry. */
function oneSided(rows: readonly Row[], alone: ReadonlyMap<number, Alone>): Entry[] {
  const groups = new Map<string, number[]>();
  let covered = -1;
  for (const [i, { mark, descendants }] of rows.entries()) {
    if (mark !== 'sourceOnly' && mark !== 'targetOnly') continue;
    if (i <= covered && rows[i - 1]!.mark === mark) continue;
    const said = alone.get(i);
    if (!said) continue;
    covered = i + descendants;
    const key = `${mark} ${said.branchOf ?? said.title}`;
    const group = groups.get(key);
    if (group) group.push(i);
    else groups.set(key, [i]);
  }
  return [...groups.values()].map(group => {
    const slowest = group.reduce((a, b) => (atStake(rows[b]!) > atStake(rows[a]!) ? b : a));
    const { source } = rows[slowest]!;
    const text = oneSidedText(group.map(row => (rows[row]!.source ?? rows[row]!.target)!));
    const { title, branchOf } = alone.get(slowest)!;
    const difference: Difference = {
      kind: 'structure',
      row: slowest,
      title: group.length > 1 ? (branchOf ?? title) : title,
      source: source ? text : 'none',
      target: source ? 'none' : text,
    };
    return { difference, weight: atStake(rows[slowest]!), times: group.length };
  });
}

/** `quicksort, 5 MB, 244 ms`; of several `73 ms to 244 ms, slowest: quicksort, 5 MB`. */
function oneSidedText(cells: readonly Cell[]): string {
  const timed = cells.filter(cell => cell.selfMs !== undefined).sort((a, b) => b.selfMs! - a.selfMs!);
  const [slowest, fastest] = [timed[0], timed.at(-1)];
  const { detail } = slowest ?? cells[0]!;
  if (!slowest) return detail ?? 'yes';
  if (slowest === fastest) return [detail, formatMs(slowest.selfMs!)].filter(Boolean).join(', ');
  const ends = [formatMs(fastest!.selfMs!), formatMs(slowest.selfMs!)] as const;
  const range = ends[0] === ends[1] ? `${ends[0]} each` : ends.join(' to ');
  if (detail === undefined) return range;
  return cells.every(cell => cell.detail === detail) ? `${detail}, ${range}` : `${range}, slowest: ${detail}`;
}

function atStake(row: Row): number {
  return Math.max(row.source?.selfMs ?? 0, row.target?.selfMs ?? 0);
}
