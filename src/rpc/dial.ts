// Finds the coordinator among its addresses: all are tried at once, and the first that answers as it should is taken.
import { OutflowError } from '../model/errors.ts';
import { LIMITS } from '../model/limits.ts';
import { CoordinatorClient } from './client.ts';
import { probe } from './probe.ts';
import type { TlsIdentity } from './tls.ts';

export interface DialOptions {
  /** Patience with each address. */
  eachMs?: number;
  signal?: AbortSignal;
}

/**
 * The caller closes what it gets. Throws `coordinator-failed` with the reason of each address when none answers. Without `tls`
 * the first address is taken as it is: a Unix socket of this host.
 */
export async function dialFirst(
  addresses: readonly string[],
  tls: TlsIdentity | undefined,
  { eachMs = LIMITS.dialMs, signal }: DialOptions = {},
): Promise<CoordinatorClient> {
  if (!tls) return new CoordinatorClient({ address: addresses[0] as string });
  const found = new AbortController();
  const stop = signal ? AbortSignal.any([signal, found.signal]) : found.signal;
  try {
    const dials = addresses.map(async (address) => {
      await probe(address, tls, eachMs, stop);
      return address;
    });
    return new CoordinatorClient({ address: await Promise.any(dials), tls });
  } catch (error) {
    signal?.throwIfAborted();
    const reasons = (error as AggregateError).errors.map((it: Error, at) => `${addresses[at]}: ${it.message}`);
    throw new OutflowError('coordinator-failed', `the coordinator answers at none of its addresses:\n  ${reasons.join('\n  ')}`, {
      cause: error,
    });
  } finally {
    found.abort();
  }
}
