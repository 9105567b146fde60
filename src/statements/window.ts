/** When the figures of a side were counted, and how to say it. */
import type { StatementsWindow } from '../shared/statements';

/** `6 d 2 h`, `1 h 12 min`, `45 s`: two units at most. */
export function spanWords(seconds: number): string {
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [Math.floor(seconds) % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** `since` undefined: the server does not say when counting began (extension before 1.9). */
export function windowOf(
  origin: string,
  at: string,
  since: string | undefined,
  what: 'since reset' | 'between two readings' | 'since a reset between the two readings',
): StatementsWindow {
  if (since === undefined) return { origin, at, words: 'since a time that the server does not say' };
  const seconds = Math.max(0, (Date.parse(at) - Date.parse(since)) / 1000);
  return { origin, at, since, seconds, words: `${spanWords(seconds)} ${what}` };
}
