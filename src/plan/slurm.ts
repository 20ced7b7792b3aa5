// What the Slurm backend adds to a plan, and what it knows of a site: plain data, shared by plan, core, provider and CLI.
import type { Directives } from './plan.ts';

/** Where a directive was said; an earlier one wins. `config` is the site's defaults in outflow.config. */
export const DIRECTIVE_SOURCES = ['flag', 'pipeline', 'environment', 'config'] as const;
export type DirectiveSource = (typeof DIRECTIVE_SOURCES)[number];

/** One option of sbatch as it will be used, by its long name, and who said so. */
export interface Directive {
  name: string;
  value: string | number | true;
  source: DirectiveSource;
}

/** How nodes get the executable: from a shared file system, or by sbcast onto their own disks. */
export const SHIPPING = ['path', 'sbcast'] as const;
export type Shipping = (typeof SHIPPING)[number];

/** All that a run on Slurm needs besides its plan; captured when it is accepted. */
export interface SlurmSettings {
  /** `--sbatch NAME=VALUE`. */
  flag: Directives;
  /** SBATCH_* of the submitter's environment. */
  environment: Directives;
  /** `sbatch` of outflow.config. */
  config: Directives;
  /** Lines of shell of outflow.config, before those of a step. */
  prologue: string[];
  /** Allocations at a time, over all steps. Default: 10. */
  maxAllocations: number;
  /** Nodes of one job, for sites that allow few jobs. Default: 1. */
  nodesPerAllocation: number;
  /** Connections to Postgres that tasks in allocations may have at the same time, over all nodes. Default: 16. */
  databaseConnections: number;
  /** `HOST:PORT`, `HOST:FROM-TO` or `:FROM-TO`; null: a free port on all interfaces. */
  listen: string | null;
  /** Directory on a file system that all nodes see, for the join file, scripts and Slurm's output; null: the run's own. */
  sharedDir: string | null;
  /** Missing in runs of an earlier version: `path`. */
  ship?: Shipping;
}

/** A node as `scontrol show node` describes it. */
export interface NodeFacts {
  name: string;
  /** Slurm's words, lower case, without flags: idle, mixed, allocated, down, drained … */
  state: string;
  /** CPUs for jobs: CPUEfctv, which leaves out those set aside for the system. */
  cpus: number;
  threadsPerCore: number;
  /** MiB for jobs: RealMemory without MemSpecLimit. */
  memoryMib: number;
  gpus: number;
  features: string[];
  partitions: string[];
}

/** A partition as `scontrol show partition` describes it; null: no limit, or none is set. */
export interface PartitionFacts {
  name: string;
  isDefault: boolean;
  isUp: boolean;
  defaultTimeMinutes: number | null;
  maxTimeMinutes: number | null;
  maxNodes: number | null;
  /** Of a node, for all jobs of the partition together. */
  maxCpusPerNode: number | null;
  /** Of a job on a node; one that asks for more waits for ever. */
  maxMemPerNodeMib: number | null;
  defMemPerCpuMib: number | null;
  defMemPerNodeMib: number | null;
}

export interface SiteFacts {
  nodes: NodeFacts[];
  partitions: PartitionFacts[];
  /** `MaxArraySize` of slurm.conf. */
  maxArraySize: number;
}

/** What one unit owns while it runs. */
export interface UnitNeeds {
  cpus: number;
  /** 0: memory is not packed. */
  memoryMib: number;
  gpus: number;
  /** 0: not said. */
  timeMs: number;
}

/** One kind of allocation: what is asked of Slurm, and why so. */
export interface Shape {
  /** Of one node. */
  cpus: number;
  /** Of one node; null: the site's default. */
  memoryMib: number | null;
  gpus: number;
  nodes: number;
  /** Units that run at once on one node. */
  unitsPerNode: number;
  /** For people: `4 units of 2 CPUs fit the most common node of debug (8 CPUs, 16000 MiB)`. */
  why: string;
}

/** What a pending job waits for, in outflow's words (provider/slurm/reasons). */
export interface Waiting {
  /** `wait`: it will start. `never`: it cannot start as it is. `admin`: somebody must do something. */
  kind: 'wait' | 'never' | 'admin';
  /** Slurm's word: `Priority`, `PartitionTimeLimit` … */
  reason: string;
  /** For people: what it means, and what to change. */
  text: string;
  /** Epoch milliseconds; null: not known. */
  expectedStartMs: number | null;
}
