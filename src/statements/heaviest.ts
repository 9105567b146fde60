/** The statements that make up the load of the source: what a playbook must have looked at. */
import type { StatementRow } from '../shared/statements';

export interface HeavyStatement {
  /** On one line, cut. */
  title: string;
  /** Of the time of all that clients sent to the source. */
  share: number;
}

/** Up to this share of the time, and no statement that takes less than a thirtieth of it. */
const covered = 0.8;
const least = 1 / 30;
const most = 20;

/** Heaviest first; of what clients sent, as what is nested is in its caller's time. */
export function heaviest(rows: readonly StatementRow[]): HeavyStatement[] {
  const sent = rows.filter(({ scope, source, class: kind }) => scope === 'client' && source && kind !== 'utility');
  const total = sent.reduce((sum, { source }) => sum + source!.totalMs, 0);
  const found: HeavyStatement[] = [];
  let sum = 0;
  for (const { title, source } of sent.sort((a, b) => b.source!.totalMs - a.source!.totalMs)) {
    const share = source!.totalMs / total;
    if (sum >= covered || share < least || found.length >= most) break;
    found.push({ title, share });
    sum += share;
  }
  return found;
}
