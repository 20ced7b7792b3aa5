// From the texts that arrive with a unit to its inputs. Each unit gets values of its own, which it may change.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type BlobRef, decodeValue } from '../../src/model/values.ts';

/** The texts of blobs kept in memory for the next unit; the page cache has the rest. */
const KEPT_BYTES = 32 * 1024 * 1024;

export class Inputs {
  readonly #blobDir: string;
  readonly #kept = new Map<string, string>();
  #keptBytes = 0;
  readonly #resolve = (ref: BlobRef): string => this.#blob(ref);

  constructor(blobDir: string) {
    this.#blobDir = blobDir;
  }

  /** An encoded object. */
  decode(text: string): Record<string, unknown> {
    return text === '' || text === '{}' ? {} : (decodeValue(text, this.#resolve) as Record<string, unknown>);
  }

  #blob(ref: BlobRef): string {
    const kept = this.#kept.get(ref.hash);
    if (kept !== undefined) return kept;
    const text = readFileSync(path.join(this.#blobDir, ref.hash), 'utf8');
    if (ref.size <= KEPT_BYTES) {
      if (this.#keptBytes + ref.size > KEPT_BYTES) {
        this.#kept.clear();
        this.#keptBytes = 0;
      }
      this.#kept.set(ref.hash, text);
      this.#keptBytes += ref.size;
    }
    return text;
  }
}
