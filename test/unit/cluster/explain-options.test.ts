import { expect, test } from 'vitest';
import { explainOptions } from '../../../src/cluster/explain';

const plain = { analyze: false, generic: false, serialize: false };
const analyze = { analyze: true, generic: false, serialize: false };
const generic = { analyze: false, generic: true, serialize: false };

test.each([
  [120022, plain, 'VERBOSE, SETTINGS, SUMMARY, FORMAT JSON'],
  [120022, analyze, 'ANALYZE, VERBOSE, SETTINGS, BUFFERS, FORMAT JSON'],
  [130000, plain, 'VERBOSE, SETTINGS, BUFFERS, SUMMARY, FORMAT JSON'],
  [150018, analyze, 'ANALYZE, VERBOSE, SETTINGS, BUFFERS, WAL, FORMAT JSON'],
  [150018, generic, 'VERBOSE, SETTINGS, BUFFERS, SUMMARY, FORMAT JSON'],
  [160000, generic, 'VERBOSE, SETTINGS, BUFFERS, GENERIC_PLAN, SUMMARY, FORMAT JSON'],
  [170010, plain, 'VERBOSE, SETTINGS, BUFFERS, MEMORY, SUMMARY, FORMAT JSON'],
  [170010, { ...analyze, serialize: true }, 'ANALYZE, VERBOSE, SETTINGS, BUFFERS, WAL, MEMORY, SERIALIZE, FORMAT JSON'],
  [160000, { ...analyze, serialize: true }, 'ANALYZE, VERBOSE, SETTINGS, BUFFERS, WAL, FORMAT JSON'],
])('PostgreSQL %i, %j', (num, input, options) => {
  expect(explainOptions({ num }, input)).toBe(options);
});

test('Citus refuses GENERIC_PLAN', () => {
  expect(explainOptions({ num: 170_000, citus: '13.2-1' }, generic)).not.toContain('GENERIC_PLAN');
});
