/** What reads and writes add up to, apart: who looks at reads alone must see what the writes do. */
import { formatMs, formatNumber, formatShare } from '../shared/format';
import { sides } from '../shared/side';
import type { ClassTotal, StatementRow, StatementsSummary } from '../shared/statements';
import { isProposed } from '../shared/statements';

/** Of pairs that clients sent and that are certain: what is nested is in its caller's time already. */
export function totalsOf(rows: readonly StatementRow[], kind: 'read' | 'write'): ClassTotal {
  const total: ClassTotal = { pairs: 0, regressions: 0, targetMs: 0, sourceMs: 0, extraMs: 0 };
  for (const row of rows) {
    if (row.class !== kind || row.scope !== 'client' || !row.source || !row.target || isProposed(row.match)) continue;
    total.pairs++;
    if (row.verdict === 'regression') total.regressions++;
    // Other data is another workload.
    if (row.verdict === 'differentData') continue;
    total.targetMs += row.target.totalMs;
    total.sourceMs += row.target.calls * row.source.meanMs;
  }
  total.extraMs = total.targetMs - total.sourceMs;
  return total;
}

/** A class whose time differs by less than this share of itself is about the same. */
const aboutTheSame = 0.1;

export function summarySentence(
  reads: ClassTotal,
  writes: ClassTotal,
  compared: Record<'source' | 'target', { error?: StatementsSummary['source']['error'] }>,
): string {
  const failed = sides.filter(side => compared[side].error);
  if (failed.length === 2) return 'Neither side could be read.';
  if (failed.length === 1) return `The ${failed[0]} could not be read: nothing can be compared.`;
  if (reads.pairs + writes.pairs === 0) return 'No statement was counted on both sides yet.';
  if (reads.pairs === 0) return `Only writes were counted on both sides: ${changeOf('they', writes)}; no read was.`;
  if (writes.pairs === 0)
    return `Only reads were counted on both sides: ${changeOf('they', reads)}. No write was: what they do on the target is not known.`;
  const [more, less, moreName, lessName] =
    writes.extraMs >= reads.extraMs ? [writes, reads, 'Writes', 'reads'] : [reads, writes, 'Reads', 'writes'];
  if (!isWorse(more))
    return `Reads and writes take no more time on the target: ${changeOf('reads', reads)}, ${changeOf('writes', writes)}.`;
  if (!isWorse(less))
    return `${moreName} alone are slower: ${changeOf('they', more)}. ${capital(changeOf(lessName, less))}: who looks at ${lessName} alone sees nothing.`;
  const share = more.extraMs / (more.extraMs + less.extraMs);
  return `${moreName} carry ${formatShare(share)} of the target's extra time: ${changeOf('they', more)}, ${changeOf(lessName, less)}.`;
}

function isWorse({ extraMs, sourceMs }: ClassTotal): boolean {
  return extraMs > aboutTheSame * sourceMs;
}

function changeOf(who: string, { extraMs, sourceMs, targetMs }: ClassTotal): string {
  if (Math.abs(extraMs) <= aboutTheSame * sourceMs) return `${who} take about the same (${duration(targetMs)})`;
  return extraMs > 0
    ? `${who} take ${duration(targetMs)} in place of ${duration(sourceMs)}`
    : `${who} take ${duration(targetMs)}, less than the ${duration(sourceMs)} of the source`;
}

/** `2,535 s`, `312 ms`. */
export function duration(ms: number): string {
  return Math.abs(ms) >= 10_000
    ? `${formatNumber(ms / 1000)} s`
    : Math.abs(ms) >= 1000
      ? `${formatNumber(ms / 1000, 1)} s`
      : formatMs(ms);
}

function capital(text: string): string {
  return text[0]!.toUpperCase() + text.slice(1);
}
