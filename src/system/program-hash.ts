// Which program this is, to the byte, for those that work with processes of it on other nodes.
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { isExecutable } from './embedded.ts';
import { fileError } from './file-errors.ts';
import { ownPath } from './self.ts';

/** What this process runs, though its file has been replaced or removed since. */
export const OWN_FILE = '/proc/self/exe';

/** The executable's last line: the SHA-256 of all that stands before it (scripts/package/seal.mjs). */
const SEAL = /^sha256:[0-9a-f]{64}\n$/;
const SEAL_BYTES = 72;
const CHUNK_BYTES = 1 << 20;

let known: string | undefined;

/**
 * The hash of the executable as its last line tells it, of a clone that of what was built. "": not known (sources, an executable in
 * the making).
 */
export function programHash(): string {
  known ??= isExecutable ? sealOf(OWN_FILE) : ofBuild();
  return known;
}

/**
 * The same, but of the executable from all its bytes: for an agent, whose file lies on another node's disk, or has come over the
 * network. 0.09 s of CPU where the processor knows SHA, else 0.3 s. Error `bad-environment`: it cannot be read.
 */
export async function measuredProgramHash(): Promise<string> {
  return isExecutable ? await measuredHash(OWN_FILE) : programHash();
}

/** Of an executable's bytes, without its last line. */
export async function measuredHash(file: string): Promise<string> {
  try {
    const handle = await open(file, 'r');
    try {
      return `sha256:${await digestOf(handle, (await handle.stat()).size - SEAL_BYTES)}`;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError(error, `cannot read ${file === OWN_FILE ? ownPath : file}`);
  }
}

/** With one buffer: a stream would take new memory for each part, and half as long again. */
async function digestOf(handle: FileHandle, bytes: number): Promise<string> {
  const digest = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let at = 0; at < bytes; ) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(CHUNK_BYTES, bytes - at), at);
    if (bytesRead === 0) break;
    digest.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return digest.digest('hex');
}

function sealOf(file: string): string {
  try {
    const fd = openSync(file, 'r');
    try {
      const bytes = Buffer.alloc(SEAL_BYTES);
      readSync(fd, bytes, 0, SEAL_BYTES, fstatSync(fd).size - SEAL_BYTES);
      return SEAL.test(bytes.toString('latin1')) ? bytes.toString('latin1').trim() : '';
    } finally {
      closeSync(fd);
    }
  } catch {
    return ''; // who cannot read it cannot copy it either, and says so
  }
}

function ofBuild(): string {
  return typeof __OUTFLOW_BUILD__ === 'string' ? `build:${__OUTFLOW_BUILD__}` : '';
}

/** For people. */
export function shortened(hash: string): string {
  return hash.replace(/(:[0-9a-f]{12})[0-9a-f]+/, '$1…');
}
