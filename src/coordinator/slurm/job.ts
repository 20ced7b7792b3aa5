// One allocation in Slurm, as far as it is known, and the names by which it is found.
import { isOutflowError } from '../../model/errors.ts';
import type { AllocationRow } from '../../store/types.ts';

/** One element of an array: one allocation. */
export interface Job {
  readonly id: string;
  readonly growth: string;
  /** Slurm's id, `123_0`; null until it is known. */
  job: string | null;
  state: 'asked' | 'pending' | 'running';
  /** What its agents run; "": not known. */
  readonly program: string;
  endsAtMs: number | null;
  /** '' until Slurm has said so. */
  node: string;
  /** An agent of it has said hello. */
  isGreeted: boolean;
  /** It is to be ended as soon as that can be said. */
  isUnwanted: boolean;
  /** Others end it, says an agent of it. */
  isSignalled: boolean;
  /** Looks in a row at which Slurm did not know it. */
  misses: number;
}

export function newJob({ id, job, state, program }: Pick<Job, 'id' | 'job' | 'state' | 'program'>): Job {
  const growth = growthOf(id);
  return {
    ...{ id, growth, job, state, program },
    ...{ endsAtMs: null, node: '', isGreeted: false, isUnwanted: false, isSignalled: false, misses: 0 },
  };
}

/** What is stored of it, and what is made of that after a take-over. */
export function storedOf({ job = null, program = '' }: Partial<Job> = {}): Record<string, unknown> {
  return { ...(job === null ? {} : { job }), ...(program === '' ? {} : { program }) };
}

export function jobOf({ id, detail, state }: AllocationRow): Job {
  const [job = null, program = ''] = [detail['job'], detail['program']].map((it) => (typeof it === 'string' ? it : undefined));
  return newJob({ id, job, program, state: state === 'running' ? 'running' : 'asked' });
}

/** Who is known to end it, if anybody. */
export function endedBy(job: Job | undefined): 'us' | 'others' | undefined {
  if (job?.isUnwanted) return 'us';
  return job?.isSignalled ? 'others' : undefined;
}

export function growthOf(id: string): string {
  return id.slice(0, id.lastIndexOf('.'));
}

export function indexOf(id: string): number {
  return Number(id.slice(id.lastIndexOf('.') + 1));
}

export function jobName(run: string, growth: string): string {
  return `outflow-${run}-${growth}`;
}

export function namesOf(run: string, jobs: readonly Job[]): string[] {
  return [...new Set(jobs.map(({ growth }) => jobName(run, growth)))];
}

export function messageOf(error: Error): string {
  return isOutflowError(error) && error.hint ? `${error.message}; ${error.hint}` : error.message;
}
