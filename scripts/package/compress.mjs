// Zstandard at its best, which takes long for what is large; and memory, 0.7 GB at this level: so one after another.
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { kept } from './kept.mjs';

const LARGE_BYTES = 4_000_000;
const LEVEL = 22;

/** @type {Promise<unknown>} */
let last = Promise.resolve();

/**
 * @param {Buffer} content
 * @returns {Promise<Buffer>}
 */
export function compressed(content) {
  const done = last.then(() =>
    content.length < LARGE_BYTES ? pack(content) : kept([`zstd ${LEVEL} ${process.version}`, content], () => pack(content)),
  );
  last = done.catch(() => {});
  return done;
}

/**
 * @param {Buffer} content
 * @returns {Promise<Buffer>}
 */
function pack(content) {
  const params = { [constants.ZSTD_c_compressionLevel]: LEVEL };
  // Without its size, what is small takes as much memory.
  return promisify(zstdCompress)(content, { params, pledgedSrcSize: content.length });
}
