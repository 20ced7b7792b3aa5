// Which way of showing a watched run fits where we are.
import { paintFor, plain } from '../text/style.ts';
import { LinePrinter } from './line-printer.ts';
import type { Printer, TaskOutput } from './printer.ts';

export interface PrinterOptions {
  quiet: boolean;
  /** stdout is kept for the one document. */
  json: boolean;
}

/** A live picture on a terminal of a person; lines for pipes, files, CI, `--quiet` and NO_COLOR. */
export async function choosePrinter(options: PrinterOptions): Promise<Printer> {
  const { env, stderr } = process;
  const isScreen = stderr.isTTY && stderr.rows > 0 && env['TERM'] !== 'dumb'; // a terminal of no size cannot be drawn on
  const live = isScreen && !options.quiet && !env['CI'] && !env['NO_COLOR'];
  const output: TaskOutput = options.json
    ? { stdout: null, prefix: true }
    : { stdout: process.stdout, prefix: process.stdout.isTTY };
  // Loaded only where it is seen: it takes 40 ms.
  if (live) return new (await import('./live-printer.ts')).LivePrinter(stderr, output);
  return new LinePrinter({ stderr, output, quiet: options.quiet, paint: stderr.isTTY ? paintFor(stderr) : plain });
}
