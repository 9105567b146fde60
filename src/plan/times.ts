import type { Plan } from './model';
export function computeTimes(_plan: Plan): void {}
