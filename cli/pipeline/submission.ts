// The life of `run` and `submit` until the run is accepted: all that can go on at once does, and nothing is left behind.
import { prepareCoordinator } from '../../src/coordinator/launch.ts';
import { OutflowError } from '../../src/model/errors.ts';
import { needsConfig, type OpenStore, openStore } from '../open-store.ts';
import { type AcceptedRun, acceptRun } from './accept-run.ts';
import type { Chosen } from './pipeline-command.ts';

export interface Submission extends AcceptedRun, OpenStore {
  flags: Chosen['flags'];
}

/**
 * While the pipeline is bundled, the database starts and a coordinator with its first agent loads. Ctrl-C until then ends all
 * of it with `run-cancelled`. The caller closes the store.
 */
export async function submitRun(choose: (signal: AbortSignal) => Promise<Chosen>): Promise<Submission> {
  const interruption = new AbortController();
  const interrupt = (): void =>
    interruption.abort(new OutflowError('run-cancelled', 'interrupted before the run was accepted: there is no run'));
  process.once('SIGINT', interrupt);
  const coordinator = prepareCoordinator();
  const early = needsConfig() ? undefined : openStore({ migrate: true });
  early?.catch(() => {}); // told when it is waited for
  let chosen: Chosen | undefined;
  let opening = early;
  try {
    chosen = await choose(interruption.signal);
    opening ??= openStore({ migrate: true, config: chosen.pipeline.config });
    const accepted = await acceptRun(chosen, opening, coordinator);
    return { ...accepted, ...(await opening), flags: chosen.flags };
  } catch (error) {
    await coordinator.discard();
    await opening?.then(({ store }) => store.close()).catch(() => {});
    throw error;
  } finally {
    process.off('SIGINT', interrupt);
    await chosen?.pipeline.host.close();
  }
}
