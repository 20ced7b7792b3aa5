// Which CPUs are threads of one core, as the system tells.
import { readFileSync } from 'node:fs';
import { parseCpuList } from './affinity.ts';

/** The CPUs by core, cores and CPUs ascending; each a core of its own where the system does not tell. */
export function coresOf(cpus: readonly number[]): number[][] {
  return groupCores(cpus, siblingsOf);
}

/** Pure part of `coresOf`. `siblings`: all threads of a CPU's core, on this machine. */
export function groupCores(cpus: readonly number[], siblings: (cpu: number) => readonly number[]): number[][] {
  const ours = [...cpus].sort((a, b) => a - b);
  return [...Map.groupBy(ours, (cpu) => Math.min(cpu, ...siblings(cpu))).values()];
}

function siblingsOf(cpu: number): number[] {
  try {
    return parseCpuList(readFileSync(`/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`, 'latin1'));
  } catch {
    return [cpu];
  }
}
