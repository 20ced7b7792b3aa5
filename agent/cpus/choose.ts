// What this agent offers: CPU slots and the real CPUs they stand for, memory, GPUs.
import { availableParallelism } from 'node:os';
import { affinityMask, utilLinux } from './affinity.ts';
import { type Claims, claimCpus, claimsDirectory } from './claims.ts';
import { type Grant, readGrant, visibleGpus } from './grant.ts';

export interface Offer extends Grant {
  /** This process is part of a Slurm job that the run asked for, or that somebody started it in. */
  isSlurm: boolean;
  release(): void;
}

/** Where `workers` is not said, what Slurm granted, else all CPUs of this process. A local backend says it: nothing else is packed. */
export function chooseOffer(workers: number | undefined): Offer {
  const granted = workers === undefined ? readGrant() : null;
  if (granted !== null) {
    const cpus = utilLinux('taskset') === null ? null : granted.cpus;
    return { ...granted, cpus, isSlurm: true, release: () => {} };
  }
  const slots = workers ?? availableParallelism();
  const claims = claimSome(slots);
  const gpus = workers === undefined ? visibleGpus(process.env) : [];
  const release = (): void => claims?.release();
  return { slots, cpus: claims?.cpus ?? null, memoryMib: 0, gpus, job: '', warning: '', isSlurm: false, release };
}

/** Null: hosts are not bound, since there are too few CPUs, other agents of this user have them, or the system cannot. */
function claimSome(slots: number): Claims | null {
  const mask = affinityMask();
  if (mask === null || slots > mask.length || utilLinux('taskset') === null) return null;
  try {
    return claimCpus(claimsDirectory(), mask, slots);
  } catch {
    return null; // no private directory to be had: nothing that should stop a run
  }
}
