// Puts on disk what cannot be used from inside the executable: a tree of programs and libraries, in a directory of the user's
// cache that is named by the tree's content; or in another private directory, where the cache is no place for programs.
//
// A tree is written aside and renamed: a directory that is there is whole, however many processes unpack at once and wherever one
// is killed. What a cleaner of old files has taken from it since is seen by a look at each entry; then it is unpacked anew.
import { closeSync, lstatSync, mkdirSync, openSync, renameSync, rmSync, type Stats, symlinkSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { OutflowError } from '../model/errors.ts';
import { embedded } from './embedded.ts';
import { oneAtATime } from './lock.ts';
import { cachePlaces, foundPlace, inFirstOf, type Place } from './places.ts';
import { checkTakesPrograms, isRunnable, lackOfRoom } from './takes.ts';
import { keepTree, removeLeftBehind, removeUnused } from './tree-uses.ts';

/** What `scripts/package/trees.mjs` says of a tree. */
export interface TreeIndex {
  /** SHA-256 of all that follows. */
  hash: string;
  /** Directories stand before what is in them; files in the order of their contents. */
  entries: TreeEntry[];
}

export type TreeEntry =
  | { kind: 'directory'; path: string }
  | { kind: 'file'; path: string; bytes: number; executable: boolean }
  | { kind: 'link'; path: string; target: string };

/** The contents of all files, one after another. */
type TreeContents = () => Uint8Array;

/** Somebody else who unpacks is waited for; after this time he may have been stopped. */
const WAIT_MS = 60_000;

type TreeName = 'postgres' | 'esbuild' | 'pty';

/**
 * The directory of a tree that the executable has inside, unpacked when it is not there. Errors `bad-environment` and
 * `disk-full`: there is no place for it, with what each that was tried has refused.
 */
export function unpacked(name: TreeName): string {
  return unpackTree(cachePlaces('unpacked'), name, indexOf(name), () => embedded(`${name}.tree`));
}

/** Once in a while by whoever runs a program of that tree for long: nobody takes it away then. */
export function keepUnpacked(name: TreeName): void {
  const index = indexOf(name);
  for (const directory of foundPlaces()) keepTree(path.join(directory, directoryOf(name, index)), index.entries);
}

/** Those of other versions of this program, when nobody has used them for long. */
export function removeUnusedTrees(): void {
  for (const directory of foundPlaces()) removeUnused(directory);
}

function foundPlaces(): string[] {
  return cachePlaces('unpacked')
    .map(foundPlace)
    .filter((directory) => directory !== undefined);
}

function indexOf(name: TreeName): TreeIndex {
  return JSON.parse(embedded(`${name}.index`).toString()) as TreeIndex;
}

function directoryOf(name: string, { hash }: TreeIndex): string {
  return `${name}-${hash.slice(0, 16)}`;
}

/** `places`: where trees may be kept, in the order in which they are tried. */
export function unpackTree(places: readonly Place[], name: string, index: TreeIndex, contents: TreeContents): string {
  const own = directoryOf(name, index);
  for (const place of places) {
    const directory = foundPlace(place);
    if (directory === undefined) continue;
    const target = path.join(directory, own);
    keepTree(target, []); // before the look: who removes unused trees sees it
    if (isWhole(target, index) && canRun(target, index)) return target;
  }
  const megabytes = Math.ceil(bytesOf(index) / 1e6);
  const said = {
    what: `there is no place to unpack ${name} to`,
    hint: `let OUTFLOW_HOME or XDG_CACHE_HOME name a directory of your own from where programs may run, with ${megabytes} MB free`,
  };
  return inFirstOf(places, said, (directory, [refusal]) => {
    checkTakesPrograms(directory);
    const target = oneAtATime(path.join(directory, '.lock'), WAIT_MS, () => unpackIn(directory, own, index, contents));
    if (refusal)
      console.error(`outflow: ${name} is unpacked to ${target}, as its usual place does not serve: ${refusal.message}`);
    return target;
  });
}

function unpackIn(directory: string, own: string, index: TreeIndex, contents: TreeContents): string {
  const target = path.join(directory, own);
  if (isWhole(target, index)) return target; // somebody else was faster
  removeLeftBehind(directory);
  removeUnused(directory);
  const lack = lackOfRoom(directory, { bytes: bytesOf(index), files: index.entries.length });
  if (lack !== undefined) throw new OutflowError('disk-full', `${directory}: ${lack}`);
  const aside = path.join(directory, `.${own}.${hostname()}.${process.pid}.tmp`);
  try {
    write(aside, index, contents());
    putInPlace(aside, target, index);
    return target;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

function bytesOf({ entries }: TreeIndex): number {
  return entries.reduce((sum, entry) => sum + (entry.kind === 'file' ? entry.bytes : 0), 0);
}

/** Its file system may have been mounted otherwise when it was unpacked. */
function canRun(target: string, { entries }: TreeIndex): boolean {
  const program = entries.find((entry) => entry.kind === 'file' && entry.executable);
  return program === undefined || isRunnable(path.join(target, program.path));
}

function isWhole(target: string, { entries }: TreeIndex): boolean {
  return entries.every((entry) => {
    const found = statusOf(path.join(target, entry.path));
    if (entry.kind === 'directory') return found?.isDirectory() === true;
    if (entry.kind === 'link') return found?.isSymbolicLink() === true;
    return found?.isFile() === true && found.size === entry.bytes && (!entry.executable || (found.mode & 0o111) !== 0);
  });
}

function statusOf(file: string): Stats | undefined {
  try {
    return lstatSync(file, { throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}

function write(aside: string, { entries }: TreeIndex, contents: Uint8Array): void {
  rmSync(aside, { recursive: true, force: true });
  mkdirSync(aside, { mode: 0o700 });
  let at = 0;
  for (const entry of entries) {
    const file = path.join(aside, entry.path);
    if (entry.kind === 'directory') mkdirSync(file, { mode: 0o755 });
    else if (entry.kind === 'link') symlinkSync(entry.target, file);
    else {
      writeWhole(file, contents.subarray(at, at + entry.bytes), entry.executable ? 0o755 : 0o644);
      at += entry.bytes;
    }
  }
}

/** Closed before anything may run it. */
function writeWhole(file: string, bytes: Uint8Array, mode: number): void {
  const fd = openSync(file, 'wx', mode);
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
  } finally {
    closeSync(fd);
  }
}

/** Another process may be doing the same: one of them wins, and its tree is as good. */
function putInPlace(aside: string, target: string, index: TreeIndex): void {
  const damaged = `${aside}.old`;
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        renameSync(aside, target);
        return;
      } catch (error) {
        if (isWhole(target, index)) return;
        const { code } = error as NodeJS.ErrnoException;
        if (attempt === 5 || (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOTDIR')) throw error;
      }
      if (statusOf(target) !== undefined) renameSync(target, damaged);
      rmSync(damaged, { recursive: true, force: true });
    }
  } finally {
    rmSync(damaged, { recursive: true, force: true });
  }
}
