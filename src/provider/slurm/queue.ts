// Reads squeue: all jobs of a run in one answer.
import type { Waiting } from '../../plan/slurm.ts';
import { timeOf } from './fields.ts';
import { waitingOf } from './reasons.ts';
import { baseState, type JobPhase, phaseOf } from './states.ts';

/** One element of a job array, as squeue sees it. */
export interface QueuedJob {
  /** `123_0`: the array's id and the index. */
  job: string;
  /** The element's own id, which is SLURM_JOB_ID in it. */
  jobId: string;
  name: string;
  /** Position in the array: allocation `<growth>.<index>`. */
  index: number;
  phase: JobPhase;
  /** Slurm's word. */
  state: string;
  /** Host list, as Slurm writes it; empty while pending. */
  nodes: string;
  /** When it started; of a pending job, when Slurm expects it to. */
  startMs: number | null;
  /** When it ended, or will at the latest. */
  endMs: number | null;
  /** Of a pending job. */
  waiting: Waiting | null;
}

/** The reason is free text in some cases, so it stands last. */
export const QUEUE_FORMAT = '%i|%A|%T|%e|%S|%N|%j|%r';

/** What sbatch refuses as too large is kept for a while as a job that failed, of the same name. */
function wasRefused(phase: JobPhase, reason: string, nodes: string | undefined): boolean {
  return phase === 'ended' && reason === 'BadConstraints' && !nodes;
}

export function queueOf(stdout: string): QueuedJob[] {
  return stdout.split('\n').flatMap((line) => {
    const [job, jobId, state, end, start, nodes, name, ...reason] = line.trim().split('|');
    const index = /^\d+_(\d{1,9})$/.exec(job ?? '')?.[1];
    if (job === undefined || index === undefined || jobId === undefined || state === undefined || name === undefined) return [];
    const phase = phaseOf(state);
    if (wasRefused(phase, reason.join('|'), nodes)) return [];
    const startMs = timeOf(start);
    const waiting = phase === 'pending' ? waitingOf(reason.join('|'), startMs) : null;
    const endMs = phase === 'pending' ? null : timeOf(end);
    return [
      { job, jobId, name, index: Number(index), phase, state: baseState(state), nodes: nodes ?? '', startMs, endMs, waiting },
    ];
  });
}
