// The host's words to its agent. Writes are synchronous, so that results and log lines get out even when a unit then blocks the
// event loop; quick units' results are gathered, as a write for each would cost more than the unit (5 µs and a wake-up).
import { writeSync } from 'node:fs';
import { LIMITS } from '../../src/model/limits.ts';
import { encodeResults, type ResultColumns } from '../wire/columns.ts';
import { textFrame } from '../wire/frames.ts';
import { type FromHost, HOST_FD, type HostLog } from '../wire/messages.ts';
import { FlushPolicy } from './flush-policy.ts';

export class Outbound {
  readonly #policy = new FlushPolicy(LIMITS);
  #results: ResultColumns = emptyResults();
  #lines: HostLog[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** A unit that succeeded. */
  result(k: number, startedAtMs: number, durationMs: number, output: string, nowMs: number): void {
    const results = this.#results;
    results.k.push(k);
    results.startedAtMs.push(startedAtMs);
    results.durationMs.push(durationMs);
    results.output.push(output);
    if (this.#policy.onResult(output.length, durationMs, nowMs)) this.flush();
  }

  line(line: HostLog): void {
    this.#lines.push(line);
    if (this.#policy.onLine(line[4].length, performance.now())) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), LIMITS.flushMs);
  }

  /** Anything else goes at once, behind what waits. */
  send(message: FromHost): void {
    this.flush();
    write(textFrame(message));
  }

  flush(): void {
    if (this.#timer !== undefined) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    // A unit's lines come before its result.
    if (this.#lines.length > 0) {
      write(textFrame({ kind: 'logs', lines: this.#lines } satisfies FromHost));
      this.#lines = [];
    }
    if (this.#results.k.length > 0) {
      write(encodeResults(this.#results));
      this.#results = emptyResults();
    }
    this.#policy.onFlush();
  }
}

function emptyResults(): ResultColumns {
  return { k: [], startedAtMs: [], durationMs: [], output: [] };
}

function write(bytes: Buffer): void {
  let from = 0;
  while (from < bytes.length) {
    try {
      from += writeSync(HOST_FD.toAgent, bytes, from);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      else process.kill(process.pid, 'SIGKILL'); // the agent is gone: nobody wants what we have
    }
  }
}
