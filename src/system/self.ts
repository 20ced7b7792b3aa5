// How to start this same program again: what this very process runs, though its file has been replaced or removed since.
import { accessSync, constants, existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isExecutable } from './embedded.ts';

export interface SelfCommand {
  command: string;
  args: string[];
  /** What `ps` is to show in place of `command`. */
  argv0: string;
}

/**
 * The command that starts this program with `args`: hidden sub-programs (`__coordinator`, `__host`, `__plan-host`, `__keeper`, `__probe`)
 * and `agent`. No secret belongs in `args`: every user of the machine can read them. It is good on this host, while this
 * process lives; for others see shared-program.ts.
 *
 * Run from its sources (tests), the program is the file that `OUTFLOW_SELF` names, by default `dist/outflow.cjs` of the clone.
 */
export function selfCommand(...args: string[]): SelfCommand {
  const self = { command: ownExecutable(), argv0: ownPath };
  return isExecutable ? { ...self, args } : { ...self, args: [...nodeOptions(), selfFile(), ...args] };
}

/** The file that this process was started from; it may not be there any more. */
export const ownPath: string = process.execPath.replace(/ \(deleted\)$/, '');

/** Options of Node that a child needs as well to be the same program; a debugger's port would clash. */
export function nodeOptions(): string[] {
  return process.execArgv.filter((option) => option.startsWith('--max-old-space-size') || option === '--enable-source-maps');
}

let executable: string | undefined;

/** By the kernel's link, which leads to what runs and to nothing else; where there is none, by its path. */
function ownExecutable(): string {
  if (executable === undefined) {
    const link = `/proc/${process.pid}/exe`;
    try {
      accessSync(link, constants.X_OK);
      executable = link;
    } catch {
      executable = process.execPath;
    }
  }
  return executable;
}

/** `outflow.cjs` of a clone; of this build, though the clone may have been built anew. */
export function selfFile(): string {
  const here = fileURLToPath(import.meta.url);
  if (!here.endsWith('.cjs')) {
    return process.env['OUTFLOW_SELF'] ?? path.resolve(path.dirname(here), '..', '..', 'dist', 'outflow.cjs');
  }
  // Bundled: the build says that import.meta.url is the program itself.
  const kept = keptFile(here, 'outflow.cjs');
  return existsSync(kept) ? kept : here;
}

/** A file of this build, in the copy that no later one replaces (scripts/kept-builds.mjs). */
export function keptFile(program: string, file: string): string {
  return path.join(distOf(program), 'builds', __OUTFLOW_BUILD__, file);
}

/** `dist`: `program` may be in it, or in the copy of one build. */
export function distOf(program: string): string {
  const directory = path.dirname(program);
  const above = path.dirname(directory);
  return path.basename(above) === 'builds' ? path.dirname(above) : directory;
}
