import type { Plan } from './model';
import { disableCost } from './thresholds';

/**
 * Marks the nodes a setting forbids. PostgreSQL 18 says `Disabled`. Up to 17 such a node costs 1e10 more (costsize.c,
 * disable_cost), and so does everything above it: the lowest nodes of that cost are the forbidden ones; of those above
 * it cannot be told.
 */
export function markDisabled(plan: Plan): void {
  const penaltyBelow = new Uint8Array(plan.nodes.length);
  for (let at = plan.nodes.length - 1; at >= 0; at--) {
    const node = plan.nodes[at]!;
    if (node.kind !== 'operator') continue;
    const isPenalized = (node.totalCost ?? 0) >= disableCost;
    if (isPenalized && node.parent >= 0) penaltyBelow[node.parent] = 1;
    // Set already where EXPLAIN says it.
    if (!isPenalized) node.disabled ??= false;
    else if (!penaltyBelow[at]) node.disabled ??= true;
  }
}
