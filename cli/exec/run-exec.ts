// The user's end of a process beside a unit: this program's stdin, stdout and stderr, or its terminal, are the process's.
import { spawnSync } from 'node:child_process';
import { OutflowError } from '../../src/model/errors.ts';
import type { CoordinatorClient } from '../../src/rpc/client.ts';
import type { ExecEnd, ExecInput, ExecOutput } from '../../src/rpc/exec-messages.ts';
import type { DialledStream } from '../../src/rpc/streams.ts';
import { style } from '../text/style.ts';
import type { Collected } from './collected.ts';
import { exitCodeOfProcess } from './endings.ts';

export interface ExecOptions {
  client: CoordinatorClient;
  step: number;
  index: number;
  /** Empty: a shell. */
  argv: string[];
  /** Takes what the process says; there is no terminal then. */
  collected: Collected | undefined;
}

/** This program was told to end: the process is, with it. */
const ENDING = ['SIGTERM', 'SIGHUP'] as const;
/** Ctrl-C goes to the process; so often, it ends this program. */
const INTERRUPTS = 3;

export function runExec(options: ExecOptions): Promise<ExecEnd> {
  return new ExecSession(options).ended;
}

class ExecSession {
  readonly #collected: Collected | undefined;
  readonly #stream: DialledStream<ExecInput>;
  readonly #isTerminal: boolean;
  readonly #ended = Promise.withResolvers<ExecEnd>();
  readonly #undo: (() => void)[] = [];
  #interrupts = 0;
  #isOver = false;

  constructor({ client, step, index, argv, collected }: ExecOptions) {
    this.#collected = collected;
    this.#isTerminal = collected === undefined && process.stdin.isTTY === true && process.stdout.isTTY === true;
    this.#stream = client.openExec({
      onMessage: (message) => this.#onOutput(message),
      onClose: (error) => this.#fail(error),
    });
    this.#stream.onDrain(() => process.stdin.resume());
    const term = this.#isTerminal ? process.env['TERM'] || 'xterm' : '';
    this.#stream.send({ kind: 'request', request: { step, index, argv, term, size: this.#isTerminal ? size() : null } });
  }

  get ended(): Promise<ExecEnd> {
    return this.#ended.promise;
  }

  #onOutput({ data, isError, end, started, notice }: ExecOutput): void {
    if (this.#isOver) return;
    if (started) this.#onStarted(started.terminal);
    if (data.length > 0) this.#show(data, isError);
    if (notice) process.stderr.write(`${style('yellow', 'outflow:')} ${notice}${this.#isTerminal ? '\r' : ''}\n`);
    if (end) this.#end(end);
  }

  #show(data: Uint8Array, isError: boolean): void {
    try {
      if (this.#collected) return this.#collected.add(data, isError);
    } catch (error) {
      return this.#fail(error as Error);
    }
    const to = isError ? process.stderr : process.stdout;
    if (to.write(data) || to.destroyed) return;
    this.#stream.pause();
    to.once('drain', () => this.#stream.resume());
  }

  #onStarted(isOnTerminal: boolean): void {
    if (isOnTerminal) this.#useRawTerminal();
    this.#on(process.stdin, 'data', (data: Buffer) => {
      this.#stream.send({ kind: 'data', data });
      if (!this.#stream.writable) process.stdin.pause();
    });
    this.#on(process.stdin, 'end', () => this.#stream.send({ kind: 'end', end: true }));
    this.#on(process.stdin, 'error', () => this.#stream.send({ kind: 'end', end: true }));
    this.#on(process.stdout, 'error', () => this.#close('SIGPIPE')); // nobody reads it
    this.#on(process, 'SIGINT', () => this.#interrupt());
    for (const signal of ENDING) this.#on(process, signal, () => this.#close(signal));
  }

  /** Keys go to the process as they are pressed, Ctrl-C too. */
  #useRawTerminal(): void {
    process.stdin.setRawMode(true);
    // Raw as Node has it still turns line feeds into new lines, which full-screen programs do not mean.
    spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
    this.#undo.push(() => {
      try {
        process.stdin.setRawMode(false);
      } catch {
        // The terminal has been closed.
      }
    });
    this.#on(process.stdout, 'resize', () => this.#stream.send({ kind: 'size', size: size() }));
  }

  #on(emitter: NodeJS.EventEmitter, event: string, listener: (data: Buffer) => void): void {
    emitter.on(event, listener);
    this.#undo.push(() => emitter.off(event, listener));
  }

  #interrupt(): void {
    if (++this.#interrupts >= INTERRUPTS) this.#close('SIGINT');
    else this.#stream.send({ kind: 'signal', signal: 'SIGINT' });
  }

  /** Ends the process by going away. */
  #close(signal: NodeJS.Signals): void {
    const code = exitCodeOfProcess({ code: 0, signal });
    this.#end({ code, signal: '', error: '', unitState: '', running: [], runningTotal: 0 });
  }

  #end(end: ExecEnd): void {
    if (this.#over()) this.#ended.resolve(end);
  }

  #fail(error: Error | undefined): void {
    const message = `the connection to the coordinator broke${error ? `: ${error.message}` : ''}`;
    const told = error instanceof OutflowError ? error : new OutflowError('coordinator-failed', message, { cause: error });
    if (this.#over()) this.#ended.reject(told);
  }

  #over(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    for (const undo of this.#undo.reverse()) undo();
    process.stdin.pause();
    this.#stream.close();
    return true;
  }
}

function size(): { columns: number; rows: number } {
  return { columns: process.stdout.columns, rows: process.stdout.rows };
}
