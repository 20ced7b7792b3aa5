// What the holder of a run says of it now: units running, agents, CPUs. Nothing when it does not answer at once.
import { CoordinatorClient } from '../../src/rpc/client.ts';
import type { Progress } from '../../src/rpc/messages.ts';

const PATIENCE_MS = 1_000;

export async function liveProgress(address: string): Promise<Progress | undefined> {
  const client = new CoordinatorClient({ address });
  try {
    for await (const event of client.watch({ logs: false }, AbortSignal.timeout(PATIENCE_MS))) {
      if (event.kind === 'progress') return event.progress;
    }
  } catch {
    // It is ending, or busy: what the store says is true all the same.
  } finally {
    client.close();
  }
  return undefined;
}
