// A process on plain pipes: stdout and stderr apart, no terminal.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { killGroup } from '../../src/system/processes.ts';
import { type ExecCommand, type ExecProcess, type ExecProcessHandlers, LAST_WORDS_MS } from './exec-process.ts';
import { endSession } from './process-sessions.ts';

export function startPiped({ argv, directory, environment }: ExecCommand, handlers: ExecProcessHandlers): ExecProcess {
  const [file = '', ...args] = argv;
  const child = spawn(file, args, {
    cwd: directory,
    env: { ...environment },
    detached: true, // its own session
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  return new PipedProcess(child, handlers);
}

class PipedProcess implements ExecProcess {
  readonly #child: ChildProcess;
  readonly #handlers: ExecProcessHandlers;
  #isPaused = false;
  #isOver = false;
  #exit: { code: number; signal: string } | undefined;
  #lastWords: NodeJS.Timeout | undefined;

  constructor(child: ChildProcess, handlers: ExecProcessHandlers) {
    this.#child = child;
    this.#handlers = handlers;
    child.stdin?.on('error', () => {}); // it does not read any more
    child.stdin?.on('drain', () => handlers.onRoom());
    for (const [isError, stream] of [
      [false, child.stdout],
      [true, child.stderr],
    ] as const) {
      stream?.on('error', () => {}); // its end is told by `close`
      stream?.on('data', (data: Buffer) => {
        this.#lastWords?.refresh();
        handlers.onData(data, isError);
      });
    }
    child.once('error', (error) => {
      handlers.onData(Buffer.from(`${error.message}\n`), true);
      this.#onExit(127, '');
    });
    child.once('exit', (code, signal) => this.#onExit(code ?? 0, signal ?? ''));
    child.once('close', () => this.#finish());
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  write(data: Uint8Array): boolean {
    return this.#child.stdin?.write(data) ?? true;
  }

  end(): void {
    this.#child.stdin?.end();
  }

  resize(): void {}

  signal(signal: NodeJS.Signals): void {
    if (this.pid > 0 && this.#exit === undefined) killGroup(this.pid, signal);
  }

  pause(): void {
    this.#isPaused = true;
    for (const stream of this.#outputs) stream.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#lastWords?.refresh();
    for (const stream of this.#outputs) stream.resume();
  }

  get #outputs(): Readable[] {
    return [this.#child.stdout, this.#child.stderr].filter((stream) => stream !== null);
  }

  async kill(graceMs: number): Promise<void> {
    if (this.pid > 0) await endSession(this.pid, graceMs);
  }

  #onExit(code: number, signal: string): void {
    this.#exit = { code, signal };
    void this.kill(0); // what it has left behind
    this.#lastWords = setInterval(() => {
      if (!this.#isPaused) this.#finish();
    }, LAST_WORDS_MS);
    if (this.pid === 0) this.#finish();
  }

  #finish(): void {
    if (this.#isOver || this.#exit === undefined) return;
    this.#isOver = true;
    clearInterval(this.#lastWords);
    for (const stream of this.#child.stdio) stream?.destroy();
    this.#handlers.onEnd(this.#exit);
  }
}
