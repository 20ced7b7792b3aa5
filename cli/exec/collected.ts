// What a process has said, for `--json`.
import { OutflowError } from '../../src/model/errors.ts';

const MOST_BYTES = 64 * 1024 * 1024;

export class Collected {
  readonly #out: Uint8Array[] = [];
  readonly #error: Uint8Array[] = [];
  #bytes = 0;

  add(data: Uint8Array, isError: boolean): void {
    this.#bytes += data.length;
    if (this.#bytes > MOST_BYTES) {
      throw new OutflowError('bad-flag', `the command says more than ${MOST_BYTES / 1024 ** 2} MiB`, {
        hint: 'leave out --json',
      });
    }
    (isError ? this.#error : this.#out).push(data);
  }

  texts(): { stdout: string; stderr: string } {
    return { stdout: Buffer.concat(this.#out).toString(), stderr: Buffer.concat(this.#error).toString() };
  }
}
