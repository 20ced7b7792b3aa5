// Sessions of processes: a shell puts each of its jobs into a process group of its own, but all stay in the shell's session.
import { setTimeout as sleep } from 'node:timers/promises';
import { killGroup, processNumbers, processStat } from '../../src/system/processes.ts';

/** Processes that are being started while we look are found the next time. */
const LOOKS = 5;

/** Asks all of the session to end, and after `graceMs` ends by force what is left. Resolves when nothing is. */
export async function endSession(leader: number, graceMs: number): Promise<void> {
  const atMs = performance.now() + graceMs;
  if (graceMs > 0) for (const pid of processesOf(leader)) for (const signal of ['SIGHUP', 'SIGCONT'] as const) send(pid, signal);
  while (performance.now() < atMs && processesOf(leader).length > 0) await sleep(20);
  for (let look = 0; look < LOOKS; look++) {
    const left = processesOf(leader);
    if (left.length === 0) return;
    killGroup(leader, 'SIGKILL');
    for (const pid of left) send(pid, 'SIGKILL');
    await sleep(1);
  }
}

/** Zombies do nothing any more and are left out. Where there is no /proc, those of the leader's group stand for all. */
function processesOf(leader: number): number[] {
  if (process.platform !== 'linux') return send(-leader, 0) ? [-leader] : [];
  return processNumbers().filter((pid) => {
    const stat = processStat(pid);
    return stat?.session === leader && !stat.isZombie;
  });
}

function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
