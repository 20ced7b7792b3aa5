// Who a process is, beyond its number: pids are reused, and a zombie still answers a signal.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { namesIn } from './home.ts';

export interface ProcessIdentity {
  pid: number;
  /** Linux: boot id and start time in clock ticks; macOS: start time. Only ever compared. */
  startedAt: string;
}

/** Null: no such process, or a zombie (which does nothing any more). */
export function processIdentity(pid: number): ProcessIdentity | null {
  if (!Number.isSafeInteger(pid) || pid <= 0) return null;
  const startedAt = process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid);
  return startedAt === null ? null : { pid, startedAt };
}

/** Whether the process that had this identity still lives. */
export function isSameProcess(identity: ProcessIdentity): boolean {
  return processIdentity(identity.pid)?.startedAt === identity.startedAt;
}

/** Sends `signal` to the process group `pid`. False: there is none, or it is not ours to signal. */
export function killGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** Waits until the process is gone. False: it still lived after `timeoutMs`. */
export async function waitForExit(identity: ProcessIdentity, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  while (isSameProcess(identity)) {
    if (performance.now() > end) return false;
    await sleep(10, undefined, signal ? { signal } : {});
  }
  return true;
}

function startOnLinux(pid: number): string | null {
  const stat = processStat(pid);
  return stat === null || stat.isZombie ? null : `${bootId()}:${stat.startTicks}`;
}

interface ProcessStat {
  /** It has ended, and its parent has not asked for its end yet. */
  isZombie: boolean;
  session: number;
  /** Since the machine's boot. */
  startTicks: string;
}

/** What Linux says of a process. Null: there is none. */
export function processStat(pid: number): ProcessStat | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  // The name, in parentheses, may hold anything; after it: state (field 3), parent, group, session … start time (field 22).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ', 20);
  return { isZombie: /^[ZXx]$/.test(fields[0] ?? ''), session: Number(fields[3]), startTicks: fields[19] ?? '' };
}

/** The numbers of all processes that this one sees; none where there is no /proc. */
export function processNumbers(): number[] {
  return namesIn('/proc').map(Number).filter(Number.isInteger);
}

let knownBootId: string | undefined;

/** Differs after each boot; empty where the kernel does not say. */
export function bootId(): string {
  if (knownBootId === undefined) {
    try {
      knownBootId = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    } catch {
      knownBootId = '';
    }
  }
  return knownBootId;
}

function startByPs(pid: number): string | null {
  try {
    const line = execFileSync('/bin/ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 5_000,
      env: { LC_ALL: 'C', TZ: 'UTC' },
    });
    const [state = '', ...start] = line.trim().split(/\s+/);
    return state === '' || state.startsWith('Z') ? null : start.join(' ');
  } catch {
    return null;
  }
}
