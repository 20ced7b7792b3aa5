// A connection to whoever holds a run, for commands that need one.
import { OutflowError } from '../../src/model/errors.ts';
import type { CoordinatorClient } from '../../src/rpc/client.ts';
import { dialFirst } from '../../src/rpc/dial.ts';
import type { RunSummary } from '../../src/store/types.ts';
import { assertNotEnded } from '../run-arg.ts';
import { holdOf } from './holder.ts';

/** Errors `run-has-ended`, `wrong-host` (this host does not know how to reach it), `coordinator-failed`. */
export async function dialHolder(summary: RunSummary): Promise<CoordinatorClient> {
  assertNotEnded(summary);
  const { id } = summary.record;
  const hold = holdOf(summary);
  if (hold.kind === 'beginning')
    throw new OutflowError('coordinator-failed', `the coordinator of run ${id} is about to start`, {
      hint: 'try again in a moment',
    });
  if (hold.kind === 'nobody' || hold.kind === 'ended') {
    throw new OutflowError('coordinator-failed', `run ${id} is orphaned: nobody works on it`, {
      hint: `finish it: outflow resume ${id}`,
    });
  }
  if (hold.kind === 'here') return dialFirst(hold.target.addresses, undefined);
  const { host, target } = hold;
  const hint = `log in on ${host}, and repeat the command there`;
  if (target === undefined) throw new OutflowError('wrong-host', `run ${id} is coordinated on ${host}`, { hint });
  try {
    return await dialFirst(target.addresses, target.tls);
  } catch (cause) {
    throw new OutflowError('wrong-host', `run ${id} is coordinated on ${host}; ${(cause as Error).message}`, { hint, cause });
  }
}
