// Ctrl-C while a run is watched: the first asks it to end, the second gives its units no time, the third only ends us.
import { EXIT_CODES } from '../../src/model/errors.ts';

export interface InterruptHandlers {
  cancel(): void;
  cancelNow(): void;
}

/** Installs the handlers; the returned function takes them away. */
export function onInterrupt(handlers: InterruptHandlers): () => void {
  let times = 0;
  const listener = (): void => {
    times++;
    if (times === 1) handlers.cancel();
    else if (times === 2) handlers.cancelNow();
    else process.exit(EXIT_CODES.cancelled.code);
  };
  process.on('SIGINT', listener);
  return () => process.off('SIGINT', listener);
}
