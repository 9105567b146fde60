import { describe, expect, it } from 'vitest';
import { formatBytes, formatCost, formatMs, formatNumber, formatRatio, formatRows } from '../../../src/shared/format';

describe('figures', () => {
  it.each([
    [2799.4, '2,799 ms'],
    [57.6, '58 ms'],
    [9.96, '10 ms'],
    [2.06, '2.1 ms'],
    [4, '4.0 ms'],
    [0.996, '1.0 ms'],
    [0.5, '0.5 ms'],
    [0.05, '0.05 ms'],
    [0.0004, '0 ms'],
    [0, '0 ms'],
    [1_234_567.8, '1,234,568 ms'],
  ])('%s as %s', (ms, text) => expect(formatMs(ms)).toBe(text));

  it('have the units of PostgreSQL', () => {
    expect(formatBytes(42)).toBe('42 bytes');
    expect(formatBytes(312 * 1024)).toBe('312 kB');
    expect(formatBytes(2.93 * 1024 * 1024)).toBe('2.9 MB');
    expect(formatRatio(8.72)).toBe('8.7×');
    expect(formatRatio(24.4)).toBe('24×');
    expect(formatRatio(1.06)).toBe('1.06×');
    expect(formatCost(10_000_002_619)).toBe('1.00e10');
    expect(formatCost(12.345)).toBe('12.35');
    expect(formatRows(1905)).toBe('1,905');
    expect(formatRows(0.33)).toBe('0.33');
    expect(formatNumber(-1234.5, 1)).toBe('-1,234.5');
    expect(formatNumber(Number.POSITIVE_INFINITY)).toBe('∞');
    expect(formatNumber(Number.NaN)).toBe('–');
  });
});
