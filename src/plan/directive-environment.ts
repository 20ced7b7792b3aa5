// The variables that sbatch itself would read: a user or a site sets them once for all jobs, and allocations heed them too.
import { directiveName, isOwned } from './directive-names.ts';
import type { Directives } from './plan.ts';

/** Those whose names are not `SBATCH_` and the option's. */
const NAMES: Readonly<Record<string, string>> = {
  SBATCH_ARRAY_INX: 'array',
  SBATCH_BURST_BUFFER: 'bb',
  SBATCH_CPU_FREQ_REQ: 'cpu-freq',
  SBATCH_DEBUG: 'verbose',
  SBATCH_MEM_PER_NODE: 'mem',
  SBATCH_REQ_SWITCH: 'switches',
  SBATCH_TIMELIMIT: 'time',
};

const SAME = `ACCOUNT ACCTG_FREQ BATCH CLUSTERS CLUSTER_CONSTRAINT CONSTRAINT CONTAINER CONTAINER_ID CORE_SPEC CPUS_PER_GPU DELAY_BOOT
DISTRIBUTION ERROR EXCLUSIVE EXPORT GET_USER_ENV GPU_BIND GPU_FREQ GPUS GPUS_PER_NODE GPUS_PER_SOCKET GPUS_PER_TASK GRES GRES_FLAGS
HINT IGNORE_PBS INPUT JOB_NAME MEM_BIND MEM_PER_CPU MEM_PER_GPU NETWORK NO_KILL NO_REQUEUE OPEN_MODE OUTPUT OVERCOMMIT PARTITION
POWER PROFILE QOS REQUEUE RESERVATION SEGMENT_SIZE SIGNAL SPREAD_JOB THREADS_PER_CORE THREAD_SPEC TRES_BIND TRES_PER_TASK
USE_MIN_NODES WAIT WAIT_ALL_NODES WCKEY`;

/** By variable, the option's long name. Slurm 22.05 to 25.05 read these. */
const VARIABLES = new Map([
  ...Object.entries(NAMES),
  ...SAME.split(/\s+/).map((name): [string, string] => [
    `SBATCH_${name}`,
    directiveName(name.toLowerCase().replaceAll('_', '-')),
  ]),
]);

/** What SBATCH_* say, without what outflow decides itself: that is not an error here, for it is not said to outflow. */
export function directivesOfEnvironment(environment: Readonly<Record<string, string | undefined>>): Directives {
  const directives: Directives = {};
  for (const [variable, name] of VARIABLES) {
    const value = environment[variable];
    if (value === undefined || isOwned(name)) continue;
    directives[name] = value === '' ? true : value;
  }
  const wait = environment['SBATCH_WAIT4SWITCH'];
  if (wait && directives['switches'] !== undefined) directives['switches'] = `${directives['switches']}@${wait}`;
  return directives;
}
