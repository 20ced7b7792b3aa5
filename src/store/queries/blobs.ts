// Blobs by their SHA-256, in chunks. The row that names a blob comes after its last chunk and after its digest was checked, so
// that what is cut off in the middle is never seen. Whoever uploads removes what came of an upload that failed; where he is killed, or
// Postgres goes away, `removeCutOffUploads` does so some day.
import { createHash } from 'node:crypto';
import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import { isUnreachable } from '../../db/errors.ts';
import { sql } from '../../db/sql.ts';
import { OutflowError } from '../../model/errors.ts';
import { LIMITS } from '../../model/limits.ts';

const Upload = z.object({ upload: z.number() });

export async function hasBlob(db: CommonQueryMethods, sha256: string): Promise<boolean> {
  return await db.exists(sql.typeAlias('void')`select from outflow.blob where sha256 = ${sha256}`);
}

/** A known blob is left alone, and its chunks are not read. Error `internal` when the chunks are not what `sha256` and `size` say. */
export async function putBlob(
  db: CommonQueryMethods,
  sha256: string,
  size: number,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  if (await hasBlob(db, sha256)) return;
  const upload = await db.oneFirst(sql.type(Upload)`select nextval('outflow.blob_upload') as upload`);
  const hash = createHash('sha256');
  let bytes = 0;
  let n = 0;
  let isAsked = false;
  try {
    for await (const chunk of rechunked(chunks, LIMITS.blobChunkBytes)) {
      hash.update(chunk);
      bytes += chunk.length;
      await db.query(sql.typeAlias('void')`
        insert into outflow.blob_chunk (upload, n, bytes) values (${upload}, ${n++}, ${sql.binary(chunk)})`);
    }
    const digest = hash.digest('hex');
    if (digest !== sha256 || bytes !== size) {
      throw new OutflowError('internal', `blob ${sha256} (${size} bytes) came as ${digest} (${bytes} bytes)`);
    }
    isAsked = true;
    // Of one who has slept for a day, the chunks may have been removed.
    const { rowCount } = await db.query(sql.typeAlias('void')`
      insert into outflow.blob (sha256, upload, size)
      select ${sha256}, ${upload}, ${size}::bigint
       where (select count(*) from outflow.blob_chunk where upload = ${upload}) = ${n}
          on conflict do nothing`);
    if (rowCount === 0) {
      await forget(db, upload); // another was faster
      if (!(await hasBlob(db, sha256))) throw new OutflowError('internal', `the upload of blob ${sha256} took more than a day`);
    }
  } catch (error) {
    // The row that names the chunks may be there, or come yet, though its answer did not.
    if (!isAsked || !isUnreachable(error)) await forget(db, upload).catch(() => {});
    throw error;
  }
}

/**
 * Chunks of uploads that began more than a day ago and came to nothing: uploads are numbered in the order in which they begin, and a
 * later one was whole by then. Gives how many chunks they were.
 */
export async function removeCutOffUploads(db: CommonQueryMethods): Promise<number> {
  const { rowCount } = await db.query(sql.typeAlias('void')`
    delete from outflow.blob_chunk as chunk
     where upload < (select max(upload) from outflow.blob where created_at < now() - interval '1 day')
       and not exists (select from outflow.blob where blob.upload = chunk.upload)`);
  return rowCount;
}

async function forget(db: CommonQueryMethods, upload: number): Promise<void> {
  await db.query(sql.typeAlias('void')`delete from outflow.blob_chunk where upload = ${upload}`);
}

const Chunk = z.object({ bytes: z.instanceof(Buffer) });

/** Chunks in order. Error `internal` when there is no such blob, or a chunk of it is missing. */
export async function* getBlob(db: CommonQueryMethods, sha256: string): AsyncGenerator<Uint8Array> {
  const blob = await db.maybeOne(sql.type(Upload.extend({ size: z.number() }))`
    select upload, size from outflow.blob where sha256 = ${sha256}`);
  if (blob === null) throw new OutflowError('internal', `there is no blob ${sha256}`);
  let left = blob.size;
  for (let n = 0; left > 0; n++) {
    const bytes = await db.maybeOneFirst(sql.type(Chunk)`
      select bytes from outflow.blob_chunk where upload = ${blob.upload} and n = ${n}`);
    if (bytes === null) throw new OutflowError('internal', `blob ${sha256} lacks its chunk ${n}`);
    left -= bytes.length;
    yield bytes;
  }
}

/** Chunks of exactly `size` bytes, but for the last, whatever the source's are. */
async function* rechunked(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, size: number): AsyncGenerator<Buffer> {
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  for await (const chunk of chunks) {
    let rest = chunk;
    while (waitingBytes + rest.length >= size) {
      const take = size - waitingBytes;
      yield Buffer.concat([...waiting, rest.subarray(0, take)]);
      rest = rest.subarray(take);
      waiting = [];
      waitingBytes = 0;
    }
    if (rest.length > 0) waiting.push(rest);
    waitingBytes += rest.length;
  }
  if (waitingBytes > 0) yield Buffer.concat(waiting);
}
