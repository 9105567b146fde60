/** What a probe measured on the nodes of the target, held against the nodes of the source. */
import { median } from '../../plan/experiments/statistics';
import { formatMs, formatRatio, formatShare } from '../../shared/format';
import type { BySide } from '../../shared/side';
import type { Answered } from '../answers';
import type { CheckDifference, CheckUnknown, NodeRole } from '../check';
import { type Cpu, shareOf } from './cpu-speed';

/** Of checks that load the nodes, which are asked on request only. */
export const probeGroup = 'probe';

/** For whoever is asked whether to. */
export const probeLoad =
  'Each node computes on one core for a second at most, reads 256 pages of its largest table, and sorts 32 MB through a temporary file, three times at most. The coordinators send each worker some twenty SELECT 1. Nothing is changed; other statements may be slower meanwhile.';

export interface Measured {
  /** `host:port`. */
  node: string;
  role: NodeRole;
  ms: number;
}

export interface Gate {
  ratio: number;
  /** More than the baseline by at least this: where both are short, a ratio says nothing. Milliseconds. */
  ms: number;
}

interface Slower extends Measured {
  /** What it is held against. */
  baselineMs: number;
  /** `2.4× as long`. */
  times: string;
}

/** The nodes of the target that take longer than those of the source do by the median. */
export function slowerThanSource({ source, target }: BySide<readonly Measured[]>, gate: Gate): Slower[] {
  return target.flatMap(each => {
    const baselineMs = baselineOf(source, each.role);
    if (baselineMs === undefined || each.ms - baselineMs < gate.ms || each.ms < gate.ratio * baselineMs) return [];
    return [{ ...each, baselineMs, times: `${formatRatio(each.ms / baselineMs)} as long` }];
  });
}

/** Of the nodes of that role; of all where the side has none of it, as a plain server has no workers. */
function baselineOf(nodes: readonly Measured[], role: NodeRole): number | undefined {
  const alike = nodes.filter(node => node.role === role);
  const all = (alike.length > 0 ? alike : nodes).map(({ ms }) => ms);
  return all.length > 0 ? median(all) : undefined;
}

/** With less of a core than this, a slow node cannot be told from a busy one. */
const quietShare = 0.7;

/**
 * A slower node is a difference where it had a core to itself, else it is not known what made it slow.
 * @param cpu of the target's nodes, read right before
 */
export function judgeSlower(
  measured: BySide<readonly Measured[]>,
  { gate, work, cpu }: { gate: Gate; work: string; cpu: readonly Answered<Cpu>[] },
): { differences: CheckDifference[]; unknown: CheckUnknown[] } {
  const differences: CheckDifference[] = [];
  const unknown: CheckUnknown[] = [];
  for (const { node, ms, baselineMs, times } of slowerThanSource(measured, gate)) {
    const own = cpu.find(each => each.node === node);
    const share = own ? shareOf(own.answer) : 0;
    const what = `${work} takes ${times}`;
    if (share >= quietShare) differences.push({ what, node, source: formatMs(baselineMs), target: formatMs(ms) });
    else
      unknown.push({
        what: `${what} (source ${formatMs(baselineMs)}, target ${formatMs(ms)}), while the node had ${formatShare(share)} of a core for it: measure again when it is idle, or see who takes the rest (top: us, st)`,
        node,
      });
  }
  return { differences, unknown };
}

/** `1.2 ms`, in the middle. */
export function medianWords(measured: readonly Measured[]): string {
  return measured.length > 0 ? formatMs(median(measured.map(({ ms }) => ms))) : '–';
}
