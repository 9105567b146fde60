import { circumstanceFaults } from './circumstances';
import { citusFaults } from './citus';
import { relationFaults } from './relations';
import type { FaultScenario } from './scenario';
import { settingFaults } from './settings';

export const faultScenarios: readonly FaultScenario[] = [
  ...settingFaults,
  ...relationFaults,
  ...circumstanceFaults,
  ...citusFaults,
];
