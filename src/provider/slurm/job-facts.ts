// Reads `scontrol show job -o`: the best source on one job, until it is forgotten (MinJobAge after its end).
import { fieldOf, numberOf, timeOf } from './fields.ts';
import { baseState, type JobPhase, phaseOf } from './states.ts';

export interface JobFacts {
  /** `123_0`. */
  job: string;
  /** SLURM_JOB_ID in it. */
  jobId: string;
  name: string;
  phase: JobPhase;
  state: string;
  reason: string;
  exitCode: number;
  /** 0: by none. */
  signal: number;
  /** More than 0: somebody put it back into the queue. */
  restarts: number;
  startMs: number | null;
  endMs: number | null;
  /** Since when it must give way to another job. */
  preemptedMs: number | null;
  timeLimit: string;
  /** Host list; empty before it runs. */
  nodes: string;
}

export function jobFactsOf(stdout: string): JobFacts[] {
  return stdout.split('\n').flatMap((line) => {
    const jobId = fieldOf(line, 'JobId');
    if (jobId === undefined) return [];
    const array = fieldOf(line, 'ArrayJobId');
    const index = fieldOf(line, 'ArrayTaskId');
    const state = fieldOf(line, 'JobState') ?? '';
    const [exitCode, signal] = (fieldOf(line, 'ExitCode') ?? '0:0').split(':').map(Number);
    const facts = {
      jobId,
      name: fieldOf(line, 'JobName') ?? '',
      phase: phaseOf(state),
      state: baseState(state),
      reason: fieldOf(line, 'Reason') ?? 'None',
      exitCode: exitCode ?? 0,
      signal: signal ?? 0,
      restarts: numberOf(fieldOf(line, 'Restarts')) ?? 0,
      startMs: timeOf(fieldOf(line, 'StartTime')),
      endMs: timeOf(fieldOf(line, 'EndTime')),
      preemptedMs: timeOf(fieldOf(line, 'PreemptTime')),
      timeLimit: fieldOf(line, 'TimeLimit') ?? '',
      nodes: fieldOf(line, 'NodeList') ?? '',
    };
    return indicesOf(index).map((it) => ({ job: it === null ? (array ?? jobId) : `${array ?? jobId}_${it}`, ...facts }));
  });
}

/** What Slurm writes for no index: the record of an array of which nothing had started when it was cancelled. */
const NO_INDEX = '4294967294';

/** Pending elements of an array share one line: `0-3`, `1,3,5-7%2`. Null: it stands for the array as a whole. */
function indicesOf(text: string | undefined): (number | null)[] {
  if (text === undefined || text === NO_INDEX) return [null];
  return text
    .replace(/%\d+$/, '')
    .split(',')
    .flatMap((part) => {
      const [from, to] = part.split('-').map(Number);
      if (from === undefined || !Number.isSafeInteger(from)) return [];
      return Array.from({ length: (to ?? from) - from + 1 }, (_, offset) => from + offset);
    });
}
