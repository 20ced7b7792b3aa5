// The configuration file's shape and `defineConfig`, which gives an `outflow.config.ts` its types.
import type { Backend } from '../plan/plan.ts';
import type { SbatchOptions } from './sbatch-options.ts';

/** What `outflow.config.{ts,mts,js,mjs,json,yaml}` may say; all of it is optional. Relative paths are from the file's directory. */
export interface OutflowConfig {
  /** The pipeline's file, or a directory that holds `pipeline.ts`. Default: `pipeline.ts` in the current directory. */
  pipeline?: string;
  /** Where runs go that neither a flag nor their command sends elsewhere. Default: `sequential`. */
  backend?: Backend | 'default';
  /** CPU slots of the `parallel` backend. Default: all cores. */
  workers?: number;
  /** URL of the Postgres for outflow's own tables. Default: the embedded server. `OUTFLOW_DATABASE_URL` wins. */
  database?: string;
  /** URLs of the pipeline's databases, by name: `context.databases.NAME`; `default` is `context.db` in place of the embedded one. */
  databases?: Readonly<Record<string, string>>;
  db?: {
    /** How long the embedded server lives without a user: seconds, or `10m`, `2h`. Default: `10m`. */
    idle?: number | string;
  };
  /** Defaults for the Slurm backend, such as a site's. */
  slurm?: {
    /** Options of sbatch for all allocations. What the environment (SBATCH_*), a mapTask or `--sbatch` says wins. */
    sbatch?: SbatchOptions;
    /** Lines of shell in each allocation before its agent, and before those of the mapTask. */
    prologue?: string | readonly string[];
    /** How many allocations may wait and run at a time. Default: 10. */
    maxAllocations?: number;
    /** Nodes of one allocation, for sites that allow few jobs. Default: 1. */
    nodesPerAllocation?: number;
    /** Connections to Postgres that tasks in allocations may have at the same time, over all nodes. Default: 16. */
    databaseConnections?: number;
    /** Where agents find the coordinator: `HOST:PORT`, `HOST:FROM-TO` or `:FROM-TO`. Default: a free port on all interfaces. */
    listen?: string;
    /** A directory that all nodes see, for what they need to join and for what allocations print. Default: the run's own, in the home directory. */
    sharedDir?: string;
    /** How nodes get outflow's executable: a copy in `sharedDir`, or one that `sbcast` puts on their own disks. Default: `path`. */
    ship?: 'path' | 'sbcast';
  };
}

/**
 * Gives back its argument; lets the editor check and complete a configuration file.
 *
 * @example
 * ```ts
 * // outflow.config.ts
 * import { defineConfig } from 'outflow';
 *
 * export default defineConfig({ pipeline: 'src/pipeline.ts', backend: 'parallel', workers: 8 });
 * ```
 */
export function defineConfig(config: OutflowConfig): OutflowConfig {
  return config;
}
