// Which blobs lie in the agent's scratch directory, and who needs them. All of them are in the store as well, so that what nobody
// needs may go: the oldest first, beyond a bound.
import { rmSync } from 'node:fs';
import path from 'node:path';

interface BlobFile {
  readonly bytes: number;
  /** Blobs that its text refers to; undefined: nobody has looked. */
  refs: readonly string[] | undefined;
}

export class BlobFiles {
  readonly directory: string;
  readonly #mostUnusedBytes: number;
  readonly #there = new Map<string, BlobFile>();
  /** How many need a blob, which may not be there yet. */
  readonly #uses = new Map<string, number>();
  /** The longest unused first. */
  readonly #unused = new Map<string, BlobFile>();
  #unusedBytes = 0;

  constructor(directory: string, mostUnusedBytes: number) {
    this.directory = directory;
    this.#mostUnusedBytes = mostUnusedBytes;
  }

  pathOf(hash: string): string {
    return path.join(this.directory, hash);
  }

  get(hash: string): BlobFile | undefined {
    return this.#there.get(hash);
  }

  /** Its file is whole, and so is the store's. */
  add(hash: string, bytes: number): void {
    if (this.#there.has(hash)) return;
    const file = { bytes, refs: undefined };
    this.#there.set(hash, file);
    if (!this.#uses.has(hash)) this.#setUnused(hash, file);
  }

  use(hash: string): void {
    this.#uses.set(hash, (this.#uses.get(hash) ?? 0) + 1);
    const file = this.#unused.get(hash);
    if (file === undefined) return;
    this.#unused.delete(hash);
    this.#unusedBytes -= file.bytes;
  }

  unuse(hash: string): void {
    const uses = (this.#uses.get(hash) ?? 0) - 1;
    if (uses > 0) return void this.#uses.set(hash, uses);
    this.#uses.delete(hash);
    const file = this.#there.get(hash);
    if (file !== undefined) this.#setUnused(hash, file);
  }

  #setUnused(hash: string, file: BlobFile): void {
    this.#unused.set(hash, file);
    this.#unusedBytes += file.bytes;
    for (const [oldest, { bytes }] of this.#unused) {
      if (this.#unusedBytes <= this.#mostUnusedBytes) return;
      // At once: the next moment it may be written again.
      rmSync(this.pathOf(oldest), { force: true });
      this.#unused.delete(oldest);
      this.#there.delete(oldest);
      this.#unusedBytes -= bytes;
    }
  }
}
