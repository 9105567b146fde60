import { nearSpelling } from '../shared/near-spelling';
import type { Check } from './check';
import { corruptionChecks } from './locale/corruption';
import { collationDependentChecks } from './locale/dependents';
import { localeChecks } from './locale/locale';
import { objectCodeChecks } from './objects/code';
import { objectCollationChecks } from './objects/collations';
import { objectJobChecks } from './objects/jobs';
import { objectRemoteChecks } from './objects/remote';
import { objectRestChecks } from './objects/rest';
import { objectSequenceChecks } from './objects/sequences';
import { objectTableChecks } from './objects/tables';
import { objectTriggerChecks } from './objects/triggers';
import { objectSchemaChecks, objectTypeChecks } from './objects/types';
import { objectWorkersChecks } from './objects/workers';
import { operationsAvailabilityChecks } from './operations/availability';
import { operationsCertificateChecks } from './operations/certificate';
import { operationsDiskChecks } from './operations/disk';
import { operationsLimitsChecks } from './operations/limits';
import { operationsMachineChecks } from './operations/machine';
import { operationsSessionsChecks } from './operations/sessions';
import { operationsWritesChecks } from './operations/writes';
import { probeCpuChecks } from './probe/cpu';
import { probeLatencyChecks } from './probe/latency';
import { probeReadsChecks } from './probe/reads';
import { probeTemporaryFilesChecks } from './probe/temporary-files';
import { replicationLagChecks } from './replication/lag';
import { replicationChecks } from './replication/replication';
import { rolesAccessChecks } from './roles/access';
import { rolesAuthinfoChecks } from './roles/authinfo';
import { rolesGrantsChecks } from './roles/grants';
import { rolesMembershipChecks } from './roles/membership';
import { rolesOwnersChecks } from './roles/owners';
import { rolesChecks } from './roles/roles';
import { rolesRowSecurityChecks } from './roles/row-security';
import { rolesSuperuserChecks } from './roles/superuser';
import { sequenceChecks } from './sequences/sequences';
import { settingsEffectiveChecks } from './settings/effective';
import { settingsFunctionsChecks } from './settings/functions';
import { jitChecks } from './settings/jit';
import { settingsPlannerChecks } from './settings/planner';
import { settingsRolesChecks } from './settings/roles';
import { settingsServerChecks } from './settings/server';
import { settingsTimeoutChecks } from './settings/timeouts';
import { statementsChecks } from './statements/statements';
import { statementsWindowChecks } from './statements/window';
import { statisticsColumnChecks } from './statistics/columns';
import { statisticsStateChecks } from './statistics/state';
import { statisticsChecks } from './statistics/statistics';
import { indexSizeChecks } from './tables/index-sizes';
import { partitionChecks } from './tables/partitions';
import { tableSizeChecks } from './tables/sizes';
import { tableChecks } from './tables/tables';
import { topologyMetadataChecks } from './topology/metadata';
import { topologyMovesChecks } from './topology/moves';
import { topologyNodesChecks } from './topology/nodes';
import { topologyPlacementsChecks } from './topology/placements';
import { topologyTablesChecks } from './topology/tables';
import { topologyTenantChecks } from './topology/tenants';
import { binariesChecks } from './versions/binaries';
import { extensionChecks } from './versions/extensions';
import { librariesChecks } from './versions/libraries';
import { timeZoneChecks } from './versions/time-zones';
import { versionChecks } from './versions/versions';

/** Every check, group by group. */
export const catalogue: readonly Check[] = [
  ...versionChecks,
  ...binariesChecks,
  ...timeZoneChecks,
  ...extensionChecks,
  ...librariesChecks,
  // Before what they set: a role's setting is the cause, the planner's is what it does.
  ...settingsRolesChecks,
  ...settingsPlannerChecks,
  ...settingsServerChecks,
  ...settingsTimeoutChecks,
  ...settingsEffectiveChecks,
  ...settingsFunctionsChecks,
  ...rolesChecks,
  ...rolesMembershipChecks,
  ...rolesGrantsChecks,
  ...rolesOwnersChecks,
  ...rolesRowSecurityChecks,
  ...rolesAccessChecks,
  ...rolesAuthinfoChecks,
  ...rolesSuperuserChecks,
  ...jitChecks,
  ...localeChecks,
  ...corruptionChecks,
  ...collationDependentChecks,
  ...objectSchemaChecks,
  ...objectCollationChecks,
  ...objectTypeChecks,
  ...objectTableChecks,
  ...objectSequenceChecks,
  ...objectCodeChecks,
  ...objectTriggerChecks,
  ...objectRemoteChecks,
  ...objectJobChecks,
  ...objectRestChecks,
  ...objectWorkersChecks,
  ...sequenceChecks,
  ...replicationChecks,
  ...replicationLagChecks,
  ...statisticsChecks,
  ...statementsChecks,
  ...tableChecks,
  ...tableSizeChecks,
  ...indexSizeChecks,
  ...partitionChecks,
  ...statisticsStateChecks,
  ...statisticsColumnChecks,
  ...statementsWindowChecks,
  ...topologyNodesChecks,
  ...topologyTablesChecks,
  ...topologyMovesChecks,
  ...topologyPlacementsChecks,
  ...topologyTenantChecks,
  ...topologyMetadataChecks,
  ...operationsAvailabilityChecks,
  ...operationsDiskChecks,
  ...operationsCertificateChecks,
  ...operationsSessionsChecks,
  ...operationsWritesChecks,
  ...operationsLimitsChecks,
  ...operationsMachineChecks,
  ...probeCpuChecks,
  ...probeReadsChecks,
  ...probeTemporaryFilesChecks,
  ...probeLatencyChecks,
];

const byId: ReadonlyMap<string, Check> = new Map(catalogue.map(check => [check.id, check]));

export function findCheck(id: string): Check | undefined {
  return byId.get(id);
}

/** What a comparison asks: what these groups hold, or all but what is asked on request only. */
export function checksToCompare(groups?: readonly string[]): readonly Check[] {
  return catalogue.filter(({ group, onRequest }) => (groups === undefined ? !onRequest : groups.includes(group)));
}

/** The id that was probably meant; undefined when none is near. */
export function suggestCheck(id: string): string | undefined {
  const wanted = id.trim().toLowerCase();
  // Longer than any id can be a slip of: not worth a look at each.
  if (wanted.length === 0 || wanted.length > 64) return undefined;
  const near = nearSpelling(wanted, byId.keys(), Math.max(2, Math.floor(wanted.length / 3)));
  // A word of it alone: `planner`, `sequences`.
  return near ?? [...byId.keys()].find(candidate => candidate.split('.').includes(wanted));
}
