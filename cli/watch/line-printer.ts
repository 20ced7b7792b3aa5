// Shows a watched run as lines that stay: for pipes, files and CI.
import type { Paint } from '../text/style.ts';
import { newlySettled, type WatchModel } from './model.ts';
import type { Printer, TaskOutput } from './printer.ts';
import { ownLine, startLine, stepEndLine, type TaskLine, taskLine, waitNews } from './render-lines.ts';

export interface LinePrinterOptions {
  stderr: NodeJS.WritableStream;
  output: TaskOutput;
  /** Tasks' lines and notes only. */
  quiet: boolean;
  paint: Paint;
}

export class LinePrinter implements Printer {
  readonly #options: LinePrinterOptions;
  #last: WatchModel | undefined;
  /** What was said of allocations that wait. */
  #waited = '';

  constructor(options: LinePrinterOptions) {
    this.#options = options;
  }

  start(model: WatchModel): void {
    this.#last = model;
    if (!this.#options.quiet) this.#say(startLine(model, this.#options.paint));
  }

  update(model: WatchModel): void {
    const settled = this.#last ? newlySettled(this.#last, model) : [];
    const waits = waitNews(this.#waited, model, Date.now());
    this.#last = model;
    this.#waited = waits.said;
    if (this.#options.quiet) return;
    for (const step of settled) this.#say(stepEndLine(step, this.#options.paint));
    for (const line of waits.lines) this.#say(ownLine(line, this.#options.paint));
  }

  task(line: TaskLine): void {
    const { output, paint } = this.#options;
    if (line.stream !== 'stdout' || output.stdout === null) this.#say(taskLine(line, paint));
    else output.stdout.write(`${output.prefix ? taskLine(line, paint) : line.text}\n`);
  }

  note(text: string, level: 'info' | 'warn' | 'error'): void {
    const { paint } = this.#options;
    this.#say(level === 'info' ? text : `${paint(level === 'warn' ? 'yellow' : 'red', `${level}:`)} ${text}`);
  }

  close(): void {}

  #say(text: string): void {
    this.#options.stderr.write(`${text}\n`);
  }
}
