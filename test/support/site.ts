// Facts of a small site on Slurm: nodes of 8 CPUs and 16,000 MiB, partitions without limits.
import type { NodeFacts, PartitionFacts } from '../../src/plan/slurm.ts';

export function node(name: string, facts: Partial<NodeFacts> = {}): NodeFacts {
  return {
    name,
    state: 'idle',
    cpus: 8,
    threadsPerCore: 1,
    memoryMib: 16_000,
    gpus: 0,
    features: [],
    partitions: ['debug'],
    ...facts,
  };
}

/** `debug` is the default. */
export function partition(name: string, facts: Partial<PartitionFacts> = {}): PartitionFacts {
  return {
    name,
    isDefault: name === 'debug',
    isUp: true,
    defaultTimeMinutes: null,
    maxTimeMinutes: null,
    maxNodes: null,
    maxCpusPerNode: null,
    maxMemPerNodeMib: null,
    defMemPerCpuMib: null,
    defMemPerNodeMib: null,
    ...facts,
  };
}
