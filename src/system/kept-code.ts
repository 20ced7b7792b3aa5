// Code that V8 has made of a script, in a file for the next process. It only saves time: what cannot be kept is made again.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

export function keptCode(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

/** Whole or not at all. Says whether it is there now. */
export function keepCode(file: string, code: Uint8Array): boolean {
  const aside = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(aside, code, { mode: 0o600 });
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
