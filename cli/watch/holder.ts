// Whether somebody holds a run, seen from this host: its lease by the database's clock, its process by its number.
import { hostname } from 'node:os';
import { readControlFile } from '../../src/rpc/control-file.ts';
import type { TlsIdentity } from '../../src/rpc/tls.ts';
import type { RunSummary } from '../../src/store/types.ts';
import { processIdentity } from '../../src/system/processes.ts';
import { sharedRunDir } from '../../src/system/shared-files.ts';

export interface Target {
  addresses: readonly string[];
  tls?: TlsIdentity;
}

export type Hold =
  | { kind: 'ended' }
  /** It has just been accepted: whoever submitted it is about to start its coordinator. */
  | { kind: 'beginning' }
  /** A live process of this host, which can be dialled. */
  | { kind: 'here'; target: Target }
  /** `target`: how to reach it from here; undefined: that is not known here. */
  | { kind: 'elsewhere'; host: string; target: Target | undefined }
  /**
   * Nobody, or a process that is gone. `heldAt`: the epoch whose lease need not be waited for. `mayWake`: its lease has run out, and
   * it may live all the same; as its machine has slept, it renews it in a moment.
   */
  | { kind: 'nobody'; heldAt: number | undefined; mayWake: boolean };

export function holdOf({ record, state, holder, epoch, endedAt }: RunSummary): Hold {
  if (endedAt !== null || state === 'succeeded' || state === 'failed' || state === 'cancelled') return { kind: 'ended' };
  if (state === 'accepted') return { kind: 'beginning' };
  if (holder === null) return { kind: 'nobody', heldAt: undefined, mayWake: false };
  const isHere = holder.host === hostname();
  if (isHere && processIdentity(holder.pid) === null) return { kind: 'nobody', heldAt: epoch, mayWake: false };
  if (state === 'orphaned') return { kind: 'nobody', heldAt: undefined, mayWake: true };
  if (isHere) return { kind: 'here', target: { addresses: [holder.address] } };
  const directory = sharedRunDir(record.slurm?.sharedDir ?? null, record.id, () => record.runDir);
  return { kind: 'elsewhere', host: holder.host, target: readControlFile(directory, record.id) };
}

/** Where a holder can be dialled, if there is one that can. */
export function targetOf(hold: Hold): Target | undefined {
  return hold.kind === 'here' || hold.kind === 'elsewhere' ? hold.target : undefined;
}
