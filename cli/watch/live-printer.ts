// Shows a watched run on a terminal: a picture redrawn at most 10 times a second, the tasks' lines above it as they come.
import { createLogUpdate } from 'log-update';
import { coloured } from '../text/style.ts';
import { LinePrinter } from './line-printer.ts';
import type { WatchModel } from './model.ts';
import type { Printer, TaskOutput } from './printer.ts';
import type { TaskLine } from './render-lines.ts';
import { renderLive } from './render-live.ts';

const REDRAW_MS = 100;

export class LivePrinter implements Printer {
  readonly #stderr: NodeJS.WriteStream;
  readonly #draw: ReturnType<typeof createLogUpdate>;
  readonly #lines: LinePrinter;
  /** Written above the picture at its next redraw. */
  #waiting: (() => void)[] = [];
  #model: WatchModel | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(stderr: NodeJS.WriteStream, output: TaskOutput) {
    this.#stderr = stderr;
    this.#draw = createLogUpdate(stderr);
    this.#lines = new LinePrinter({ stderr, output, quiet: true, paint: coloured });
  }

  start(model: WatchModel): void {
    this.#model = model;
    this.#redraw();
    this.#timer = setInterval(() => this.#redraw(), REDRAW_MS);
  }

  update(model: WatchModel): void {
    this.#model = model;
  }

  task(line: TaskLine): void {
    this.#waiting.push(() => this.#lines.task(line));
  }

  note(text: string, level: 'info' | 'warn' | 'error'): void {
    this.#waiting.push(() => this.#lines.note(text, level));
  }

  close(): void {
    clearInterval(this.#timer);
    this.#redraw();
    this.#draw.done();
  }

  #redraw(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length > 0) this.#draw.clear();
    for (const write of waiting) write();
    if (!this.#model) return;
    const { columns = 80, rows = 24 } = this.#stderr;
    this.#draw(renderLive(this.#model, Date.now(), { columns, rows, paint: coloured }).join('\n'));
  }
}
