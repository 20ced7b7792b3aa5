// Units whose blobs are being uploaded: settled here, not yet to be reported.
import type { Failure } from '../src/model/states.ts';
import type { Blobs } from './blobs.ts';
import type { Unit } from './units.ts';

export class Uploads {
  readonly #blobs: Blobs;
  readonly #units = new Set<Unit>();

  constructor(blobs: Blobs) {
    this.#blobs = blobs;
  }

  get units(): ReadonlySet<Unit> {
    return this.#units;
  }

  /** `done`: it may be reported; as failed, where its output could not be stored. */
  start(unit: Unit, hashes: readonly string[], done: (failure: Failure | undefined) => void): void {
    this.#units.add(unit);
    const end = (failure?: Failure): void => {
      this.#units.delete(unit);
      done(failure);
    };
    Promise.all(hashes.map((hash) => this.#blobs.upload(hash))).then(
      () => end(),
      (error: Error) => end({ cause: 'host-crashed', message: `the output could not be stored: ${error.message}` }),
    );
  }
}
