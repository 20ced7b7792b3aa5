// What the single executable has inside itself; in a clone the same things lie in dist/ and node_modules.
import { getRawAsset, isSea } from 'node:sea';

/** Whether this program is the single executable. */
export const isExecutable: boolean = isSea();

/** Part of the path of every file of the program that stack frames name: nothing can lie there, below a file. */
export const insideExecutable = process.execPath;

/** A file that `scripts/package` has put in; undefined: there is none of that name. */
export function findEmbedded(name: string): Buffer | undefined {
  let packed: ArrayBuffer;
  try {
    packed = getRawAsset(`${name}.zst`) as ArrayBuffer; // not a copy
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SINGLE_EXECUTABLE_APPLICATION_ASSET_NOT_FOUND') return undefined;
    throw error;
  }
  // Loaded when it is needed: from a clone it never is.
  return process.getBuiltinModule('node:zlib').zstdDecompressSync(new Uint8Array(packed));
}

export function embedded(name: string): Buffer {
  const found = findEmbedded(name);
  if (found === undefined) throw new Error(`the executable has no ${name} inside`);
  return found;
}
