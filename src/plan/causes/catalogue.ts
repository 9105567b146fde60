import type { Rule } from './rule';

/** Every rule, family by family. */
export const catalogue: readonly Rule[] = [];
