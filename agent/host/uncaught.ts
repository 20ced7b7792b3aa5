// Errors that nobody caught, in code that some unit started: the unit fails if it still runs, else they are told in its log.
import { UnitError } from '../../src/sdk/internal.ts';
import { LEVEL, STREAM } from '../wire/messages.ts';
import { failureFrom } from './failures.ts';
import type { LogLines } from './log-lines.ts';
import { ownScope, runningScope } from './scope.ts';

/** `onSetup` gets what is thrown before units run. */
export function handleUncaught(lines: LogLines, onSetup: (error: unknown) => boolean): void {
  const handle = (what: string, error: unknown): void => {
    const scope = ownScope() ?? runningScope();
    if (scope === undefined && onSetup(error)) return;
    const failure = failureFrom(error);
    if (scope !== undefined && !scope.hasEnded) {
      scope.fail(new UnitError({ ...failure, message: `${what}: ${failure.message}` }, error));
      return;
    }
    const text = [`${what} after the unit's end: ${failure.message}`, failure.stack].filter(Boolean).join('\n');
    lines.write(scope, STREAM.system, LEVEL.warn, text);
  };
  process.on('uncaughtException', (error) => handle('uncaught exception', error));
  process.on('unhandledRejection', (reason) => handle('unhandled rejection', reason));
}
