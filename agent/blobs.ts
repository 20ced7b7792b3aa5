// Large values as files of the agent's scratch directory, each named by its hash: fetched once, uploaded before they are told of.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { OutflowError } from '../src/model/errors.ts';
import { LIMITS } from '../src/model/limits.ts';
import { blobRefs } from '../src/model/values.ts';
import { type CoordinatorClient, isUnavailable } from '../src/rpc/client.ts';

/** Tries on a live connection before a blob is given up that the coordinator has not got, or does not take. */
const TRIES = 5;
const BACK_OFF = { firstMs: 20, mostMs: 1_000 };

export class Blobs {
  readonly directory: string;
  /** A connection, as soon as there is one. */
  readonly #connected: () => Promise<CoordinatorClient>;
  readonly #transfers = new Map<string, Promise<void>>();

  constructor(directory: string, connected: () => Promise<CoordinatorClient>) {
    this.directory = directory;
    this.#connected = connected;
  }

  fileOf(hash: string): string {
    return path.join(this.directory, hash);
  }

  /** Resolves when the blob is there, and those that its text refers to. */
  async fetchDeep(hash: string): Promise<void> {
    await this.fetch(hash);
    const bytes = await readFile(this.fileOf(hash));
    if (!bytes.includes('{"$blob":')) return;
    await Promise.all(blobRefs(bytes.toString('utf8')).map((ref) => this.fetchDeep(ref.hash)));
  }

  /** Resolves when the file is there. */
  fetch(hash: string): Promise<void> {
    return this.#once(`get ${hash}`, async (client) => {
      const digest = createHash('sha256');
      const aside = `${this.fileOf(hash)}.part`;
      const hashed = async function* (chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
        for await (const chunk of chunks) {
          digest.update(chunk);
          yield chunk;
        }
      };
      await pipeline(Readable.from(hashed(client.getBlob(hash))), createWriteStream(aside, { mode: 0o600 }));
      if (digest.digest('hex') !== hash) {
        await rm(aside);
        throw new OutflowError('agent-failed', `the blob ${hash} arrived damaged`);
      }
      await rename(aside, this.fileOf(hash));
    });
  }

  /** Resolves when it is committed. */
  upload(hash: string): Promise<void> {
    return this.#once(`put ${hash}`, async (client) => client.putBlob(hash, await readFile(this.fileOf(hash))));
  }

  async read(hash: string): Promise<Uint8Array> {
    await this.fetch(hash);
    return readFile(this.fileOf(hash));
  }

  #once(key: string, transfer: (client: CoordinatorClient) => Promise<void>): Promise<void> {
    let transferring = this.#transfers.get(key);
    if (transferring === undefined) {
      transferring = this.#try(transfer);
      this.#transfers.set(key, transferring);
      transferring.catch(() => this.#transfers.delete(key)); // the next one who asks tries again
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
