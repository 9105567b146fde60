import { formatBytes, formatCount } from '../shared/format';
import { type Change, change } from './change';
import type { PlanNode } from './model';
import { type PlanValue, Properties } from './properties';
import { factor, spillMinimumBytes, workFactor } from './thresholds';

/** What a node wrote to disk because its memory (work_mem, hash_mem_multiplier) did not hold it. */
interface Spill {
  /** `5 MB on disk`, `8 batches`. */
  text: string;
  /** Undefined where EXPLAIN says none. */
  bytes: number | undefined;
}

const kilobyte = 1024;
const pageBytes = 8192;

/** `external merge` and `external sort`: a sort on disk. */
export function isOnDisk(method: string | undefined): boolean {
  return method?.startsWith('external ') === true;
}

/** What one side wrote to disk and the other did not, or much more of. */
export function compareSpills(source: PlanNode, target: PlanNode): Change[] {
  const ran = (node: PlanNode): boolean => node.actualLoops !== undefined && node.actualLoops > 0;
  if (!ran(source) || !ran(target)) return [];
  const [a, b] = [spillOf(source), spillOf(target)];
  if (!a && !b) return [];
  if (a && b) {
    if (a.bytes === undefined || b.bytes === undefined) {
      if (a.text === b.text || (a.bytes === undefined) !== (b.bytes === undefined)) return [];
    } else if (Math.abs(a.bytes - b.bytes) < spillMinimumBytes || factor(a.bytes, b.bytes) < workFactor) return [];
  }
  return [change('spill', 'spill', a?.text ?? 'none', b?.text ?? 'none')];
}

function spillOf(node: PlanNode): Spill | undefined {
  const { properties } = node;
  const sorted = sortedOnDisk(properties);
  if (sorted > 0) return { text: `${formatBytes(sorted)} on disk`, bytes: sorted };
  const disk = (properties.number('Disk Usage') ?? 0) * kilobyte;
  const batches = Math.max(properties.number('Hash Batches') ?? 1, properties.number('HashAgg Batches') ?? 1);
  const pages = node.selfTempPages ?? 0;
  const bytes = disk > 0 ? disk : pages > 0 ? pages * pageBytes : undefined;
  if (batches > 1) return { text: `${formatCount(batches)} batches on disk`, bytes };
  if (disk > 0) return { text: `${formatBytes(disk)} on disk`, bytes };
  if (pages > 0) return { text: `${formatCount(pages)} temporary pages`, bytes };
  return undefined;
}

/** Bytes that a Sort's processes wrote; those of an Incremental Sort's largest group. */
function sortedOnDisk(properties: Properties): number {
  const own = (said: Properties): number =>
    said.text('Sort Space Type') === 'Disk' ? (said.number('Sort Space Used') ?? 0) * kilobyte : 0;
  const workers = properties.get('Workers');
  let bytes = own(properties);
  if (Array.isArray(workers)) for (const worker of workers) if (worker instanceof Properties) bytes += own(worker);
  for (const name of ['Full-sort Groups', 'Pre-sorted Groups']) {
    const space = member(member(properties.get(name), 'Sort Space Disk'), 'Peak Sort Space Used');
    if (typeof space === 'string') bytes = Math.max(bytes, Number(space) * kilobyte || 0);
  }
  return bytes;
}

function member(value: PlanValue | undefined, name: string): PlanValue | undefined {
  return value instanceof Properties ? value.get(name) : undefined;
}
