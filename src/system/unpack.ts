// Puts on disk what cannot be used from inside the executable: a tree of programs and libraries, in a directory of the user's
// cache that is named by the tree's content.
//
// A tree is written aside and renamed: a directory that is there is whole, however many processes unpack at once and wherever one
// is killed. What a cleaner of old files has taken from it since is seen by a look at each entry; then it is unpacked anew.
import {
  accessSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  type Stats,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { OutflowError } from '../model/errors.ts';
import { embedded } from './embedded.ts';
import { cacheDir, fileError, privateDir } from './home.ts';

/** What `scripts/package/trees.mjs` says of a tree. */
export interface TreeIndex {
  /** SHA-256 of all that follows. */
  hash: string;
  /** Directories stand before what is in them; files in the order of their contents. */
  entries: TreeEntry[];
}

type TreeEntry =
  | { kind: 'directory'; path: string }
  | { kind: 'file'; path: string; bytes: number; executable: boolean }
  | { kind: 'link'; path: string; target: string };

/** The contents of all files, one after another. */
type TreeContents = () => Uint8Array;

/** What a process that was killed while it unpacked has left on another host, or long ago. */
const LEFT_BEHIND_MS = 3_600_000;

/**
 * The directory of a tree that the executable has inside, unpacked when it is not there. Errors `bad-environment` and
 * `disk-full`: it cannot be written, or its programs cannot be run there.
 */
export function unpacked(name: 'postgres' | 'esbuild' | 'pty'): string {
  const index = JSON.parse(embedded(`${name}.index`).toString()) as TreeIndex;
  return unpackTree(path.join(cacheDir(), 'unpacked'), name, index, () => embedded(`${name}.tree`));
}

/** `directory`: where trees are kept; made when it is missing. */
export function unpackTree(directory: string, name: string, index: TreeIndex, contents: TreeContents): string {
  privateDir(directory);
  const target = path.join(directory, `${name}-${index.hash.slice(0, 16)}`);
  if (!isWhole(target, index)) {
    removeLeftBehind(directory);
    const aside = path.join(directory, `.${path.basename(target)}.${hostname()}.${process.pid}.tmp`);
    try {
      write(aside, index, contents());
      putInPlace(aside, target, index);
    } catch (error) {
      throw fileError(error, `cannot unpack ${name} to ${target}`);
    } finally {
      rmSync(aside, { recursive: true, force: true });
    }
  }
  checkRunnable(target, index);
  keepFromCleaners(target);
  return target;
}

function isWhole(target: string, { entries }: TreeIndex): boolean {
  return entries.every((entry) => {
    const found = statusOf(path.join(target, entry.path));
    if (entry.kind === 'directory') return found?.isDirectory() === true;
    if (entry.kind === 'link') return found?.isSymbolicLink() === true;
    return found?.isFile() === true && found.size === entry.bytes;
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

/** A file system that is mounted `noexec` refuses this. */
function checkRunnable(target: string, { entries }: TreeIndex): void {
  const program = entries.find((entry) => entry.kind === 'file' && entry.executable);
  if (program === undefined) return;
  try {
    accessSync(path.join(target, program.path), constants.X_OK);
  } catch (cause) {
    throw new OutflowError('bad-environment', `programs cannot be run from ${target}: its file system is mounted noexec`, {
      hint: 'point OUTFLOW_HOME or XDG_CACHE_HOME at a directory of your own whose file system allows it',
      cause,
    });
  }
}

function keepFromCleaners(target: string): void {
  try {
    utimesSync(target, new Date(), new Date());
  } catch {
    // Read-only by now: it serves all the same.
  }
}

function removeLeftBehind(directory: string): void {
  for (const name of readdirSync(directory)) {
    const [, host, pid] = /^\..+?\.(.+)\.(\d+)\.tmp(?:\.old)?$/.exec(name) ?? [];
    if (host === undefined || pid === undefined) continue;
    const file = path.join(directory, name);
    try {
      const isOurs = host === hostname();
      if (isOurs ? !isAlive(Number(pid)) : Date.now() - lstatSync(file).mtimeMs > LEFT_BEHIND_MS) {
        rmSync(file, { recursive: true, force: true });
      }
    } catch {
      // Another process was faster, or it is not ours to remove.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
