// Whether a directory takes a file of ours.
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { OutflowError } from '../../src/model/errors.ts';

/** Writes and removes a file. Error `bad-environment`, `disk-full`. */
export function tryWriting(directory: string): void {
  const file = path.join(directory, `.doctor-${process.pid}`);
  try {
    writeFileSync(file, 'outflow doctor', { mode: 0o600 });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isFull = code === 'ENOSPC' || code === 'EDQUOT';
    throw new OutflowError(isFull ? 'disk-full' : 'bad-environment', `cannot write in ${directory}: ${message}`, {
      hint: isFull ? 'free some space, or name another directory' : 'check its permissions, or name a directory of your own',
      cause: error,
    });
  } finally {
    rmSync(file, { force: true });
  }
}
