// process.stdout and process.stderr of a host: what the user's code writes becomes log lines of the unit that wrote it. Only
// child processes and native code reach the real descriptors, which the agent reads.
import { Writable } from 'node:stream';
import type { LogLines } from './log-lines.ts';
import { ownScope, runningScope } from './scope.ts';

type Callback = (error?: Error | null) => void;

class CapturedStream extends Writable {
  readonly fd: 1 | 2;
  readonly #lines: LogLines;

  constructor(fd: 1 | 2, lines: LogLines) {
    super({ decodeStrings: false });
    this.fd = fd;
    this.#lines = lines;
  }

  /** At once, without the queue of a stream: the line is out before the call returns. */
  override write(chunk: unknown, encodingOrCallback?: BufferEncoding | Callback, callback?: Callback): boolean {
    const encoding = typeof encodingOrCallback === 'string' ? encodingOrCallback : 'utf8';
    const done = typeof encodingOrCallback === 'function' ? encodingOrCallback : callback;
    this.#take(chunk, encoding);
    if (done) process.nextTick(done);
    return true;
  }

  override _write(chunk: unknown, encoding: BufferEncoding, done: Callback): void {
    this.#take(chunk, encoding);
    done();
  }

  /** As with the real ones, nobody can close it. */
  override end(...args: unknown[]): this {
    const [chunk] = args;
    if (chunk !== undefined && typeof chunk !== 'function') this.write(chunk);
    const done = args.findLast((argument) => typeof argument === 'function') as (() => void) | undefined;
    if (done) process.nextTick(done);
    return this;
  }

  override _destroy(_error: Error | null, done: Callback): void {
    done();
  }

  #take(chunk: unknown, encoding: BufferEncoding): void {
    const text = typeof chunk === 'string' ? bytesOrText(chunk, encoding) : Buffer.from(chunk as Uint8Array).toString('utf8');
    this.#lines.writeRaw(ownScope() ?? runningScope(), this.fd === 1 ? 0 : 1, text);
  }
}

function bytesOrText(chunk: string, encoding: BufferEncoding): string {
  return encoding === 'utf8' || encoding === 'utf-8' ? chunk : Buffer.from(chunk, encoding).toString('utf8');
}

export function captureStandardStreams(lines: LogLines): void {
  for (const [name, fd] of [
    ['stdout', 1],
    ['stderr', 2],
  ] as const) {
    const stream = new CapturedStream(fd, lines);
    Object.defineProperty(process, name, { configurable: true, enumerable: true, get: () => stream });
  }
}
