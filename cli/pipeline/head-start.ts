// Begins what takes a command the longest before the command line itself is loaded: a coordinator with its first agent, the
// pipeline's bundle and its plan host. Measured: `run` of a one-task pipeline is 150 ms faster by it.
import { type PreparedCoordinator, prepareCoordinator } from '../../src/coordinator/launch.ts';
import { type LoadedPipeline, loadPipeline } from '../../src/loader/load-pipeline.ts';
import { OutflowError } from '../../src/model/errors.ts';
import manifest from '../oclif.manifest.json' with { type: 'json' };
import { firstPass, ownFlags } from './first-pass.ts';

export interface HeadStart {
  pipeline: Promise<LoadedPipeline>;
  /** Of `run` and `submit`. */
  coordinator: Promise<PreparedCoordinator> | undefined;
}

let begun: HeadStart | undefined;
const interruption = new AbortController();
const onInterrupt = (): void => {
  interruption.abort(new OutflowError('run-cancelled', 'interrupted before the run was accepted: there is no run'));
};

/** `argv`: what follows the verb. Whatever fails is told by who takes it. */
export function beginHeadStart(verb: 'plan' | 'run' | 'submit', argv: readonly string[]): void {
  const { pipeline: file } = firstPass(argv, ownFlags(manifest.commands[verb].flags));
  process.once('SIGINT', onInterrupt);
  const coordinator = verb === 'plan' ? undefined : (async () => prepareCoordinator())();
  const pipeline = loadPipeline({
    cwd: process.cwd(),
    pipelineFlag: file,
    signal: interruption.signal,
    whileLoading: () => verb === 'run' && void import('../watch/watch-and-tell.ts'), // with gRPC: 50 ms
  });
  for (const promise of [coordinator, pipeline]) promise?.catch(() => {});
  begun = { pipeline, coordinator };
}

/** Hands over what was begun: from then on its end is up to the caller. */
export function takeHeadStart(): HeadStart {
  if (begun === undefined) throw new Error('no head start was begun, or it is taken');
  const taken = begun;
  begun = undefined;
  return taken;
}

/** Ctrl-C is no longer taken for an interruption of the start. True: it was pressed. */
export function endInterruption(): boolean {
  process.off('SIGINT', onInterrupt);
  return interruption.signal.aborted;
}

/** What an error of a start stands for: Ctrl-C reaches our children as well, and they break in ways of their own. */
export function causeOf(error: unknown): unknown {
  return interruption.signal.aborted ? interruption.signal.reason : error;
}

/** Ends what nobody took. */
export async function discardHeadStart(): Promise<void> {
  if (begun !== undefined) await discard(begun);
  begun = undefined;
}

export async function discard({ pipeline, coordinator }: HeadStart): Promise<void> {
  const ends = [pipeline.then(({ host }) => host.close()), coordinator?.then((prepared) => prepared.discard())];
  await Promise.allSettled(ends);
}
