import { dataRules } from './data';
import { jitRules } from './jit';
import { pagesRules } from './pages';
import { parallelRules } from './parallel';
import type { Rule } from './rule';
import { settingsRules } from './settings';
import { spillRules } from './spills';
import { waitingRules } from './waiting';

/** Every rule, family by family. Of findings that weigh the same, the first named stands first. */
export const catalogue: readonly Rule[] = [
  ...dataRules,
  ...jitRules,
  ...waitingRules,
  ...spillRules,
  ...parallelRules,
  ...settingsRules,
  ...pagesRules,
];
