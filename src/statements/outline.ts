/** The rows in groups, as the side bar lists them. */
import type { StatementRow } from '../shared/statements';
import { isProposed } from '../shared/statements';

export const outlineGroups = ['regressions', 'writes', 'reads', 'onlyTarget', 'onlySource'] as const;
export type OutlineGroupId = (typeof outlineGroups)[number];

export const outlineSorts = ['impact', 'ratio', 'targetTime', 'calls'] as const;
export type OutlineSort = (typeof outlineSorts)[number];

export interface OutlineGroup {
  id: OutlineGroupId;
  /** All of them; `rows` may be fewer. */
  count: number;
  /** What regressions cost in the target's window, of statements that clients sent. */
  impactMs?: number;
  rows: StatementRow[];
}

const members: Record<OutlineGroupId, (row: StatementRow) => boolean> = {
  regressions: ({ verdict }) => verdict === 'regression',
  writes: row => isPair(row) && row.class === 'write',
  reads: row => isPair(row) && row.class === 'read',
  onlyTarget: ({ verdict }) => verdict === 'onlyTarget',
  onlySource: ({ verdict }) => verdict === 'onlySource',
};

function isPair({ match }: StatementRow): boolean {
  return match !== undefined;
}

const keys: Record<OutlineSort, (row: StatementRow) => number> = {
  impact: ({ impactMs = 0 }) => impactMs,
  ratio: ({ ratio = 0 }) => ratio,
  targetTime: ({ source, target }) => (target ?? source)!.totalMs,
  calls: ({ source, target }) => (target ?? source)!.calls,
};

/** `rows` in rank order; `shown` holds the ids to show, all when undefined. A group lists at most `limit` rows. */
export function outline(
  rows: readonly StatementRow[],
  { sort, limit, shown }: { sort: OutlineSort; limit: number; shown?: ReadonlySet<string> | undefined },
): OutlineGroup[] {
  return outlineGroups.map(id => {
    const found = rows.filter(row => members[id](row) && (shown === undefined || shown.has(row.id)));
    const isAlone = id === 'onlyTarget' || id === 'onlySource';
    // By rank they come in any case, which is by impact, and worker time after what clients wait for.
    if (sort !== 'impact') found.sort((a, b) => keys[sort](b) - keys[sort](a));
    const group: OutlineGroup = { id, count: found.length, rows: found.slice(0, limit) };
    if (!isAlone) group.impactMs = impactOf(found);
    return group;
  });
}

function impactOf(rows: readonly StatementRow[]): number {
  return rows
    .filter(({ scope, match }) => scope === 'client' && !isProposed(match))
    .reduce((sum, { impactMs = 0 }) => sum + impactMs, 0);
}
