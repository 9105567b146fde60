import type { Difference } from '../shared/plan-diff';

/** One thing that differs between two matched nodes. */
export interface Change {
  kind: Difference['kind'];
  /** `index events_pkey → events_created_at_idx`. */
  text: string;
  /** What differs: `index`. */
  what: string;
  source: string;
  target: string;
}

/** Short enough for a line of a tree. */
function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

export function change(kind: Change['kind'], what: string, source: string, target: string): Change {
  return { kind, what, source, target, text: `${what} ${short(source)} → ${short(target)}` };
}
