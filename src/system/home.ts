// Where outflow keeps its files, and how it makes them private: state root, run directories, sockets, cache.
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, lstatSync, mkdirSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { OutflowError } from '../model/errors.ts';

/** The longest path of a Unix socket, in bytes, without its closing NUL. */
const SOCKET_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

/** The state root: `OUTFLOW_HOME`, else `$XDG_STATE_HOME/outflow`, else `~/.local/state/outflow`. Absolute; not created. */
export function outflowHome(): string {
  const named = process.env['OUTFLOW_HOME'];
  if (named) return path.resolve(named);
  const state = process.env['XDG_STATE_HOME'];
  if (state && path.isAbsolute(state)) return path.join(state, 'outflow');
  return path.join(homedir(), '.local', 'state', 'outflow');
}

/** What can be made again: `OUTFLOW_HOME/cache` when that is set, else `$XDG_CACHE_HOME/outflow`, else `~/.cache/outflow`. Created. */
export function cacheDir(): string {
  if (process.env['OUTFLOW_HOME']) return privateDir(path.join(privateDir(outflowHome()), 'cache'));
  const cache = process.env['XDG_CACHE_HOME'];
  return privateDir(path.join(cache && path.isAbsolute(cache) ? cache : path.join(homedir(), '.cache'), 'outflow'));
}

/** The 0700 directory of a run on this host. Created. */
export function runDir(id: string): string {
  return privateDir(path.join(privateDir(path.join(privateDir(outflowHome()), 'runs')), id));
}

/**
 * Makes `directory` (and its parents) with mode 0700, or checks that it is ours, a real directory, and closed to others;
 * gives its path back. Error `bad-environment` when it belongs to another user or is a symbolic link (somebody may have planted
 * it), or cannot be made; `disk-full` when the disk is.
 */
export function privateDir(directory: string): string {
  const mine = process.getuid?.() ?? 0;
  try {
    makeDirectories(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw fileError(error, `cannot make the directory ${directory}`);
  }
  const found = lstatSync(directory);
  const hint = 'remove it, or set OUTFLOW_HOME to a directory of your own';
  if (!found.isDirectory()) {
    const kind = found.isSymbolicLink() ? 'a symbolic link' : 'not a directory';
    throw new OutflowError('bad-environment', `${directory} is ${kind}; outflow needs a private directory there`, { hint });
  }
  if (found.uid !== mine) {
    throw new OutflowError(
      'bad-environment',
      `${directory} belongs to the user with uid ${found.uid}, not to you (uid ${mine})`,
      { hint },
    );
  }
  if ((found.mode & 0o077) !== 0) chmodSync(directory, 0o700);
  return directory;
}

/** One by one: Node's own `recursive` tries for ever where a file system refuses with ENOENT, as /proc does. */
function makeDirectories(directory: string): void {
  const missing: string[] = [];
  for (let at = path.resolve(directory); !existsSync(at); at = path.dirname(at)) missing.push(at);
  for (const each of missing.reverse()) {
    try {
      mkdirSync(each, { mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another process was faster
    }
  }
}

/**
 * The path of the Unix socket `name` in `directory`; where that would be too long for the kernel, in a private directory
 * `/tmp/outflow-UID-HASH` (created), always the same one for the same `directory`.
 */
export function socketPath(directory: string, name: string): string {
  const wanted = path.join(path.resolve(directory), name);
  if (Buffer.byteLength(wanted) <= SOCKET_PATH_BYTES) return wanted;
  const hash = createHash('sha256').update(path.resolve(directory)).digest('hex').slice(0, 12);
  return path.join(privateDir(path.join('/tmp', `outflow-${process.getuid?.() ?? 0}-${hash}`)), name);
}

/** Writes a 0600 file as a whole: a reader sees the old content or the new, never a part. Errors as `privateDir`. */
export async function writePrivateFile(file: string, data: string | Uint8Array): Promise<void> {
  const aside = `${file}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    const handle = await open(aside, 'wx', 0o600);
    try {
      await handle.writeFile(data);
    } finally {
      await handle.close();
    }
    await rename(aside, file);
  } catch (error) {
    await rm(aside, { force: true });
    throw fileError(error, `cannot write ${file}`);
  }
}

/** An operating error for what the file system refused: `disk-full` for space, quota and inodes, else `bad-environment`. */
export function fileError(error: unknown, what: string): OutflowError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const hint = 'free some space, or point OUTFLOW_HOME at a disk that has some';
    return new OutflowError('disk-full', `${what}: the disk is full (${code})`, { hint, cause: error });
  }
  const hint = 'check the permissions, or point OUTFLOW_HOME at a directory of your own';
  return new OutflowError('bad-environment', `${what}: ${message}`, { hint, cause: error });
}
