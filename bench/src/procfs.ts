/**
 * CPU time and memory of a process tree, from proc(5).
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Linux reports CPU time in units of 1/100 s on every architecture (USER_HZ). */
const TICK_US = 10_000;

export interface ProcessStat {
  readonly pid: number;
  readonly ppid: number;
  /** User plus system time of all its threads, ended ones included. */
  readonly own_ticks: number;
  /** The same of its children that ended and were waited for. */
  readonly waited_ticks: number;
}

export interface CpuSnapshot {
  readonly ticks: number;
  /** Nanoseconds on a CPU by thread, for every live thread of the tree. */
  readonly threads: ReadonlyMap<string, number>;
}

/** Parses `/proc/PID/stat`; the command name may itself contain spaces and parentheses. */
export function parseStat(text: string): ProcessStat {
  const after = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (index: number): number => Number(after[index - 3] ?? Number.NaN);
  return {
    pid: Number.parseInt(text, 10),
    ppid: field(4),
    own_ticks: field(14) + field(15),
    waited_ticks: field(16) + field(17),
  };
}

/** The root and everything below it. */
export function treeOf(root: number, all: readonly ProcessStat[]): readonly ProcessStat[] {
  const found = all.filter((one) => one.pid === root);
  for (let i = 0; i < found.length; i++) {
    const parent = found[i]?.pid;
    found.push(...all.filter((one) => one.ppid === parent && one.pid !== parent));
  }
  return found;
}

/**
 * CPU microseconds between two snapshots of a tree. When the same threads were alive at both ends the kernel's
 * nanosecond counters tell it exactly; otherwise a thread that came or went has taken its counter along, and
 * the totals of the processes are used, which are exact to 10 ms.
 */
export function cpuBetweenUs(before: CpuSnapshot, after: CpuSnapshot): number {
  let nanoseconds = 0;
  for (const [thread, now] of after.threads) {
    const then = before.threads.get(thread);
    if (then === undefined) return (after.ticks - before.ticks) * TICK_US;
    nanoseconds += now - then;
  }
  if (after.threads.size !== before.threads.size || after.threads.size === 0) {
    return (after.ticks - before.ticks) * TICK_US;
  }
  return nanoseconds / 1000;
}

export function snapshotCpu(root: number): CpuSnapshot {
  const tree = treeOf(root, processes());
  const threads = new Map<string, number>();
  for (const { pid } of tree) {
    for (const tid of list(`/proc/${pid}/task`)) {
      const text = read(`/proc/${pid}/task/${tid}/schedstat`);
      if (text !== undefined) threads.set(`${pid}/${tid}`, Number.parseInt(text, 10));
    }
  }
  return { ticks: tree.reduce((sum, one) => sum + one.own_ticks + one.waited_ticks, 0), threads };
}

/** Starts the peak of every process of the tree anew (proc(5), clear_refs = 5); without the right to, it stays. */
export function resetPeakRss(root: number): void {
  for (const { pid } of treeOf(root, processes())) {
    try {
      writeFileSync(`/proc/${pid}/clear_refs`, '5');
    } catch {
      // Then VmHWM is the peak of the whole life of the process, which the README says.
    }
  }
}

/** Sum of the peaks (VmHWM) of all processes of the tree, in bytes. */
export function peakRssBytes(root: number): number {
  return treeOf(root, processes()).reduce((sum, { pid }) => sum + parsePeak(read(`/proc/${pid}/status`) ?? ''), 0);
}

/** VmHWM out of `/proc/PID/status`, in bytes. */
export function parsePeak(status: string): number {
  const match = /^VmHWM:\s+(\d+) kB$/m.exec(status);
  return match === null ? 0 : Number(match[1]) * 1024;
}

/** Microseconds that all cores together were not idle since boot, time taken by the hypervisor included. */
export function machineBusyUs(): number {
  return parseBusy(read('/proc/stat') ?? '') * TICK_US;
}

/** Non-idle ticks out of `/proc/stat`: user, nice, system, irq, softirq, steal. */
export function parseBusy(stat: string): number {
  const fields = (/^cpu\s+(.*)$/m.exec(stat)?.[1] ?? '').split(' ').map(Number);
  return [0, 1, 2, 5, 6, 7].reduce((sum, index) => sum + (fields[index] ?? 0), 0);
}

function processes(): readonly ProcessStat[] {
  return list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const text = read(`/proc/${pid}/stat`);
      return text === undefined ? [] : [parseStat(text)];
    });
}

/** A process may end between listing and reading it. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function list(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
