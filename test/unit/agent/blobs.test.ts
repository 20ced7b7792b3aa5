// Blobs on an agent's disk: as long as a unit needs them, and a little longer. Over real gRPC.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BlobFiles } from '../../../agent/blob-files.ts';
import { Blobs } from '../../../agent/blobs.ts';
import { encodeBlobRef } from '../../../src/model/values.ts';
import { CoordinatorClient } from '../../../src/rpc/client.ts';
import { type RunningServer, serve } from '../../../src/rpc/server.ts';

const SIZE = 100_000;
const MOST_UNUSED = 2.5 * SIZE;

let directory: string;
let server: RunningServer;
let client: CoordinatorClient;
let blobs: Blobs;
const stored = new Map<string, Uint8Array>();
const asked: string[] = [];

beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'of-'));
  stored.clear();
  asked.length = 0;
  const address = `unix:${path.join(directory, 's')}`;
  server = await serve(
    { unix: address },
    {
      onAgent: () => ({ onMessage: () => {}, onClose: () => {} }),
      async *getBlob(hash) {
        asked.push(hash);
        const bytes = stored.get(hash);
        if (bytes === undefined) throw new Error(`no blob ${hash}`);
        yield bytes;
      },
      putBlob: async (hash, _size, chunks) => {
        const parts: Uint8Array[] = [];
        for await (const chunk of chunks) parts.push(chunk);
        stored.set(hash, Buffer.concat(parts));
      },
      watch: async () => {},
      cancel: async () => {},
    },
  );
  client = new CoordinatorClient({ address });
  mkdirSync(path.join(directory, 'blobs'));
  blobs = new Blobs(new BlobFiles(path.join(directory, 'blobs'), MOST_UNUSED), async () => client);
});
afterEach(async () => {
  client.close();
  await server.close();
  rmSync(directory, { recursive: true });
});

const there = (): string[] => readdirSync(path.join(directory, 'blobs')).sort();
const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

function inStore(text: string): string {
  const padded = text.padEnd(SIZE);
  stored.set(digestOf(padded), Buffer.from(padded));
  return digestOf(padded);
}

/** As a host writes it. */
function written(text: string): string {
  const padded = text.padEnd(SIZE);
  writeFileSync(path.join(directory, 'blobs', digestOf(padded)), padded);
  return digestOf(padded);
}

test('of outputs that were uploaded, the last stay, up to a bound', async () => {
  const hashes = ['a', 'b', 'c', 'd'].map(written);
  for (const hash of hashes) await blobs.upload(hash);
  expect([...stored.keys()]).toEqual(hashes);
  expect(there()).toEqual(hashes.slice(2).sort());
});

test('an output that was removed just now is fetched once with an input that is the same', async () => {
  const hash = inStore('"both"');
  await Promise.all([blobs.hold({}, [hash]), blobs.upload(hash)]);
  expect(asked).toEqual([hash]);
});

test('what a unit needs stays, however much it is, with all that is within', async () => {
  const inner = inStore('"inner"');
  const hashes = [inStore(`[${encodeBlobRef({ hash: inner, size: SIZE })}]`), ...['b', 'c', 'd'].map(inStore)];
  const [one, other] = [{}, {}];
  await Promise.all([blobs.hold(one, hashes), blobs.hold(other, hashes.slice(0, 1))]);
  expect(there()).toEqual([...hashes, inner].sort());
  blobs.release(one);
  expect(there()).toHaveLength(4); // two for the other, and two that nobody needs
  expect(there()).toEqual(expect.arrayContaining([hashes[0], inner]));
  blobs.release(other);
  expect(there()).toHaveLength(2);
  expect(asked).toHaveLength(5); // each once
});

test('a unit that goes while its inputs are fetched leaves no more than others', async () => {
  const hashes = ['a', 'b', 'c', 'd'].map(inStore);
  const unit = {};
  const held = blobs.hold(unit, hashes);
  blobs.release(unit);
  await held;
  expect(there()).toHaveLength(2);
});

test('an output that was removed as its host looked for it is taken from the store, which must have it', async () => {
  const hash = inStore('a');
  await blobs.upload(hash);
  expect(there()).toEqual([hash]);
  await expect(blobs.upload(digestOf('nobody has it'))).rejects.toThrow('no blob');
});

test('an output that was an input, and was needed last, is not uploaded', async () => {
  const hash = inStore('a');
  await blobs.hold({}, [hash]);
  stored.clear();
  await blobs.upload(hash);
  expect(stored.size).toBe(0);
});
