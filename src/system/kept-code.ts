// Code that V8 has made of a script, in a file for the next process. It only saves time: what cannot be kept is made again.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** An event of `process`: what has been compiled until now is all that will be. For a process that is ended by force. */
export const KEEP_CODE = Symbol.for('outflow.keep-code'); // a part has another copy of this module than what loads it

/** Stands behind the code in its file. */
const SUM_BYTES = 4;

/** Undefined: there is none, or it is damaged. */
export function keptCode(file: string): Buffer | undefined {
  try {
    const content = readFileSync(file);
    const code = content.subarray(0, -SUM_BYTES);
    return content.readInt32LE(code.length) === sumOf(code) ? code : undefined;
  } catch {
    return undefined;
  }
}

/**
 * V8 takes damaged code for sound, and crashes in it, each time. What is left of a file when a machine goes down has blocks of zeros
 * in it: one word of each 512 bytes tells, in 0.1 ms; a checksum of all of them takes 1 ms, with what must be loaded for it.
 */
function sumOf(code: Uint8Array): number {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  let sum = code.length;
  for (let at = 0; at + 4 <= code.length; at += 512) sum = (Math.imul(sum, 31) + view.getInt32(at, true)) | 0;
  return sum;
}

/** Whole or not at all. Says whether it is there now. */
export function keepCode(file: string, code: Uint8Array): boolean {
  const aside = `${file}.${process.pid}.tmp`;
  try {
    const sum = Buffer.alloc(SUM_BYTES);
    sum.writeInt32LE(sumOf(code));
    writeFileSync(aside, Buffer.concat([code, sum]), { mode: 0o600 });
    renameSync(aside, file);
    return true;
  } catch {
    remove(aside); // half of it, where the disk is full
    return false;
  }
}

function remove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // Read-only: then there is none.
  }
}
