// A reader of our output that goes away (`| head`, a terminal that is closed): ends a command quietly, unless it has more to do than to print.

const GONE = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED']);

let isNeeded = false;
let isBroken = false;

/** Called once, before anything is written. */
export function handleBrokenPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!GONE.has(error.code ?? '')) throw error;
      isBroken = true;
      if (!isNeeded) process.exit();
    });
  }
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
