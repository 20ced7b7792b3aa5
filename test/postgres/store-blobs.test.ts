// Blobs are whole or not there; the same content is stored once.
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { withClient } from '../../src/db/client.ts';
import { dialOf } from '../../src/db/url.ts';
import { connectStore } from '../../src/store/index.ts';
import { collect, testStore } from '../support/postgres.ts';

const opened = testStore();
const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const read = async (sha256: string) => Buffer.concat(await collect(opened.store.getBlob(sha256)));
const orphans = () =>
  withClient(opened.url, async (client) => {
    const { rows } = await client.query(
      'select count(*)::int as n from outflow.blob_chunk where upload not in (select upload from outflow.blob)',
    );
    return rows[0].n as number;
  });

test('a blob comes back in order, in chunks of at most 1 MiB, whatever chunks it came in', async () => {
  const bytes = randomBytes(3_500_000);
  const chunks = [
    bytes.subarray(0, 1),
    bytes.subarray(1, 2_500_000),
    bytes.subarray(2_500_000, 2_500_007),
    bytes.subarray(2_500_007),
  ];
  await opened.store.putBlob(digestOf(bytes), bytes.length, chunks);
  const back = await collect(opened.store.getBlob(digestOf(bytes)));
  expect(back.map(({ length }) => length)).toEqual([1_048_576, 1_048_576, 1_048_576, 3_500_000 - 3 * 1_048_576]);
  expect(Buffer.concat(back).equals(bytes)).toBe(true);
});

test('an empty blob is one too', async () => {
  const empty = new Uint8Array(0);
  await opened.store.putBlob(digestOf(empty), 0, []);
  expect(await opened.store.hasBlob(digestOf(empty))).toBe(true);
  expect(await read(digestOf(empty))).toHaveLength(0);
});

test('of many uploads of one content at once, one is kept', async () => {
  const bytes = randomBytes(1_200_000);
  await Promise.all(Array.from({ length: 6 }, () => opened.store.putBlob(digestOf(bytes), bytes.length, [bytes])));
  expect((await read(digestOf(bytes))).equals(bytes)).toBe(true);
  expect(await orphans()).toBe(0);
});

test('chunks that are not what they should be are refused, and leave no trace', async () => {
  const bytes = randomBytes(10);
  const sha256 = digestOf(bytes);
  await expect(opened.store.putBlob(sha256, 10, [randomBytes(10)])).rejects.toMatchObject({ code: 'internal' });
  await expect(opened.store.putBlob(sha256, 11, [bytes])).rejects.toMatchObject({ code: 'internal' });
  const broken = async function* () {
    yield bytes;
    throw new Error('the sender went away');
  };
  await expect(opened.store.putBlob(sha256, 10, broken())).rejects.toThrow();
  expect(await opened.store.hasBlob(sha256)).toBe(false);
  await expect(read(sha256)).rejects.toMatchObject({ code: 'internal' });
  expect(await orphans()).toBe(0);
});

test('a blob stays whole whose uploader did not hear that it was stored', async () => {
  const bytes = randomBytes(2_500_000);
  const sha256 = digestOf(bytes);
  const store = await connectStore({ url: await unheard('insert into outflow.blob (') });
  await expect(store.putBlob(sha256, bytes.length, [bytes])).rejects.toMatchObject({ code: 'database-unreachable' });
  await store.putBlob(sha256, bytes.length, [bytes]);
  await store.close();
  expect((await read(sha256)).equals(bytes)).toBe(true);
});

test('what an uploader that was killed has left is removed after a day, and nothing else', async () => {
  const [old, whole, young] = [randomBytes(2_500_000), randomBytes(2_500_000), randomBytes(2_500_000)];
  await cutOff(old);
  await opened.store.putBlob(digestOf(whole), whole.length, [whole]);
  expect(await opened.store.removeCutOffUploads()).toBe(0); // it may be under way
  expect(await orphans()).toBe(2);

  await withClient(opened.url, (client) => client.query(`update outflow.blob set created_at = now() - interval '25 hours'`));
  await cutOff(young);
  expect(await opened.store.removeCutOffUploads()).toBe(2);
  expect(await orphans()).toBe(2); // of the younger one
  expect((await read(digestOf(whole))).equals(whole)).toBe(true);
});

test('an upload whose first chunks were removed meanwhile is refused', async () => {
  const bytes = randomBytes(2_500_000);
  const slow = async function* () {
    yield bytes.subarray(0, 2_000_000);
    await withClient(opened.url, (client) =>
      client.query('delete from outflow.blob_chunk where upload not in (select upload from outflow.blob)'),
    );
    yield bytes.subarray(2_000_000);
  };
  await expect(opened.store.putBlob(digestOf(bytes), bytes.length, slow())).rejects.toMatchObject({ code: 'internal' });
  expect(await opened.store.hasBlob(digestOf(bytes))).toBe(false);
  expect(await orphans()).toBe(0);
});

/** All but the last chunk of it arrive; then the connections break, and the uploader cannot clean up any more. */
async function cutOff(bytes: Buffer): Promise<void> {
  const store = await connectStore({ url: opened.url });
  const broken = async function* () {
    yield bytes;
    await store.close();
    throw new Error('the coordinator was killed');
  };
  await expect(store.putBlob(digestOf(bytes), bytes.length, broken())).rejects.toThrow();
}

/** The URL of a way to the database whose connection breaks, once, as the answer to `statement` comes: the server has done it by then. */
async function unheard(statement: string): Promise<string> {
  const directory = mkdtempSync(path.join(tmpdir(), 'of-'));
  const url = new URL(opened.url);
  url.hostname = encodeURIComponent(directory);
  let cuts = 1;
  const server = createServer((near) => {
    const far = connect(dialOf(opened.url) as { path: string });
    let isAsked = false;
    near.on('data', (data) => {
      isAsked ||= cuts > 0 && data.includes(statement);
      far.write(data);
    });
    far.on('data', (data) => {
      if (!isAsked) return near.write(data);
      cuts = 0;
      return near.destroy();
    });
    near.on('error', () => {}).on('close', () => far.destroy());
    far.on('error', () => {}).on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen((dialOf(url.href) as { path: string }).path, resolve));
  onTestFinished(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });
  return url.href;
}
