// When Slurm is looked at: at the earliest time that anybody asked for, one look at a time.
import { LIMITS } from '../../model/limits.ts';
import type { Job } from './job.ts';

/** Until the next look: often while something is to be seen soon, seldom while all is connected. `polls`: looks in a row that waited for ends. */
export function pauseMs(jobs: readonly Job[], isEnding: boolean, polls: () => number): number {
  if (isEnding || jobs.some((job) => job.isUnwanted))
    return Math.min(LIMITS.slurmEndPollMs * 2 ** polls(), LIMITS.slurmPendingPollMs);
  return jobs.some((job) => job.state !== 'running') ? LIMITS.slurmPendingPollMs : LIMITS.slurmRunningPollMs;
}

export class PollClock {
  readonly #look: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #atMs = Number.POSITIVE_INFINITY;
  #isLooking = false;
  #isStopped = false;

  constructor(look: () => Promise<void>) {
    this.#look = look;
  }

  /** A look in `ms`, or earlier. */
  in(ms: number): void {
    const atMs = performance.now() + ms;
    if (this.#isStopped || atMs >= this.#atMs) return;
    this.#atMs = atMs;
    clearTimeout(this.#timer);
    if (!this.#isLooking) this.#timer = setTimeout(() => void this.#run(), ms);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    this.#atMs = Number.POSITIVE_INFINITY;
    this.#isLooking = true;
    await this.#look();
    this.#isLooking = false;
    // What was asked for meanwhile.
    const nextMs = this.#atMs - performance.now();
    this.#atMs = Number.POSITIVE_INFINITY;
    if (Number.isFinite(nextMs)) this.in(Math.max(0, nextMs));
  }
}
