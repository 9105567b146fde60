import { jitRules } from './jit';
import type { Rule } from './rule';
import { settingsRules } from './settings';

/** Every rule, family by family. Of findings that weigh the same, the first named stands first. */
export const catalogue: readonly Rule[] = [...jitRules, ...settingsRules];
