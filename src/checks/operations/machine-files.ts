/** Where Linux tells of its cores and memory, and of what a container may have of them; and what is written there. */
import * as z from 'zod/mini';

/** Path of each. Those of control groups are of version 2 (`max`) and 1; a process in no container has none, or no limit. */
export const machineFiles = {
  meminfo: '/proc/meminfo',
  online: '/sys/devices/system/cpu/online',
  memoryMax: '/sys/fs/cgroup/memory.max',
  cpuMax: '/sys/fs/cgroup/cpu.max',
  memoryLimit: '/sys/fs/cgroup/memory/memory.limit_in_bytes',
  cpuQuota: '/sys/fs/cgroup/cpu/cpu.cfs_quota_us',
  cpuPeriod: '/sys/fs/cgroup/cpu/cpu.cfs_period_us',
} as const;
type MachineFile = keyof typeof machineFiles;

/** Bytes read of each file; all are far shorter. */
export const machineFileBytes = 4096;

/** The text of each file; null: there is none. */
export const machineTextsSchema = z.record(
  z.enum(Object.keys(machineFiles) as MachineFile[]),
  z.nullable(z.string().check(z.maxLength(machineFileBytes))),
);
export type MachineTexts = z.infer<typeof machineTextsSchema>;

/** What no file tells is absent. */
export interface Machine {
  /** A fraction where a quota grants one. */
  cores?: number;
  memoryBytes?: number;
  swapBytes?: number;
  /** A container has less than its machine. */
  isLimited: boolean;
}

/** Linux kernel documentation, "The /proc Filesystem: meminfo", "How CPU topology info is exported", "Control Group v2". */
export function readMachine(texts: MachineTexts): Machine {
  const cores = coresOf(texts.online);
  const memory = kilobytes(texts.meminfo, 'MemTotal');
  const swapBytes = kilobytes(texts.meminfo, 'SwapTotal');
  const [v2Quota = null, v2Period = null] = lineOf(texts.cpuMax)?.split(' ') ?? [];
  const quota = quotaOf(v2Quota, v2Period) ?? quotaOf(lineOf(texts.cpuQuota), lineOf(texts.cpuPeriod));
  const limit = positive(lineOf(texts.memoryMax)) ?? positive(lineOf(texts.memoryLimit));
  return {
    ...(cores === undefined ? {} : { cores: least(cores, quota) }),
    ...(memory === undefined ? {} : { memoryBytes: least(memory, limit) }),
    ...(swapBytes === undefined ? {} : { swapBytes }),
    isLimited: isBelow(quota, cores) || isBelow(limit, memory),
  };
}

/** A file of one line; undefined: none, or cut off. */
function lineOf(text: string | null): string | undefined {
  return text?.endsWith('\n') ? text.slice(0, -1) : undefined;
}

/** Of `0-7,9`: nine. The kernel writes ranges in order, each once. */
function coresOf(text: string | null): number | undefined {
  let cores = 0;
  let last = -1;
  for (const range of lineOf(text)?.split(',') ?? []) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range);
    if (!match) return undefined;
    const first = Number(match[1]);
    const end = Number(match[2] ?? match[1]);
    if (first <= last || end < first) return undefined;
    cores += end - first + 1;
    last = end;
  }
  return cores > 0 ? cores : undefined;
}

/** In bytes. */
function kilobytes(meminfo: string | null, name: 'MemTotal' | 'SwapTotal'): number | undefined {
  const line = meminfo?.split('\n').find(each => each.startsWith(`${name}:`));
  const match = /^\w+: *(\d{1,12}) kB$/.exec(line ?? '');
  // No swap is a figure, no memory is none.
  return match && (name === 'SwapTotal' || Number(match[1]) > 0) ? Number(match[1]) * 1024 : undefined;
}

/** Cores that a quota of time in each period comes to; undefined: none, as `max` or -1. */
function quotaOf(quota: string | null | undefined, period: string | null | undefined): number | undefined {
  const [time, of] = [positive(quota), positive(period)];
  return time === undefined || of === undefined ? undefined : time / of;
}

function positive(text: string | null | undefined): number | undefined {
  return text && /^\d{1,19}$/.test(text) && Number(text) > 0 ? Number(text) : undefined;
}

function least(value: number, limit: number | undefined): number {
  return Math.min(value, limit ?? value);
}

function isBelow(limit: number | undefined, value: number | undefined): boolean {
  return limit !== undefined && value !== undefined && limit < value;
}
