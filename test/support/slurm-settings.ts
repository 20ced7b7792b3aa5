// What a run on Slurm is accepted with where nobody has said anything.
import type { SlurmSettings } from '../../src/plan/slurm.ts';

export function slurmDefaults(changes: Partial<SlurmSettings> = {}): SlurmSettings {
  return {
    flag: {},
    environment: {},
    config: {},
    prologue: [],
    maxAllocations: 10,
    nodesPerAllocation: 1,
    databaseConnections: 16,
    listen: null,
    sharedDir: null,
    ship: 'path',
    ...changes,
  };
}
