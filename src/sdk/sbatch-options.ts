// The options of sbatch as a pipeline and a configuration may write them, with the types of those that are well known.
import type { OWNED } from '../plan/directive-names.ts';
import type { DecidedByOutflow } from './types.ts';

/** True: an option without a value. False: takes back what a lower source says. */
type SbatchValue = string | number | boolean;

/** A whole amount of memory as Slurm writes it: `4G`, `500M`; a bare number is MiB. */
export type Memory = number | `${number}${'K' | 'M' | 'G' | 'T'}`;

/** By Slurm's long names; each may also be written in camelCase. */
interface KnownOptions {
  /** Partitions to choose from: `short`, `short,long`. Default: the site's. */
  readonly partition?: string | false;
  /** Time limit of an allocation as sbatch takes it: minutes, `2:00:00`, `1-12`. Default: the partition's. */
  readonly time?: string | number | false;
  /** The least time that will do, where Slurm may shorten `time` to start sooner. */
  readonly 'time-min'?: string | number | false;
  /** Memory of an allocation, a node: `64G`; 0 is all of the node's. Default: what its units need, or the site's. */
  readonly mem?: string | number | false;
  /** The same by CPU. */
  readonly 'mem-per-cpu'?: string | number | false;
  /** The same by GPU. */
  readonly 'mem-per-gpu'?: string | number | false;
  /** CPUs of an allocation, a node. Default: as many as units that fit a node need. */
  readonly 'cpus-per-task'?: number | false;
  /** The project that pays. */
  readonly account?: string | false;
  readonly qos?: string | false;
  /** Features that nodes must have: `skylake`, `a&b`, `a|b`. */
  readonly constraint?: string | false;
  /** Generic resources of an allocation: `gpu:a100:2`. Default: what its units need. */
  readonly gres?: string | false;
  /** GPUs of an allocation. */
  readonly gpus?: string | number | false;
  readonly 'gpus-per-node'?: string | number | false;
  /** Whole nodes, shared with no other job; `'user'`: shared with jobs of yours. */
  readonly exclusive?: boolean | 'user' | 'mcs' | 'topo';
  readonly reservation?: string | false;
  /** Only on these nodes: `n[1-4]`. */
  readonly nodelist?: string | false;
  /** Not on these nodes. */
  readonly exclude?: string | false;
  /** Licenses that an allocation holds: `matlab:2`. */
  readonly licenses?: string | false;
  /** Lowers the priority, by 100 where it is just true. */
  readonly nice?: number | boolean;
  /** Not before: `now+1hour`, `20:00`. */
  readonly begin?: string | false;
  /** Removed where it cannot have ended by then. */
  readonly deadline?: string | false;
  /** Such as `afterok:123`. */
  readonly dependency?: string | false;
  readonly comment?: string | false;
  /** Such as `END,FAIL`; of each allocation. */
  readonly 'mail-type'?: string | false;
  readonly 'mail-user'?: string | false;
  /** Disk of the node, in MiB or with a unit. */
  readonly tmp?: string | number | false;
  /** `nomultithread`, `compute_bound`, `memory_bound`, `multithread`. */
  readonly hint?: string | false;
  readonly 'threads-per-core'?: number | false;
  readonly switches?: string | number | false;
  readonly wckey?: string | false;
}

type Camel<Name> = Name extends `${infer First}-${infer Rest}` ? `${First}${Capitalize<Camel<Rest>>}` : Name;

type OwnedOptions = {
  readonly [Name in keyof typeof OWNED as Name | Camel<Name>]?: DecidedByOutflow<Name>;
};

/**
 * What an allocation is asked of Slurm with: options of sbatch in camelCase or by Slurm's own long names. Those not listed here
 * are passed on as they are; those that outflow decides itself are errors.
 */
export type SbatchOptions = KnownOptions & {
  readonly [Name in keyof KnownOptions as Camel<Name>]?: KnownOptions[Name];
} & OwnedOptions & { readonly [option: string]: SbatchValue | undefined };
