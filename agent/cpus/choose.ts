// Which real CPUs an agent's slots stand for.
import { affinityMask, utilLinux } from './affinity.ts';
import { type Claims, claimCpus, claimsDirectory } from './claims.ts';

/** Null: hosts are not bound, since there are too few CPUs, other agents of this user have them, or the system cannot. */
export function chooseCpus(slots: number): Claims | null {
  const mask = affinityMask();
  if (mask === null || slots > mask.length || utilLinux('taskset') === null) return null;
  try {
    return claimCpus(claimsDirectory(), mask, slots);
  } catch {
    return null; // no private directory to be had: nothing that should stop a run
  }
}
