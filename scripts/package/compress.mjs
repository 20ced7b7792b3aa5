// Zstandard at its best, which takes long: what is large is kept, so that making the executable anew takes seconds.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';

const kept = path.join('node_modules', '.cache', 'outflow-package');
const LARGE_BYTES = 4_000_000;
const LEVEL = 19;

/**
 * @param {Buffer} content
 * @returns {Promise<Buffer>}
 */
export async function compressed(content) {
  const digest = createHash('sha256').update(`${LEVEL}`).update(content).digest('hex');
  const file = path.join(kept, `${digest}.zst`);
  if (existsSync(file)) return readFileSync(file);
  const packed = await promisify(zstdCompress)(content, { params: { [constants.ZSTD_c_compressionLevel]: LEVEL } });
  if (content.length < LARGE_BYTES) return packed;
  mkdirSync(kept, { recursive: true });
  writeFileSync(`${file}.${process.pid}`, packed);
  renameSync(`${file}.${process.pid}`, file);
  return packed;
}
