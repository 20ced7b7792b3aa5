// The life of `run` and `submit` until the run is accepted: all that can go on at once does, and nothing is left behind.
import type { PreparedCoordinator } from '../../src/coordinator/launch.ts';
import type { LoadedPipeline } from '../../src/loader/load-pipeline.ts';
import { needsConfig } from '../database-url.ts';
import { type OpenStore, openStore } from '../open-store.ts';
import { printWarnings } from '../text/warnings.ts';
import { type AcceptedRun, acceptRun } from './accept-run.ts';
import { takeHeadStart } from './begun.ts';
import type { Chosen } from './pipeline-command.ts';

export interface Submission extends AcceptedRun, OpenStore {
  /** Gives Ctrl-C back to the caller; true: it was pressed when it was too late to have no run. */
  endInterruption: () => boolean;
  flags: Chosen['flags'];
}

/**
 * While the pipeline is bundled, the database starts and a coordinator with its first agent loads. Ctrl-C until then ends all
 * of it with `run-cancelled`. The caller closes the store. `meanwhile`: done while the coordinator takes the run.
 */
export async function submitRun(
  choose: (pipeline: LoadedPipeline) => Promise<Chosen>,
  meanwhile = (): void => {},
): Promise<Submission> {
  const start = takeHeadStart();
  let opening = needsConfig() ? undefined : openStore({ migrate: true });
  opening?.catch(() => {}); // told when it is waited for
  try {
    const pipeline = await start.pipeline;
    const chosen = await choose(pipeline);
    printWarnings(pipeline.bundle.warnings);
    opening ??= openStore({ migrate: true, config: pipeline.config });
    const accepted = await acceptRun(chosen, opening, (await start.coordinator) as PreparedCoordinator, meanwhile);
    return { ...accepted, ...(await opening), flags: chosen.flags, endInterruption: () => start.endInterruption() };
  } catch (error) {
    start.endInterruption();
    await start.discard();
    await opening?.then(({ store }) => store.close()).catch(() => {});
    throw start.causeOf(error);
  }
}
