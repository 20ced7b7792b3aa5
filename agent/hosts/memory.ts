// The memory of hosts and all that their units have started. Children are found by their parents at each look (two small reads a
// process); those whose parent has ended, by their session: that takes a pass over all of /proc (up to 70 µs a process), and so
// is done every few seconds only.
import { readFileSync } from 'node:fs';
import { processNumbers, processStat } from '../../src/system/processes.ts';

const KIB = 1024;
const PASS_EVERY_MS = 5_000;

interface HostMemory {
  /** Resident; files that are mapped do not count. What processes share counts for each. */
  bytes: number;
  pids: readonly number[];
}

export class MemoryProbe {
  #bySession = new Map<number, number[]>();
  #passedAtMs = Number.NEGATIVE_INFINITY;

  /** `hosts`: their pids. */
  look(hosts: readonly number[], nowMs: number): Map<number, HostMemory> {
    if (process.platform !== 'linux' || hosts.length === 0) return new Map();
    if (nowMs - this.#passedAtMs >= PASS_EVERY_MS) {
      this.#bySession = processesBySession(hosts);
      this.#passedAtMs = nowMs;
    }
    return new Map(hosts.map((host) => [host, memoryOf(new Set([host, ...(this.#bySession.get(host) ?? [])]))]));
  }
}

/** Of all processes together, what they share counted once. Walks their page tables: a few milliseconds a GB. */
export function exactMemory(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + proportionalBytes(pid), 0);
}

/** `pids` grows by their children while it is walked. */
function memoryOf(pids: Set<number>): HostMemory {
  let bytes = 0;
  for (const pid of pids) {
    bytes += anonymousBytes(pid);
    for (const child of read(`/proc/${pid}/task/${pid}/children`).split(' ')) if (child !== '') pids.add(Number(child));
  }
  return { bytes, pids: [...pids] };
}

function processesBySession(hosts: readonly number[]): Map<number, number[]> {
  const found = new Map<number, number[]>(hosts.map((host) => [host, []]));
  for (const pid of processNumbers()) found.get(processStat(pid)?.session ?? 0)?.push(pid);
  return found;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return ''; // it has ended, or is somebody else's
  }
}

function anonymousBytes(pid: number): number {
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * KIB;
}

function proportionalBytes(pid: number): number {
  const rollup = read(`/proc/${pid}/smaps_rollup`);
  const kib = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0);
  return (kib('Pss_Anon') + kib('Pss_Shmem')) * KIB;
}
