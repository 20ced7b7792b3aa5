// What the holder of a run says of it now: units running, agents, CPUs. Nothing when it does not answer at once.
import type { CoordinatorClient } from '../../src/rpc/client.ts';
import { dialFirst } from '../../src/rpc/dial.ts';
import type { Progress } from '../../src/rpc/messages.ts';
import type { Target } from '../watch/holder.ts';

const PATIENCE_MS = 1_000;

export async function liveProgress({ addresses, tls }: Target): Promise<Progress | undefined> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  let client: CoordinatorClient | undefined;
  try {
    client = await dialFirst(addresses, tls, { signal });
    for await (const event of client.watch({ logs: false }, signal)) {
      if (event.kind === 'progress') return event.progress;
    }
  } catch {
    // It is ending, or busy: what the store says is true all the same.
  } finally {
    client?.close();
  }
  return undefined;
}
