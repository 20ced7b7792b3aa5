// Which program this is, to the byte, for those that work with processes of it on other nodes.
import { statSync } from 'node:fs';
import { findEmbedded, isExecutable } from './embedded.ts';

let known: string | undefined;

/**
 * Of the executable: the digest that was put into it when it was made, over all that went in, and its size now: what was cut
 * off or added to differs. Hashing the file itself would take 0.1 to 0.3 s of CPU at each start, and read all of it from a
 * shared file system. Of a clone: the digest of what was built. "": not known (sources, an executable in the making).
 */
export function programHash(): string {
  known ??= isExecutable ? ofExecutable() : ofBuild();
  return known;
}

function ofExecutable(): string {
  const identity = executableIdentity();
  return identity === '' ? '' : `sha256:${identity}+${statSync('/proc/self/exe').size}`;
}

/** "": it is in the making. */
export function executableIdentity(): string {
  return findEmbedded('identity')?.toString() ?? '';
}

function ofBuild(): string {
  return typeof __OUTFLOW_BUILD__ === 'string' ? `build:${__OUTFLOW_BUILD__}` : '';
}

/** For people. */
export function shortened(hash: string): string {
  return hash.replace(/(:[0-9a-f]{12})[0-9a-f]+/, '$1…');
}
