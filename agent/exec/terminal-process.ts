// A process on a terminal of its own.
import { writeSync } from 'node:fs';
import { constants } from 'node:os';
import { ReadStream } from 'node:tty';
import { type ExecCommand, type ExecProcess, type ExecProcessHandlers, LAST_WORDS_MS } from './exec-process.ts';
import { endSession } from './process-sessions.ts';
import type { Pty } from './pty.ts';

/** A terminal whose program does not read takes no more; it is asked again. */
const AGAIN_MS = 10;
/** Input waiting for a program that does not read; with more, whoever types waits. */
const WAITING_BYTES = 64 * 1024;

export interface TerminalSize {
  columns: number;
  rows: number;
}

export class TerminalProcess implements ExecProcess {
  readonly pid: number;
  readonly #pty: Pty;
  readonly #fd: number;
  readonly #output: ReadStream;
  readonly #handlers: ExecProcessHandlers;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #again: NodeJS.Timeout | undefined;
  #isPaused = false;
  #isClosed = false;
  #isOver = false;
  #exit: { code: number; signal: string } | undefined;
  #lastWords: NodeJS.Timeout | undefined;

  constructor(pty: Pty, { argv, directory, environment }: ExecCommand, size: TerminalSize, handlers: ExecProcessHandlers) {
    this.#pty = pty;
    this.#handlers = handlers;
    const [file = '', ...args] = argv;
    const variables = Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
    const { columns, rows } = bounded(size);
    const onExit = (code: number, signal: number): void => this.#onExit(code, nameOf(signal));
    const { fd, pid } = pty.native.fork(file, args, variables, directory, columns, rows, -1, -1, true, pty.helper, onExit);
    this.pid = pid;
    this.#fd = fd;
    this.#output = new ReadStream(fd);
    this.#output.on('data', (data: Buffer) => {
      this.#lastWords?.refresh();
      handlers.onData(data, false);
    });
    this.#output.on('error', () => {}); // EIO: nobody has the terminal open any more
    this.#output.on('close', () => {
      this.#isClosed = true;
      this.#finish();
    });
  }

  write(data: Uint8Array): boolean {
    this.#waiting.push(data);
    this.#waitingBytes += data.length;
    if (this.#again === undefined) this.#writeWaiting();
    return this.#waitingBytes < WAITING_BYTES;
  }

  /** Never waits for the program: the descriptor does not block. */
  #writeWaiting(): void {
    this.#again = undefined;
    const wasFull = this.#waitingBytes >= WAITING_BYTES;
    while (this.#waiting[0] !== undefined && !this.#isClosed) {
      try {
        const written = writeSync(this.#fd, this.#waiting[0]);
        this.#waitingBytes -= written;
        const rest = this.#waiting[0].subarray(written);
        if (rest.length > 0) this.#waiting[0] = rest;
        else this.#waiting.shift();
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return; // it has ended
        this.#again = setTimeout(() => this.#writeWaiting(), AGAIN_MS);
        break;
      }
    }
    if (wasFull && this.#waitingBytes < WAITING_BYTES) this.#handlers.onRoom();
  }

  end(): void {}

  resize(columns: number, rows: number): void {
    if (this.#isClosed) return;
    const size = bounded({ columns, rows });
    this.#pty.native.resize(this.#fd, size.columns, size.rows, 0, 0);
  }

  /** As keys do it, by the terminal itself. */
  signal(): void {}

  pause(): void {
    this.#isPaused = true;
    this.#output.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#lastWords?.refresh();
    this.#output.resume();
  }

  kill(graceMs: number): Promise<void> {
    return endSession(this.pid, graceMs);
  }

  #onExit(code: number, signal: string): void {
    this.#exit = { code, signal };
    void this.kill(0); // what it has left behind
    this.#lastWords = setInterval(() => {
      if (!this.#isPaused) this.#finish();
    }, LAST_WORDS_MS);
    if (this.#isClosed) this.#finish();
  }

  #finish(): void {
    if (this.#isOver || this.#exit === undefined) return;
    this.#isOver = true;
    clearInterval(this.#lastWords);
    clearTimeout(this.#again);
    this.#output.destroy();
    this.#handlers.onEnd(this.#exit);
  }
}

function bounded({ columns, rows }: TerminalSize): TerminalSize {
  const within = (value: number, unknown: number): number => Math.min(value > 0 ? value : unknown, 65_535);
  return { columns: within(columns, 80), rows: within(rows, 24) };
}

function nameOf(signal: number): string {
  if (signal === 0) return '';
  return Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? String(signal);
}
