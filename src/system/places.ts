// Where files may lie that can be made again, or that nobody needs after the next restart: the user's cache and, where that does
// not serve (read-only, full, noexec, nobody's home), private directories among the temporary ones.
import { lstatSync, type Stats, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isOutflowError, type OutflowError } from '../model/errors.ts';
import { fileError, refusedEverywhere } from './file-errors.ts';
import { outflowHome, privateDir, userHome } from './home.ts';

/** An absolute path, and names of directories one in the other below it: all of them private. */
export type Place = readonly [string, ...string[]];

/** In the order in which they are tried; nothing is made. */
export function cachePlaces(name: string): Place[] {
  const temporary = temporaryPlaces().filter(([directory]) => isSafe(path.dirname(directory)));
  const own = ownCache(name);
  return [...(own ? [own] : []), ...temporary.map((place): Place => [...place, 'cache', name])];
}

/** In `OUTFLOW_HOME/cache` when that is set, else `$XDG_CACHE_HOME/outflow`, else `~/.cache/outflow`. Undefined: there is no home. */
export function ownCache(name: string): Place | undefined {
  if (process.env['OUTFLOW_HOME']) return [outflowHome(), 'cache', name];
  const cache = process.env['XDG_CACHE_HOME'];
  if (cache && path.isAbsolute(cache)) return [path.join(cache, 'outflow'), name];
  const home = userHome();
  return home === undefined ? undefined : [path.join(home, '.cache', 'outflow'), name];
}

/** `outflow-UID` in each directory that this machine has for temporary files, `TMPDIR` first. On a disk rather than in memory. */
export function temporaryPlaces(): Place[] {
  const own = `outflow-${process.getuid?.() ?? 0}`;
  const runtime = process.env['XDG_RUNTIME_DIR'];
  const shared = [tmpdir(), '/tmp', '/var/tmp', '/dev/shm'].map((directory) => path.join(directory, own));
  const all = [...shared, ...(runtime ? [path.join(runtime, 'outflow')] : [])];
  return [...new Set(all)].filter((one) => path.isAbsolute(one) && isDirectory(path.dirname(one))).map((one): Place => [one]);
}

/** Makes its directories, or checks them; gives the path. Errors as `privateDir`. */
export function makePlace([first, ...names]: Place): string {
  return names.reduce((directory, name) => privateDir(path.join(directory, name)), privateDir(first));
}

/** Undefined: it is not there, or not private. Changes nothing. */
export function foundPlace([first, ...names]: Place): string | undefined {
  let directory: string = first;
  for (const name of names) {
    if (!isPrivate(directory)) return undefined;
    directory = path.join(directory, name);
  }
  return isPrivate(directory) ? directory : undefined;
}

/**
 * The first place in which `work` succeeds; what the file system refuses there is a reason to try the next. `refusals`: of those before.
 * Error: those of all places in one.
 */
export function inFirstOf<T>(
  places: readonly Place[],
  { what, hint }: { what: string; hint: string },
  work: (directory: string, refusals: readonly OutflowError[]) => T,
): T {
  const refusals: OutflowError[] = [];
  for (const place of places) {
    try {
      return work(makePlace(place), refusals);
    } catch (error) {
      refusals.push(refusalOf(place, error));
    }
  }
  throw refusedEverywhere(what, refusals, hint);
}

/** What the file system, or `makePlace`, refused; anything else is thrown on. */
export function refusalOf(place: Place, error: unknown): OutflowError {
  if (!isOutflowError(error) && typeof (error as NodeJS.ErrnoException).errno !== 'number') throw error;
  return fileError(error, path.join(...place));
}

function isPrivate(directory: string): boolean {
  const found = statusOf(directory, lstatSync);
  return found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
}

function isDirectory(file: string): boolean {
  return statusOf(file, statSync)?.isDirectory() === true;
}

/** Nobody else can put another directory there in the place of ours. */
function isSafe(directory: string): boolean {
  const found = statusOf(directory, statSync);
  if (found === undefined || (found.uid !== 0 && found.uid !== process.getuid?.())) return false;
  return (found.mode & 0o022) === 0 || (found.mode & 0o1000) !== 0;
}

/** Undefined also for what lies where we may not look. */
function statusOf(file: string, look: typeof statSync | typeof lstatSync): Stats | undefined {
  try {
    return look(file, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
