// The allocations of this run in Slurm: asked for, looked after by one squeue for all, ended by one scancel. What Slurm says
// becomes events; what it does not say changes nothing.
import type { SendEffect } from '../../core/effects.ts';
import type { Event } from '../../core/events.ts';
import { LIMITS } from '../../model/limits.ts';
import { firstLines, outputFile, type QueuedJob, type Slurm } from '../../provider/slurm/index.ts';
import type { AllocationRow } from '../../store/types.ts';
import type { GivenProgram } from './given-program.ts';
import { endedBy, growthOf, indexOf, type Job, jobName, jobOf, messageOf, namesOf, newJob, storedOf } from './job.ts';
import { Missing } from './missing.ts';
import { PollClock, pauseMs } from './poll-clock.ts';
import { type Requesting, requestOf } from './request.ts';
import { Silence } from './silence.ts';
import { askSite } from './site.ts';

export interface SlurmJobsOptions extends Requesting {
  slurm: Slurm;
  program: GivenProgram;
  enqueue(event: Event): void;
  /** The end of an allocation has become known, or has changed. */
  onEndKnown(allocation: string, endsAtMs: number): void;
  log(level: 'info' | 'warn' | 'error', text: string): void;
  /** To the user, and to the log. */
  notice(level: 'info' | 'warn' | 'error', text: string): void;
}

/** Looks at which a job that Slurm knew, or was asked for, must be missing before it is taken for gone. */
const MISSES = 2;

export class SlurmJobs {
  readonly #options: SlurmJobsOptions;
  readonly #jobs = new Map<string, Job>();
  readonly #missing = new Missing();
  /** Growth steps whose sbatch is under way. */
  readonly #submitting = new Set<string>();
  readonly #clock = new PollClock(() => this.#poll());
  readonly #silence: Silence;
  readonly #stopped = new AbortController();
  #isEnding = false;
  /** Looks in a row that waited for ends. */
  #endPolls = 0;

  constructor(options: SlurmJobsOptions) {
    this.#options = options;
    this.#silence = new Silence(options.log, options.notice);
  }

  /** Commands of Slurm's so far. */
  get calls(): number {
    return this.#options.slurm.calls;
  }

