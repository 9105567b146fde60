import { circumstanceFaults } from './circumstances';
import { relationFaults } from './relations';
import type { FaultScenario } from './scenario';
import { settingFaults } from './settings';

export const faultScenarios: readonly FaultScenario[] = [...settingFaults, ...relationFaults, ...circumstanceFaults];
