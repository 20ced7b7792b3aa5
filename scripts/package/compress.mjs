// Zstandard at its best, which takes long for what is large.
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { kept } from './kept.mjs';

const LARGE_BYTES = 4_000_000;
const LEVEL = 22;

/**
 * @param {Buffer} content
 * @returns {Promise<Buffer>}
 */
export async function compressed(content) {
  const pack = () => promisify(zstdCompress)(content, { params: { [constants.ZSTD_c_compressionLevel]: LEVEL } });
  return content.length < LARGE_BYTES ? await pack() : await kept([`zstd ${LEVEL} ${process.version}`, content], pack);
}
