// The coordinator's log on a disk that may become full: lines that it does not take are lost, and the run goes on. (pino's own
// destination ends the process then, or tries for ever.)
import { openSync, writeSync } from 'node:fs';

/** Appends to the file, which is made when it is missing. */
export function logFile(file: string): { write(line: string): void } {
  const fd = openSync(file, 'a', 0o600);
  return {
    write(line) {
      try {
        writeSync(fd, line);
      } catch {
        // There is nowhere to say it. The same disk keeps the run's results: that it is full is told for these.
      }
    },
  };
}
