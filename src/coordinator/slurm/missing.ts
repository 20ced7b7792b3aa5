// Jobs that Slurm was asked for, with an answer that left it open, and that were not found by name. It may carry them out all the
// same, however late: each look is for them, too, and there is one more when the run is over.
import { type Job, newJob } from './job.ts';

export class Missing {
  readonly #jobs = new Map<string, Job>();
  /** The run is over, and nobody has looked since. */
  #owesLook = false;

  get owesLook(): boolean {
    return this.#owesLook;
  }

  get jobs(): Job[] {
    return [...this.#jobs.values()];
  }

  has(id: string): boolean {
    return this.#jobs.has(id);
  }

  add(id: string): void {
    this.#jobs.set(id, newJob({ id, job: null, program: '', state: 'asked' }));
  }

  /** Those that are there by now; they are missing no more. */
  take(isThere: (id: string) => boolean): Job[] {
    const come = this.jobs.filter(({ id }) => isThere(id));
    for (const { id } of come) this.#jobs.delete(id);
    return come;
  }

  onRunEnded(): void {
    this.#owesLook = this.#jobs.size > 0;
  }

  /** `isOver`: the run was when it began. */
  onLooked(isOver: boolean): void {
    if (isOver) this.#owesLook = false;
  }
}
