// What a run has asked Slurm for and cannot use yet, in a few words: how many allocations wait, until when, and why. Pure.
import type { AllocationProgress } from '../../src/rpc/messages.ts';
import { counted, inTime, timeOfDay } from '../text/format.ts';

/** Allocations that stand at the same place, for the same reason. */
export interface Waits {
  state: 'asked' | 'waits' | 'starts';
  allocations: number;
  cpus: number;
  /** Slurm's, in our words; '' where nothing is known yet. */
  reason: string;
  /** Of the first of them; null: not known. */
  expectedStartMs: number | null;
}

/** Those that wait come first, the commonest reason foremost; none for what works. */
export function waitsOf(allocations: readonly AllocationProgress[]): Waits[] {
  const groups = new Map<string, Waits>();
  for (const { state: stage, reason, cpus, expectedStartMs } of allocations) {
    if (stage === 'connected') continue;
    const state = stage === 'running' ? 'starts' : reason === '' ? 'asked' : 'waits';
    const group = groups.get(`${state} ${reason}`) ?? { state, allocations: 0, cpus: 0, reason, expectedStartMs: null };
    groups.set(`${state} ${reason}`, group);
    group.allocations += 1;
    group.cpus += cpus;
    if (expectedStartMs > 0) group.expectedStartMs = Math.min(expectedStartMs, group.expectedStartMs ?? expectedStartMs);
  }
  const rank = ({ state }: Waits): number => ['waits', 'asked', 'starts'].indexOf(state);
  return [...groups.values()].sort((a, b) => rank(a) - rank(b) || b.allocations - a.allocations);
}

/** `2 allocations (16 CPUs) wait, start expected at 14:32 (in 12 min)`, and the reason. */
export function waitsText({ state, allocations, cpus, reason, expectedStartMs }: Waits, nowMs: number): [string, string] {
  const what = `${counted(allocations, 'allocation')}${cpus > 0 ? ` (${counted(cpus, 'CPU')})` : ''}`;
  const [is, waits, starts] = allocations === 1 ? ['is', 'waits', 'starts'] : ['are', 'wait', 'start'];
  switch (state) {
    case 'asked':
      return [`${what} ${is} asked for`, ''];
    case 'starts':
      return [`${what} ${starts}`, ''];
    case 'waits': {
      const until = expectedStartMs === null ? '' : `, ${expectedText(expectedStartMs, nowMs)}`;
      return [`${what} ${waits}${until}`, reason];
    }
  }
}

/** `start expected at 14:32 (in 12 min)`. */
export function expectedText(expectedStartMs: number, nowMs: number): string {
  return `start expected at ${timeOfDay(expectedStartMs, nowMs)} (${inTime(expectedStartMs - nowMs)})`;
}
