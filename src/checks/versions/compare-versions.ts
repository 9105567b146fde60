/** Versions as packagers write them: `15.18`, `13.2-1`, `1.10`. Below 0 when `a` is the older. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map(version => (version.match(/\d+/g) ?? []).map(Number));
  for (let i = 0; i < Math.max(left!.length, right!.length); i++) {
    const difference = (left![i] ?? 0) - (right![i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** `13.2` of `13.2-1` and of `13.2.2`. */
export function minorSeries(version: string): string {
  return (version.match(/\d+/g) ?? []).slice(0, 2).join('.');
}
