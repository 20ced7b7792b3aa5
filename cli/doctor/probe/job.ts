// The probe's job in Slurm: asked for, looked after until it has ended, never left behind.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Directive, Shipping, Waiting } from '../../../src/plan/slurm.ts';
import { type JobRequest, type QueuedJob, Slurm } from '../../../src/provider/slurm/index.ts';

const MINUTES = 1;
/** How often Slurm is asked: at first, and after some time. */
const LOOK_MS = 2_000;
const LATER_LOOK_MS = 10_000;
const SOON_MS = 30_000;
/** Looks in a row at which Slurm must not know the job before it is taken for gone. */
const MISSES = 3;
/** How long a job that has told all may take to end by itself, and one that was cancelled to go. */
const END_MS = 5_000;
const CANCELLED_MS = 15_000;

export interface ProbeJobOptions {
  directives: readonly Directive[];
  prologue: readonly string[];
  /** Of the program, up to the value of its last option. */
  command: string[];
  ship: Shipping;
  /** Seen by all nodes. */
  outputDir: string;
}

export type Submitted = { kind: 'submitted' } | { kind: 'refused'; message: string };

/** What ends the wait for a report. */
export type JobOutcome =
  | { kind: 'never'; waiting: Waiting }
  | { kind: 'ended'; detail: string }
  | { kind: 'gone'; detail: string };

export class ProbeJob {
  readonly #slurm = new Slurm();
  readonly #request: JobRequest;
  #submittedAt = performance.now();
  #job: QueuedJob | undefined;
  #id: string | null = null;
  #isAsked = false;

  constructor({ directives, prologue, command, ship, outputDir }: ProbeJobOptions) {
    this.#request = {
      name: `outflow-doctor-${randomBytes(4).toString('hex')}`,
      directives: withMinutes(directives, MINUTES),
      shape: { cpus: 1, memoryMib: null, gpus: 0, nodes: 1, unitsPerNode: 1, why: '' },
      array: 1,
      prologue: [...prologue],
      cwd: process.cwd(),
      agent: command,
      ship,
      growth: '1-1',
      outputDir,
    };
  }

  /** Slurm's number; null: not known. */
  get id(): string | null {
    return this.#id;
  }

  get node(): string {
    return this.#job?.nodes ?? '';
  }

  get ageMs(): number {
    return performance.now() - this.#submittedAt;
  }

  async submit(signal: AbortSignal): Promise<Submitted> {
    this.#isAsked = true;
    this.#submittedAt = performance.now();
    const outcome = await this.#slurm.submit(this.#request, signal);
    if (outcome.kind === 'refused') {
      this.#isAsked = false;
      return { kind: 'refused', message: outcome.message };
    }
    // Where it is unclear whether there is a job, it is looked for by its name.
    if (outcome.kind === 'submitted') this.#id = outcome.jobId;
    return { kind: 'submitted' };
  }

  /** Resolves when no report can come any more. Rejects when `signal` aborts. */
  async ended(signal: AbortSignal, onLook: (job: QueuedJob) => void): Promise<JobOutcome> {
    for (let misses = 0; misses < MISSES; ) {
      const job = await this.#look(signal);
      if (job === undefined) misses++;
      else {
        misses = 0;
        onLook(job);
        if (job.waiting?.kind === 'never') return { kind: 'never', waiting: job.waiting };
        if (job.phase === 'ended') return { kind: 'ended', detail: await this.#why(job, signal) };
      }
      await sleep(this.ageMs < SOON_MS ? LOOK_MS : LATER_LOOK_MS, undefined, { signal });
    }
    return { kind: 'gone', detail: `Slurm has no job of the name ${this.#request.name}` };
  }

  async #look(signal?: AbortSignal): Promise<QueuedJob | undefined> {
    const [job] = await this.#slurm.queue([this.#request.name], signal);
    this.#job = job ?? this.#job;
    if (job !== undefined) this.#id ??= job.job.replace(/_.*$/, '');
    return job;
  }

  async #why({ job }: QueuedJob, signal: AbortSignal): Promise<string> {
    const ends = await this.#slurm.ends([job], this.#request.outputDir, { signal });
    return ends.get(job)?.detail ?? `job ${job} has ended`;
  }

  /** Resolves when it has ended: one that has told all by itself, within a moment; any other is cancelled at once. */
  async leave({ hasTold }: { hasTold: boolean }): Promise<void> {
    if (!this.#isAsked) return;
    if (hasTold && (await this.#isGoneWithin(END_MS))) return;
    const job = this.#id === null ? (await this.#search())?.job : `${this.#id}_0`;
    if (job === undefined) return;
    await this.#slurm.cancel([job]);
    await this.#isGoneWithin(CANCELLED_MS);
  }

  /** An sbatch that was cut off may have left a job that comes into the queue in a moment. */
  async #search(): Promise<QueuedJob | undefined> {
    for (let look = 1; look < MISSES; look++) {
      const job = await this.#look();
      if (job !== undefined) return job;
      await sleep(LOOK_MS / 2);
    }
    return await this.#look();
  }

  async #isGoneWithin(ms: number): Promise<boolean> {
    const end = performance.now() + ms;
    for (;;) {
      const job = await this.#look();
      if (job === undefined || job.phase === 'ended' || job.phase === 'ending') return true;
      if (performance.now() > end) return false;
      await sleep(LOOK_MS / 4);
    }
  }
}

function withMinutes(directives: readonly Directive[], minutes: number): Directive[] {
  const others = directives.filter(({ name }) => name !== 'time' && name !== 'time-min');
  return [...others, { name: 'time', value: minutes, source: 'flag' }];
}
