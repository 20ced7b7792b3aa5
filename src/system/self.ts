// How to start this same program again: the built file under this Node, or the single executable by itself.
import path from 'node:path';
import { isSea } from 'node:sea';
import { fileURLToPath } from 'node:url';

export interface SelfCommand {
  command: string;
  args: string[];
}

/**
 * The command that starts this program with `args`: hidden sub-programs (`__coordinator`, `__host`, `__plan-host`, `__keeper`, `__probe`)
 * and `agent`. No secret belongs in `args`: every user of the machine can read them.
 *
 * Run from its sources (tests), the program is the file that `OUTFLOW_SELF` names, by default `dist/outflow.cjs` of the clone.
 */
export function selfCommand(...args: string[]): SelfCommand {
  if (isSea()) return { command: process.execPath, args };
  return { command: process.execPath, args: [...process.execArgv.filter(isWorthKeeping), selfFile(), ...args] };
}

/** Options of Node that a child needs as well to be the same program; a debugger's port would clash. */
function isWorthKeeping(option: string): boolean {
  return option.startsWith('--max-old-space-size') || option === '--enable-source-maps';
}

function selfFile(): string {
  const here = fileURLToPath(import.meta.url);
  if (here.endsWith('.cjs')) return here; // bundled: the build says that import.meta.url is the program itself
  return process.env['OUTFLOW_SELF'] ?? path.resolve(path.dirname(here), '..', '..', 'dist', 'outflow.cjs');
}
