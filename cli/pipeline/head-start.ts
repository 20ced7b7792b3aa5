// Begins what takes a command on a pipeline the longest, while the command line itself is still being loaded: a coordinator with its
// first agent, the pipeline's bundle and its plan host. A part of the program of its own, as loading is what it must not wait for.
import { type PreparedCoordinator, prepareCoordinator } from '../../src/coordinator/launch.ts';
import { type LoadedPipeline, loadPipeline } from '../../src/loader/load-pipeline.ts';
import { OutflowError } from '../../src/model/errors.ts';
import { databaseUrl } from '../database-url.ts';
import manifest from '../oclif.manifest.json' with { type: 'json' };
import type { PipelineVerb } from '../words.ts';
import { firstPass, ownFlags } from './first-pass.ts';

/** Whatever fails is told by who takes it, and its end is up to them. */
export class HeadStart {
  readonly pipeline: Promise<LoadedPipeline>;
  /** Of `run` and `submit`. */
  readonly coordinator: Promise<PreparedCoordinator> | undefined;
  readonly #interruption = new AbortController();
  readonly #onInterrupt = (): void => {
    this.#interruption.abort(new OutflowError('run-cancelled', 'interrupted before the run was accepted: there is no run'));
  };

  /** `argv`: what follows the verb. */
  constructor(verb: PipelineVerb, argv: readonly string[]) {
    const { pipeline: file } = firstPass(argv, ownFlags(manifest.commands[verb].flags));
    process.once('SIGINT', this.#onInterrupt);
    this.coordinator = verb === 'plan' ? undefined : (async () => prepareCoordinator({ databaseUrl: databaseUrl() }))();
    const { signal } = this.#interruption;
    this.pipeline = (async () => loadPipeline({ cwd: process.cwd(), pipelineFlag: file, signal }))();
    for (const promise of [this.coordinator, this.pipeline]) promise?.catch(() => {});
  }

  /** Ctrl-C is no longer taken for an interruption of the start. True: it was pressed. */
  endInterruption(): boolean {
    process.off('SIGINT', this.#onInterrupt);
    return this.#interruption.signal.aborted;
  }

  /** What an error of a start stands for: Ctrl-C reaches our children as well, and they break in ways of their own. */
  causeOf(error: unknown): unknown {
    return this.#interruption.signal.aborted ? this.#interruption.signal.reason : error;
  }

  /** Ends what was begun. */
  async discard(): Promise<void> {
    const ends = [this.pipeline.then(({ host }) => host.close()), this.coordinator?.then((prepared) => prepared.discard())];
    await Promise.allSettled(ends);
  }
}
