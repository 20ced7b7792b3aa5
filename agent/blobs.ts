// Large values as files of the agent's scratch directory, each named by its hash: fetched once for all that need them at a time,
// uploaded before they are told of.
import { createHash } from 'node:crypto';
import { createWriteStream, renameSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { OutflowError } from '../src/model/errors.ts';
import { LIMITS } from '../src/model/limits.ts';
import { blobRefs } from '../src/model/values.ts';
import { type CoordinatorClient, isUnavailable } from '../src/rpc/client.ts';
import type { BlobFiles } from './blob-files.ts';

/** Tries on a live connection before a blob is given up that the coordinator has not got, or does not take. */
const TRIES = 5;
const BACK_OFF = { firstMs: 20, mostMs: 1_000 };

export class Blobs {
  readonly #files: BlobFiles;
  /** A connection, as soon as there is one. */
  readonly #connected: () => Promise<CoordinatorClient>;
  readonly #transfers = new Map<string, Promise<void>>();
  /** What each owner needs. */
  readonly #held = new Map<object, Set<string>>();

  constructor(files: BlobFiles, connected: () => Promise<CoordinatorClient>) {
    this.#files = files;
    this.#connected = connected;
  }

  get directory(): string {
    return this.#files.directory;
  }

  /** Resolves when the blobs are there, and those that their texts refer to. They stay until `release`. */
  async hold(owner: object, hashes: readonly string[]): Promise<void> {
    const held = new Set<string>();
    this.#held.set(owner, held);
    await Promise.all(hashes.map((hash) => this.#holdDeep(owner, held, hash)));
  }

  async #holdDeep(owner: object, held: Set<string>, hash: string): Promise<void> {
    if (held.has(hash) || this.#held.get(owner) !== held) return;
    held.add(hash);
    this.#files.use(hash);
    await this.#fetch(hash);
    await Promise.all((await this.#refsOf(hash)).map((ref) => this.#holdDeep(owner, held, ref)));
  }

  /** The owner, which may hold none, needs them no more. */
  release(owner: object): void {
    const held = this.#held.get(owner);
    if (held === undefined) return;
    this.#held.delete(owner);
    for (const hash of held) this.#files.unuse(hash);
  }

  async #refsOf(hash: string): Promise<readonly string[]> {
    const file = this.#files.get(hash);
    if (file === undefined) return []; // its owner has gone meanwhile
    if (file.refs === undefined) {
      const bytes = await readFile(this.#files.pathOf(hash));
      file.refs = bytes.includes('{"$blob":') ? blobRefs(bytes.toString('utf8')).map((ref) => ref.hash) : [];
    }
    return file.refs;
  }

  /** Resolves when the file is there. */
  async #fetch(hash: string): Promise<void> {
    if (this.#files.get(hash) === undefined) await this.#once(`get ${hash}`, (client) => this.#get(client, hash));
  }

  /** Resolves when it is committed. */
  async upload(hash: string): Promise<void> {
    if (this.#files.get(hash) !== undefined) return; // of an earlier unit
    await this.#once(`put ${hash}`, async (client) => {
      const bytes = await readFile(this.#files.pathOf(hash)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
      // A host found it there in the moment before it was removed: the store must have it.
      if (bytes === undefined) return await this.#fetch(hash);
      await client.putBlob(hash, bytes);
      this.#files.add(hash, bytes.length);
    });
  }

  async #get(client: CoordinatorClient, hash: string): Promise<void> {
    const digest = createHash('sha256');
    const aside = `${this.#files.pathOf(hash)}.part`;
    let size = 0;
    const hashed = async function* (chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
      for await (const chunk of chunks) {
        digest.update(chunk);
        size += chunk.length;
        yield chunk;
      }
    };
    await pipeline(Readable.from(hashed(client.getBlob(hash))), createWriteStream(aside, { mode: 0o600 }));
    if (digest.digest('hex') !== hash) {
      await rm(aside);
      throw new OutflowError('agent-failed', `the blob ${hash} arrived damaged`);
    }
    renameSync(aside, this.#files.pathOf(hash));
    this.#files.add(hash, size);
  }

  async read(hash: string): Promise<Uint8Array> {
    this.#files.use(hash);
    try {
      await this.#fetch(hash);
      return await readFile(this.#files.pathOf(hash));
    } finally {
      this.#files.unuse(hash);
    }
  }

  /** One at a time of each. */
  #once(key: string, transfer: (client: CoordinatorClient) => Promise<void>): Promise<void> {
    let transferring = this.#transfers.get(key);
    if (transferring === undefined) {
      transferring = this.#try(transfer).finally(() => this.#transfers.delete(key));
      this.#transfers.set(key, transferring);
    }
    return transferring;
  }

  /** While the coordinator's store is away it is asked again and again: that is no fault of the unit's. */
  async #try(transfer: (client: CoordinatorClient) => Promise<void>): Promise<void> {
    let last: CoordinatorClient | undefined;
    for (let tries = 0, waitMs = 0, giveUpAtMs = 0; ; waitMs = Math.min(waitMs * 2, BACK_OFF.mostMs)) {
      const client = await this.#connected();
      if (client !== last) {
        last = client;
        tries = 0;
        waitMs = BACK_OFF.firstMs;
        giveUpAtMs = performance.now() + LIMITS.databasePatienceMs;
      }
      try {
        return await transfer(client);
      } catch (error) {
        tries += 1;
        if (isUnavailable(error) ? performance.now() > giveUpAtMs : tries >= TRIES) throw error;
        await sleep(waitMs, undefined, { ref: false });
      }
    }
  }
}
