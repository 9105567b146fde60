/** When a difference is worth a word. All in one place; every figure beyond its threshold is named, none below it is. */

/** Two runs of the same thing differ by this much anyway; less is "about the same". */
export const noiseShare = 0.1;

/** The smallest time that is not noise, whatever its share. */
export const noiseMs = 0.1;

/** A node's time is a difference when it is this share of the slower side's execution time: what is smaller explains nothing. */
export const worthMentioningShare = 0.05;

/** An estimate this many times off, or differing this much between the sides, can turn a plan; planners live with less. */
export const estimateFactor = 10;

/** Work (rows, loops, pages) that grew or shrank by this factor is a difference … */
export const workFactor = 1.5;

/** … when it is at least this many rows or pages: ten rows instead of five are nothing. */
export const workMinimum = 100;

/** Two spills differ when one wrote at least this much more: less is read back from memory anyway. */
export const spillMinimumBytes = 1024 * 1024;

/** What PostgreSQL up to 17 adds to the cost of a node that a setting such as enable_nestloop = off forbids (costsize.c, disable_cost). */
export const disableCost = 1e10;

/** The first major version that counts disabled nodes beside the cost instead. */
export const disabledNodesMajor = 18;

export function isNoise(source: number, target: number, smallest = 0): boolean {
  const difference = Math.abs(target - source);
  return difference <= smallest || difference <= noiseShare * Math.min(Math.abs(source), Math.abs(target));
}

/** How many times the larger is the smaller; both at least 1, so that none counts as one. */
export function factor(a: number, b: number): number {
  const low = Math.max(1, Math.min(a, b));
  return Math.max(1, Math.max(a, b)) / low;
}
