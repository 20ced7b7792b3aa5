// Pools: what holds the agents of a set of steps. The first is local; the others are Slurm's, one for each set of directives.
import type { Failure } from '../model/states.ts';
import type { Directive } from '../plan/slurm.ts';

export type PoolSpec =
  /** One agent beside the coordinator. */
  | { kind: 'local' }
  /** `maxAllocations` is over all pools of the run. */
  | { kind: 'slurm'; directives: readonly Directive[]; maxAllocations: number; nodesPerAllocation: number };

export type SlurmSpec = Extract<PoolSpec, { kind: 'slurm' }>;

export interface Pool {
  readonly ordinal: number;
  readonly spec: PoolSpec;
  /** Nothing more is asked for; its steps fail once nothing of it lives any more. */
  failure: Failure | null;
  /** How often Slurm has refused the size. */
  sizeStep: number;
  /** Allocations to ask for at once, after Slurm refused more; Infinity: as many as are wanted. */
  most: number;
  /** Nothing is asked for before: Slurm's limit was met. */
  retryAtMs: number;
  /** Allocations in a row that ended without a hello, and what they said. */
  silentInARow: number;
  silentDetails: string[];
  /** It wants more than `maxAllocations` allows. */
  isStarved: boolean;
}

export function newPool(ordinal: number, spec: PoolSpec): Pool {
  return {
    ordinal,
    spec,
    failure: null,
    sizeStep: 0,
    most: Number.POSITIVE_INFINITY,
    retryAtMs: 0,
    silentInARow: 0,
    silentDetails: [],
    isStarved: false,
  };
}
