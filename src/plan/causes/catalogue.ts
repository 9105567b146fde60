import { dataRules } from './data';
import { distributionRules } from './distribution';
import { indexRules } from './indexes';
import { jitRules } from './jit';
import { nodeRules } from './nodes';
import { pagesRules } from './pages';
import { parallelRules } from './parallel';
import type { Rule } from './rule';
import { settingsRules } from './settings';
import { spillRules } from './spills';
import { statisticsRules } from './statistics';
import { waitingRules } from './waiting';

/** Every rule, family by family. Of findings that weigh the same, the first named stands first. */
export const catalogue: readonly Rule[] = [
  ...dataRules,
  ...jitRules,
  ...waitingRules,
  ...indexRules,
  ...statisticsRules,
  ...distributionRules,
  ...nodeRules,
  ...spillRules,
  ...parallelRules,
  ...settingsRules,
  ...pagesRules,
];
