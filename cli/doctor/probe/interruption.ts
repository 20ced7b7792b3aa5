// While a job of ours may be in Slurm, Ctrl-C and the end of the terminal clear it away first. A second Ctrl-C does not wait for that.
import { EXIT_CODES } from '../../../src/model/errors.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** `end` takes the handlers away. */
export function interruption(): { signal: AbortSignal; end(): void } {
  const stop = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(EXIT_CODES.cancelled.code);
    stop.abort();
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return {
    signal: stop.signal,
    end: () => {
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
}