  /** Of the jobs that have not ended, and of those that may yet come. */
  get names(): string[] {
    return namesOf(this.#options.run, [...this.#jobs.values(), ...this.#missing.jobs]);
  }

  /** Nothing is over before it is 0. */
  get liveCount(): number {
    return this.#jobs.size + Number(this.#missing.owesLook);
  }

  detailOf(id: string): Record<string, unknown> {
    if (this.#missing.has(id)) return { isMissing: true };
    return storedOf(this.#jobs.get(id));
  }

  job(id: string): Readonly<Job> | undefined {
    return this.#jobs.get(id);
  }

  /** After a take-over: what an earlier holder asked for and has not seen end. Slurm is asked at once which of it there is. */
  restore(rows: readonly AllocationRow[], missing: readonly AllocationRow[]): void {
    for (const { id } of missing) this.#missing.add(id);
    for (const row of rows) this.#jobs.set(row.id, jobOf(row));
    if (rows.length + missing.length > 0) this.#clock.in(0);
  }

  askSite(): void {
    const { slurm, enqueue } = this.#options;
    askSite(slurm, this.#silence, this.#stopped.signal).then(enqueue, () => {}); // stopped
  }

  /** One sbatch for all of the ids. */
  allocate(effect: Extract<SendEffect, { kind: 'allocate' }>): void {
    const { allocations } = effect;
    const program = this.#options.program.hash;
    for (const id of allocations) this.#jobs.set(id, newJob({ id, job: null, program, state: 'asked' }));
    const growth = growthOf(allocations[0] as string);
    this.#submitting.add(growth);
    this.#submit(effect, growth)
      .catch((error: Error) => this.#onUnclear(allocations, messageOf(error)))
      .finally(() => {
        this.#submitting.delete(growth);
        this.#endUnwanted();
      });
  }

  async #submit(effect: Extract<SendEffect, { kind: 'allocate' }>, growth: string): Promise<void> {
    const { allocations } = effect;
    const { program, slurm } = this.#options;
    const outcome = await program.submit(slurm, requestOf(this.#options, effect, growth));
    switch (outcome.kind) {
      case 'submitted':
        return this.#onSubmitted(allocations, outcome.jobs);
      case 'refused': {
        for (const id of allocations) this.#jobs.delete(id);
        const { why, message } = outcome;
        const othersOfOurs = why === 'limit' && (await slurm.jobsOfOurs().catch(() => 1)) > 0; // not said: it is tried again
        return this.#options.enqueue({ kind: 'allocations-refused', allocations, why, message, othersOfOurs });
      }
      case 'unclear':
        return this.#onUnclear(allocations, outcome.message);
    }
  }

  #onSubmitted(allocations: readonly string[], jobs: readonly string[]): void {
    const submitted: { id: string; job: string }[] = [];
    for (const [at, id] of allocations.entries()) {
      const job = this.#jobs.get(id);
      if (job === undefined || jobs[at] === undefined) continue;
      job.job = jobs[at];
      job.state = 'pending';
      submitted.push({ id, job: job.job });
    }
    this.#options.enqueue({ kind: 'allocations-submitted', allocations: submitted });
    this.#clock.in(LIMITS.slurmFirstPollMs);
  }

  /** It timed out, and may still be carried out: only its name tells. */
  #onUnclear(allocations: readonly string[], message: string): void {
    const jobs = allocations.length === 1 ? 'the job' : `the ${allocations.length} jobs`;
    this.#silence.begin(message, `${jobs} it was asked for may exist all the same: looking by name`);
    this.#clock.in(LIMITS.slurmFirstPollMs);
  }

  /** One scancel for all that have a job; the others end as soon as theirs is known. */
  end(allocations: readonly string[]): void {
    for (const id of allocations) {
      const job = this.#jobs.get(id);
      if (job) job.isUnwanted = true;
    }
    this.#endPolls = 0;
    this.#endUnwanted();
  }

  endAll(): void {
    this.end([...this.#jobs.keys()]);
  }

  #endUnwanted(): void {
    const unwanted = [...this.#jobs.values()].filter((job) => job.isUnwanted);
    if (unwanted.length === 0) return;
    const jobs = unwanted.flatMap(({ job }) => job ?? []);
    if (jobs.length === 0) return this.#clock.in(LIMITS.slurmFirstPollMs);
    this.#options.slurm.cancel(jobs).then(
      () => this.#clock.in(LIMITS.slurmEndPollMs),
      (error: Error) => {
        this.#options.log('warn', `scancel did not work, trying again: ${messageOf(error)}`);
        this.#clock.in(LIMITS.slurmFirstPollMs);
      },
    );
  }

  /** Whether it is gone, and why: answered by an event if it is. */
  inspect(id: string, isSignalled: boolean): void {
    const job = this.#jobs.get(id);
    if (job && isSignalled) job.isSignalled = true;
    if (job?.job == null) return this.#clock.in(0);
    this.#explain([job])
      .then(() => this.#tellOutput(job))
      .catch((error: Error) => this.#options.log('warn', messageOf(error)));
  }

  /** An agent that runs and reaches nobody says why in its job's output. */
  async #tellOutput({ id, growth, job, state, isGreeted }: Job): Promise<void> {
    if (isGreeted || state !== 'running' || !this.#jobs.has(id)) return;
    const file = outputFile(this.#options.outputDir, jobName(this.#options.run, growth), indexOf(id));
    const printed = await firstLines(file);
    if (printed !== '') this.#options.notice('warn', `job ${job} has printed:\n${printed}`);
  }

  /** The end of an allocation that has just come up is not known yet. */
  onHello(id: string): void {
    const job = this.#jobs.get(id);
    if (job) job.isGreeted = true;
    if (this.#missing.has(id) || (job && job.endsAtMs === null)) this.#clock.in(LIMITS.slurmEndPollMs);
  }

  /** Agents leave by themselves: looked after closely until all jobs are gone. */
  onRunEnded(): void {
    this.#isEnding = true;
    this.#missing.onRunEnded();
    this.#endPolls = 0;
    if (this.liveCount > 0) this.#clock.in(LIMITS.slurmEndPollMs);
  }

  stop(): void {
    this.#stopped.abort();
    this.#clock.stop();
  }

  /** One squeue for all. */
  async #poll(): Promise<void> {
    const looked = [...this.#jobs.values()].filter((job) => !this.#submitting.has(job.growth));
    const names = namesOf(this.#options.run, [...looked, ...this.#missing.jobs]);
    const isOver = this.#isEnding;
    try {
      if (names.length > 0) await this.#take(looked, await this.#options.slurm.queue(names));
      this.#missing.onLooked(isOver);
      this.#silence.end();
    } catch (error) {
      this.#silence.begin(messageOf(error as Error), 'it is asked again; agents go on meanwhile');
    }
    if (this.#jobs.size + this.#missing.jobs.length > 0)
      this.#clock.in(pauseMs([...this.#jobs.values()], this.#isEnding, () => this.#endPolls++));
  }

  async #take(looked: readonly Job[], queue: readonly QueuedJob[]): Promise<void> {
    const found = new Map(
      queue.map((entry) => [`${entry.name.slice(jobName(this.#options.run, '').length)}.${entry.index}`, entry]),
    );
    const ended: Job[] = [];
    const come = this.#missing.take((id) => found.has(id));
    for (const job of come) {
      this.#jobs.set(job.id, job);
      job.isUnwanted = this.#isEnding;
    }
    for (const job of [...looked, ...come]) {
      const entry = found.get(job.id);
      if (entry === undefined) {
        this.#onMissed(job);
        continue;
      }
      job.misses = 0;
      if (this.#note(job, entry)) ended.push(job);
    }
    if (ended.length > 0) await this.#explain(ended);
    if ([...this.#jobs.values()].some((job) => job.isUnwanted && job.job !== null)) this.#endUnwanted();
  }

  /** True: it has ended. */
  #note(job: Job, entry: QueuedJob): boolean {
    const { enqueue } = this.#options;
    if (job.job === null) {
      job.job = entry.job;
      enqueue({ kind: 'allocations-submitted', allocations: [{ id: job.id, job: entry.job }] });
    }
    job.node = entry.nodes;
    if (entry.phase === 'pending') {
      job.state = 'pending';
      if (entry.waiting) enqueue({ kind: 'allocation-waits', allocation: job.id, waiting: entry.waiting });
    } else if (entry.phase === 'running') {
      const isNewEnd = job.endsAtMs !== entry.endMs;
      if (isNewEnd || job.state !== 'running') {
        enqueue({
          kind: 'allocation-running',
          allocation: job.id,
          ...(entry.endMs === null ? {} : { endsAtMs: entry.endMs }),
          ...(entry.nodes === '' ? {} : { node: entry.nodes }),
        });
      }
      job.state = 'running';
      job.endsAtMs = entry.endMs;
      if (isNewEnd && entry.endMs !== null) this.#options.onEndKnown(job.id, entry.endMs);
    }
    // What Slurm still cleans up after is over for us when the run is.
    if (entry.phase === 'ending' && this.#isEnding) this.#onEnded(job, 'cancelled', 'its end was asked for');
    else if (entry.phase === 'ending') return endedBy(job) !== undefined;
    return entry.phase === 'ended';
  }

  /** Slurm forgets what ended some minutes ago, and knows nothing of what never was. */
  #onMissed(job: Job): void {
    job.misses += 1;
    if (job.misses < MISSES) return this.#clock.in(LIMITS.slurmFirstPollMs);
    if (job.job === null) this.#missing.add(job.id);
    const detail = job.job === null ? 'Slurm has no job of that name' : `Slurm does not know job ${job.job} any more`;
    this.#onEnded(job, 'agent-lost', detail);
  }

  /** What Slurm says of their ends; nothing of those that live. */
  async #explain(jobs: readonly Job[]): Promise<void> {
    const ends = await this.#options.slurm.ends(
      jobs.flatMap(({ job }) => job ?? []),
      this.#options.outputDir,
      { endedBy: (id) => endedBy(jobs.find(({ job }) => job === id)) },
    );
    for (const job of jobs) {
      const end = ends.get(job.job ?? '');
      if (end) this.#onEnded(job, end.cause, end.detail);
      else if (end === undefined) this.#onMissed(job);
    }
  }

  #onEnded(job: Job, cause: Extract<Event, { kind: 'allocation-ended' }>['cause'], detail: string): void {
    if (!this.#jobs.delete(job.id)) return;
    this.#options.enqueue({ kind: 'allocation-ended', allocation: job.id, cause, detail, ...(job.node && { node: job.node }) });
  }
}
