import type { ReportUnknown } from '../shared/comparison-report';

export interface FoldedGap {
  what: string;
  grant: string | null;
  /** Where it is so; empty for the whole cluster. */
  nodes: string[];
}

/** What could not be told for the same reason on several nodes, once. */
export function foldGaps(gaps: ReportUnknown['gaps']): FoldedGap[] {
  const folded = new Map<string, FoldedGap>();
  for (const { what, node, grant } of gaps) {
    const key = JSON.stringify([what, grant, node === null]);
    const found = folded.get(key) ?? { what, grant, nodes: [] };
    if (node !== null && !found.nodes.includes(node)) found.nodes.push(node);
    folded.set(key, found);
  }
  return [...folded.values()];
}
