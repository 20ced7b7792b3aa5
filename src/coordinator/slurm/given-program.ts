// The program that allocations are given, and whether their agents run it.
import type { JobRequest, Slurm, SubmitOutcome } from '../../provider/slurm/index.ts';
import { programHash, shortened } from '../../system/program-hash.ts';
import type { SharedProgram } from '../../system/shared-program.ts';
import { messageOf } from './job.ts';

export class GivenProgram {
  /** What agents of new jobs are to say that they run. */
  readonly hash: string = programHash();
  readonly #shared: SharedProgram;
  readonly #warn: (text: string) => void;

  constructor(shared: SharedProgram, warn: (text: string) => void) {
    this.#shared = shared;
    this.#warn = warn;
  }

  /** Where nodes cannot be given the program, nothing is asked for. */
  async submit(slurm: Slurm, job: JobRequest): Promise<SubmitOutcome> {
    try {
      await this.#shared.share();
    } catch (error) {
      return { kind: 'refused', why: 'invalid', message: messageOf(error as Error) };
    }
    return await slurm.submit(job);
  }

  /**
   * `expected`: what submitted the agent's job, perhaps an earlier holder of the run; "": not known. Undefined: it runs that. What
   * was found to be another is put there anew for the next allocation.
   */
  whyAnother(expected: string, program: string): string | undefined {
    if (expected === '' || program === '' || program === expected) return undefined;
    if (expected === this.hash) this.#shared.discard().catch((error: Error) => this.#warn(messageOf(error)));
    const [theirs, ours] = [program, expected].map(shortened);
    return `it runs another program (${theirs}) than the one that submitted its job (${ours}); was ${this.#shared.place} replaced?`;
  }
}
