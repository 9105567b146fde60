/** The two sides of a migration, source first: it is the baseline of every ratio. */
export const sides = ['source', 'target'] as const;

export type Side = (typeof sides)[number];

/** One value for each side. */
export type BySide<T> = Record<Side, T>;

export function eachSide<T>({ source, target }: BySide<T>): [Side, T][] {
  return [
    ['source', source],
    ['target', target],
  ];
}
