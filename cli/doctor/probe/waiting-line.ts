// What is said while the probe's job waits: one line on a terminal, that counts; elsewhere a line when something changes.
import { createLogUpdate } from 'log-update';
import type { Waiting } from '../../../src/plan/slurm.ts';
import type { QueuedJob } from '../../../src/provider/slurm/index.ts';
import { clock } from '../../text/format.ts';
import { style } from '../../text/style.ts';

const REDRAW_MS = 500;

export class WaitingLine {
  readonly #stderr: NodeJS.WriteStream;
  readonly #draw: ReturnType<typeof createLogUpdate> | null;
  readonly #beganAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #job = 'a job';
  #text = '';
  #shown = '';
  #last: Waiting | null = null;

  constructor(stderr: NodeJS.WriteStream) {
    this.#stderr = stderr;
    this.#draw = stderr.isTTY ? createLogUpdate(stderr) : null;
  }

  /** What it waited for when Slurm was last asked. */
  get last(): Waiting | null {
    return this.#last;
  }

  begin(id: string | null): void {
    if (id !== null) this.#job = `job ${id}`;
    this.#text = `waiting for ${this.#job}`;
    this.#show();
    if (this.#draw) this.#timer = setInterval(() => this.#show(), REDRAW_MS);
  }

  look({ job, phase, nodes, waiting }: QueuedJob): void {
    this.#job = `job ${job.replace(/_.*$/, '')}`;
    this.#last = waiting;
    if (waiting !== null) this.#text = `waiting for ${this.#job} (${waiting.reason}: ${waiting.text})`;
    else if (phase === 'running') this.#text = `${this.#job} runs on ${nodes}`;
    this.#show();
  }

  leave(): void {
    if (this.#text === '') return;
    this.#text = `ending ${this.#job}`;
    if (this.#draw) this.#show();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#draw?.clear();
    this.#draw?.done();
  }

  #show(): void {
    if (this.#draw) this.#draw(style('dim', `  ${clock(performance.now() - this.#beganAt)}  ${this.#text}`));
    else if (this.#text !== this.#shown) this.#stderr.write(`${this.#text}\n`);
    this.#shown = this.#text;
  }
}
