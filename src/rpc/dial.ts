// Finds the coordinator among its addresses: all are dialled at once, and the first that answers as it should is taken.
import { OutflowError } from '../model/errors.ts';
import { LIMITS } from '../model/limits.ts';
import { CoordinatorClient } from './client.ts';
import type { TlsIdentity } from './tls.ts';

export interface DialOptions {
  /** Patience with each address. */
  eachMs?: number;
  signal?: AbortSignal;
}

/** Throws `coordinator-failed` with the reason of each address when none answers. The caller closes what it gets. */
export async function dialFirst(
  addresses: readonly string[],
  tls: TlsIdentity | undefined,
  { eachMs = LIMITS.dialMs, signal }: DialOptions = {},
): Promise<CoordinatorClient> {
  const isFound = new AbortController();
  const stop = signal ? AbortSignal.any([signal, isFound.signal]) : isFound.signal;
  const dials = addresses.map(async (address) => {
    const client = new CoordinatorClient({ address, ...(tls && !address.startsWith('unix:') ? { tls } : {}) });
    try {
      await client.ready(eachMs, stop);
      // Another one may have been first in the same turn.
      stop.throwIfAborted();
      isFound.abort();
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  });
  try {
    return await Promise.any(dials);
  } catch (error) {
    signal?.throwIfAborted();
    const reasons = (error as AggregateError).errors.map((it: Error, at) => `${addresses[at]}: ${it.message}`);
    throw new OutflowError('coordinator-failed', `the coordinator answers at none of its addresses:\n  ${reasons.join('\n  ')}`, {
      cause: error,
    });
  }
}
