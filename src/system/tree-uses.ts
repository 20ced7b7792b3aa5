// Unpacked trees have an end: those of other versions of the program go when nobody has used them for long, and what a killed
// process has left half-unpacked goes with the next one that unpacks.
//
// A tree's directory has the time of its last use; a server that runs out of one for weeks renews it (`keepTree`). In a home that
// hosts share, that is all they know of each other. On its own host a process looks for programs that run, too.
import { lstatSync, lutimesSync, readlinkSync, renameSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { LIMITS } from '../model/limits.ts';
import { namesIn } from './home.ts';
import { processIdentity, processNumbers } from './processes.ts';

/** With `entries`, for cleaners of temporary directories, which go by the age of each file. */
export function keepTree(target: string, entries: readonly { path: string }[]): void {
  const now = new Date();
  try {
    for (const { path: file } of entries) lutimesSync(path.join(target, file), now, now);
    lutimesSync(target, now, now);
  } catch {
    // It is not there, or read-only by now: then it serves all the same.
  }
}

export function removeUnused(directory: string): void {
  for (const name of namesIn(directory)) {
    if (!/^[a-z]+-[0-9a-f]{16}$/.test(name)) continue;
    const tree = path.join(directory, name);
    const aside = path.join(directory, `.${name}.${hostname()}.${process.pid}.tmp.old`);
    try {
      if (!isOld(tree) || isRunning(tree)) continue;
      renameSync(tree, aside);
      if (isOld(aside)) rmSync(aside, { recursive: true, force: true });
      else renameSync(aside, tree); // it has just been used
    } catch {
      // Another process was faster, or it is not ours to remove.
    }
  }
}

export function removeLeftBehind(directory: string): void {
  for (const name of namesIn(directory)) {
    const [, host, pid] = /^\..+?\.(.+)\.(\d+)\.tmp(?:\.old)?$/.exec(name) ?? [];
    if (host === undefined || pid === undefined) continue;
    const file = path.join(directory, name);
    try {
      const isDead = host === hostname() && processIdentity(Number(pid)) === null;
      if (isDead || Date.now() - lstatSync(file).ctimeMs > LIMITS.leftBehindMs) rmSync(file, { recursive: true, force: true });
    } catch {
      // Another process was faster, or it is not ours to remove.
    }
  }
}

function isOld(tree: string): boolean {
  return Date.now() - lstatSync(tree).mtimeMs > LIMITS.cacheKeepMs;
}

/** As far as this process may see. */
function isRunning(tree: string): boolean {
  return processNumbers().some((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/exe`).startsWith(`${tree}${path.sep}`);
    } catch {
      return false;
    }
  });
}
