// Starts a coordinator for a run that nobody holds any more; it goes on where the store says the run stands.

import { hostname } from 'node:os';
import path from 'node:path';
import { prepareCoordinator } from '../../src/coordinator/launch.ts';
import { loadConfig } from '../../src/loader/config.ts';
import { OutflowError } from '../../src/model/errors.ts';
import type { RunSummary } from '../../src/store/types.ts';
import type { Hold } from '../watch/holder.ts';
import { databaseUrls } from './databases.ts';

/** The new holder's address. Errors `wrong-host`, `run-is-live` (somebody was faster), `coordinator-failed`. */
export async function takeOver({ record }: RunSummary, hold: Hold & { kind: 'nobody' }, storeUrl: string): Promise<string> {
  if (record.host !== hostname()) {
    throw new OutflowError('wrong-host', `run ${record.id} was submitted on ${record.host}, and its directory is there`, {
      hint: `log in there: outflow resume ${record.id}`,
    });
  }
  const dir = path.dirname(record.pipelineFile);
  const { databases: configured } = await loadConfig({ cwd: record.workdir });
  const coordinator = prepareCoordinator({ resume: record.id });
  try {
    const databases = databaseUrls({ dir, configured, storeUrl });
    const evenIfHeld = hold.heldAt === undefined ? {} : { evenIfHeldAt: hold.heldAt };
    return (await coordinator.start({ databaseUrl: storeUrl, databases, ...evenIfHeld })).address;
  } catch (error) {
    await coordinator.discard();
    throw error;
  }
}
