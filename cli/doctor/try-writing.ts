// Whether a directory takes a file of ours.
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileError } from '../../src/system/file-errors.ts';

/** Writes and removes a file. Error `bad-environment`, `disk-full`. */
export function tryWriting(directory: string): void {
  const file = path.join(directory, `.doctor-${process.pid}`);
  try {
    writeFileSync(file, 'outflow doctor', { mode: 0o600 });
  } catch (error) {
    throw fileError(error, `cannot write in ${directory}`);
  } finally {
    rmSync(file, { force: true });
  }
}
