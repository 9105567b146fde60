import { expect, test } from 'vitest';
import type { Topology } from '../../../src/cluster/topology';
import { healthWords, nodeWords, topologyWords } from '../../../src/workbench/topology-words';

const coordinator = { host: 'c', port: 5432, role: 'coordinator', reachable: true } as const;
const worker = { host: 'w', port: 5432, role: 'worker', reachable: true, postgresVersion: '15.4' } as const;
const citus: Topology = {
  nodes: [coordinator, worker, { ...worker, host: 'w2', reachable: false, reason: 'connection refused' }],
  citus: true,
  postgresVersion: '15.4',
  citusVersion: '13.2.2',
  connectedAs: 'coordinator',
  user: 'citus',
  notes: [],
};

test('a cluster is its versions, its workers, and what is down', () => {
  expect(topologyWords(citus)).toBe('PostgreSQL 15.4, Citus 13.2.2, 2 workers, 1 not reachable');
  expect(topologyWords({ ...citus, nodes: [coordinator, worker] })).toBe('PostgreSQL 15.4, Citus 13.2.2, 1 worker');
  const plain: Topology = {
    nodes: [{ ...coordinator, role: 'standalone' }],
    citus: false,
    postgresVersion: '17.2',
    connectedAs: 'standalone',
    user: 'app',
    notes: [],
  };
  expect(topologyWords(plain)).toBe('PostgreSQL 17.2');
});

test('a node says its role, versions and state', () => {
  expect(nodeWords(worker)).toBe('worker · PostgreSQL 15.4');
  expect(nodeWords({ ...worker, reachable: false })).toBe('worker · PostgreSQL 15.4 · not reachable');
  expect(nodeWords({ ...worker, isActive: false })).toBe('worker · PostgreSQL 15.4 · not active');
  expect(nodeWords({ ...coordinator, role: 'standalone' })).toBe('single server');
});

test('health is the topology, or why there is none', () => {
  expect(healthWords({ state: 'unknown' })).toBe('not tried yet');
  expect(healthWords({ state: 'checking', topology: citus })).toBe('connecting…');
  expect(healthWords({ state: 'ok' })).toBe('answers');
  const error = { reason: 'unreachable', message: 'Nothing listens at c:5432.' };
  expect(healthWords({ state: 'error', error, topology: citus })).toBe('Nothing listens at c:5432');
});
