// Whether somebody holds a run, seen from this host: its lease by the database's clock, its process by its number.
import { hostname } from 'node:os';
import type { RunSummary } from '../../src/store/types.ts';
import { processIdentity } from '../../src/system/processes.ts';

export type Hold =
  | { kind: 'ended' }
  /** A live process of this host, which can be dialled. */
  | { kind: 'here'; address: string }
  | { kind: 'elsewhere'; host: string }
  /** Nobody, or a process that is gone. `heldAt`: the epoch whose lease need not be waited for. */
  | { kind: 'nobody'; heldAt: number | undefined };

export function holdOf({ state, holder, epoch, endedAt }: RunSummary): Hold {
  if (endedAt !== null || state === 'succeeded' || state === 'failed' || state === 'cancelled') return { kind: 'ended' };
  if (holder === null) return { kind: 'nobody', heldAt: undefined };
  const isHere = holder.host === hostname();
  if (isHere && processIdentity(holder.pid) === null) return { kind: 'nobody', heldAt: epoch };
  if (state === 'orphaned') return { kind: 'nobody', heldAt: undefined }; // alive perhaps, but its lease has expired
  if (!isHere) return { kind: 'elsewhere', host: holder.host };
  return { kind: 'here', address: holder.address };
}
