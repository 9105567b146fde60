import { expect, test } from 'vitest';
import { showSetting } from '../../../src/cluster/setting-value';

test.each([
  ['16384', 'kB', '16MB'],
  ['524288', '8kB', '4GB'],
  ['1', '8kB', '8kB'],
  ['4097', 'kB', '4097kB'],
  ['0', 'kB', '0'],
  ['-1', 'kB', '-1'],
  ['30000', 'ms', '30s'],
  ['90', 's', '90s'],
  ['1440', 'min', '1d'],
  ['100', null, '100'],
  ['7', 'furlong', '7'],
])('%s in %s is shown as %s', (value, unit, shown) => {
  expect(showSetting(value, { vartype: 'integer', unit })).toBe(shown);
});

test('leaves what is no integer alone', () => {
  expect(showSetting('100000', { vartype: 'real', unit: null })).toBe('100000');
  expect(showSetting('on', { vartype: 'bool', unit: null })).toBe('on');
});
