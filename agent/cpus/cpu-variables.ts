// What tells programs how many CPUs they are granted.

/** Libraries that start as many threads as there are CPUs unless one of these says otherwise. */
const THREAD_VARIABLES = [
  'OMP_NUM_THREADS',
  'OPENBLAS_NUM_THREADS',
  'MKL_NUM_THREADS',
  'NUMEXPR_NUM_THREADS',
  'VECLIB_MAXIMUM_THREADS',
];

/** Their names; in a job of Slurm's also its own. */
export function cpuVariableNames(environment: Readonly<Record<string, string | undefined>>): string[] {
  return environment['SLURM_JOB_ID'] === undefined ? [...THREAD_VARIABLES] : [...THREAD_VARIABLES, 'SLURM_CPUS_PER_TASK'];
}
