// A bundle as it is stored and sent: one byte string, known by its SHA-256. It holds no path of the machine it was made on.
import { createHash } from 'node:crypto';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { OutflowError } from '../model/errors.ts';

const VERSION = 2;

export interface BundleContent {
  /** A script, or one ES module. */
  code: string;
  /** Its source map; the sources are paths from the pipeline's directory, or begin with `outflow`. */
  map: string;
  /** Packages and add-ons that are loaded from the pipeline's directory at run time. */
  externals: string[];
}

/**
 * Compressed, since coordinator, Postgres and agents all handle it: a small pipeline is 480 KB, of which nearly all is zod, and
 * 120 KB compressed, for 4 ms here and 1 ms at each host.
 */
export function encodeBundle(content: BundleContent): Uint8Array {
  return zstdCompressSync(JSON.stringify({ version: VERSION, ...content }));
}

export function decodeBundle(bytes: Uint8Array): BundleContent {
  let content: Partial<BundleContent> & { version?: number };
  try {
    content = JSON.parse(zstdDecompressSync(bytes).toString('utf8'));
  } catch (cause) {
    throw new OutflowError('internal', 'the stored bundle of the pipeline is damaged', { cause });
  }
  if (content.version !== VERSION) {
    const hint = 'use the same version of outflow on all machines of a run';
    const message = `the stored bundle of the pipeline has version ${content.version}; this outflow reads ${VERSION}`;
    throw new OutflowError('internal', message, { hint });
  }
  return content as BundleContent;
}

export function bundleHash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
