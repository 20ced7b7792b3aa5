// The program under test: the clone's; in the project `executable`, the single executable in its sealed place.
import { chownSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inject } from 'vitest';

export const projectRoot = path.resolve(import.meta.dirname, '../..');
const clone = path.join(projectRoot, 'dist/outflow.cjs');

/** Where the executable runs; undefined: the clone's program is tested. */
export const sealed = inject('sealed');

export interface Surroundings {
  cwd: string;
  /** Added to what the program finds anyway. */
  env: Record<string, string>;
}

/**
 * The words of the command line that starts the program. Who starts it sets `cwd` and `env`, too: the clone's program takes both
 * from there. Signals reach the program itself.
 */
export function programWords(args: string[], { cwd, env }: Surroundings, program = clone): string[] {
  if (sealed === undefined) return [process.execPath, program, ...args];
  return inSealed(sealed.executable, args, { cwd, env });
}

/** The words that start another command in the sealed place. */
export function inSealed(command: string, args: string[], { cwd, env }: Surroundings): string[] {
  if (sealed === undefined) throw new Error('there is no sealed place in this project');
  const assignments = Object.entries({ ...sealed.env, ...env }).map(([name, value]) => `${name}=${value}`);
  return [...sealed.enter, `--chdir=${cwd}`, ...assignments, command, ...args];
}

/** Short: a Unix socket's path must fit into 107 bytes. The program can write there. */
export function temporaryDirectory(): string {
  return givenToProgram(mkdtempSync(path.join(sealed?.directory ?? tmpdir(), 'of-')));
}

/** Makes a file the program's own, and gives its path back. */
export function givenToProgram(file: string): string {
  if (sealed?.user) chownSync(file, sealed.user.uid, sealed.user.gid);
  return file;
}

/** Does what must be done by the user who runs the program, as connecting to its database. */
export function asItsUser<T>(work: () => T): T {
  if (!sealed?.user) return work();
  process.seteuid?.(sealed.user.uid);
  try {
    return work();
  } finally {
    process.seteuid?.(0);
  }
}
