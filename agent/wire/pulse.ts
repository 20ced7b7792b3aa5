// The pulse of a host: a small unlinked file that agent and host share, read and written in place (1 µs each, measured on
// tmpfs and ext4). It says which unit runs even when the host is dead or blocked, and lets the agent take units back that
// have not begun, without asking a host that may not answer.
//
//   bytes 0-3  number of the last unit that has begun, written by the host before it begins; 0: none has
//   bytes 4-7  the highest number that may begin, written by the agent
//
// Numbers grow, and the first stays when its unit has ended: the agent may look before it has read the result, and must not
// take that unit for one that never began.
//
// The host writes its number first and reads the limit then; the agent writes the limit first and reads the number then. So one
// of them sees the other: of a unit above both the limit and the number read, the agent knows that it will not begin.
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import path from 'node:path';

const NO_LIMIT = 0xffffffff;

export class Pulse {
  readonly fd: number;
  readonly #buffer = Buffer.alloc(4);

  constructor(fd: number) {
    this.fd = fd;
  }

  /** A new one, in memory where the system has a place for that. */
  static create(directory: string): Pulse {
    const name = `outflow-pulse-${process.pid}-${process.hrtime.bigint()}`;
    for (const place of ['/dev/shm', directory]) {
      const file = path.join(place, name);
      try {
        const fd = openSync(file, 'wx+', 0o600);
        unlinkSync(file);
        const pulse = new Pulse(fd);
        pulse.begin(0);
        pulse.allowAll();
        return pulse;
      } catch (error) {
        if (place === directory) throw error;
      }
    }
    throw new Error('unreachable');
  }

  /** Host: unit `k` is about to begin. */
  begin(k: number): void {
    this.#write(k, 0);
  }

  /** Host: whether unit `k` may begin. */
  mayBegin(k: number): boolean {
    return k <= this.#read(4);
  }

  /** Agent: nothing above `k` may begin. */
  limit(k: number): void {
    this.#write(k, 4);
  }

  allowAll(): void {
    this.#write(NO_LIMIT, 4);
  }

  /** Agent: the last unit that has begun: while no result of it has been read, the one that runs (or ran when the host died). */
  lastBegun(): number {
    return this.#read(0);
  }

  close(): void {
    closeSync(this.fd);
  }

  #write(value: number, at: number): void {
    this.#buffer.writeUInt32LE(value, 0);
    writeSync(this.fd, this.#buffer, 0, 4, at);
  }

  #read(at: number): number {
    return readSync(this.fd, this.#buffer, 0, 4, at) === 4 ? this.#buffer.readUInt32LE(0) : 0;
  }
}
