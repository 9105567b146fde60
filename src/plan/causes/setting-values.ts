const unitSizes: Record<string, number> = { '': 1, B: 1, kB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40 };

/** Whether a figure, with the unit the server prints, is less than another; where one of them is not told it may be. */
export function isLess(a: string | undefined, b: string | undefined): boolean {
  const [less, more] = [a, b].map(value => {
    const match = /^(-?[\d.]+(?:e[+-]?\d+)?) ?([kMGT]?B)?$/.exec(value ?? '');
    return match ? Number(match[1]) * unitSizes[match[2] ?? '']! : undefined;
  });
  // EXPLAIN (SETTINGS) does not say what is built in.
  return less === undefined || more === undefined || less < more;
}
