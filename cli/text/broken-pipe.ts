// A reader of our output that goes away (`| head`, a terminal that is closed): ends a command quietly, unless it has more to do than to print. And a file that takes no more: that is an error.

import { OutflowError } from '../../src/model/errors.ts';
import { fileError } from '../../src/system/file-errors.ts';
import { printError } from '../errors/print-error.ts';

const GONE = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED']);

let isNeeded = false;
let isBroken = false;

/** Called once, before anything is written. */
export function handleBrokenPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (GONE.has(error.code ?? '')) {
        isBroken = true;
        if (!isNeeded) process.exit();
      } else if (stream === process.stdout) {
        process.exit(printError(outputError(error), { json: false }));
      } // what stderr does not take is lost: there is nowhere to say it
    });
  }
}

/** A file on a full disk. */
function outputError(error: NodeJS.ErrnoException): OutflowError {
  const { code, message } = fileError(error, 'the output cannot be written');
  return new OutflowError(code, message, { hint: 'free some space where it goes, or send it elsewhere', cause: error });
}

/** From now on the command goes on without a reader: its exit code matters. */
export function surviveBrokenPipe(): void {
  isNeeded = true;
}

/** Resolves when stdout takes more; at once when nobody reads it any more. */
export async function stdoutHasRoom(): Promise<void> {
  const { stdout } = process;
  if (isBroken || !stdout.writableNeedDrain) return;
  await new Promise<void>((resolve) => {
    stdout.once('drain', resolve);
    stdout.once('error', () => resolve());
  });
}
