// Where outflow keeps its files, and how it makes them private: state root, run directories, sockets.
import { createHash, randomBytes } from 'node:crypto';
import { accessSync, chmodSync, constants, existsSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { userInfo } from 'node:os';
import path from 'node:path';
import { OutflowError } from '../model/errors.ts';
import { fileError } from './file-errors.ts';

/** The longest path of a Unix socket, in bytes, without its closing NUL. */
const SOCKET_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

/** The state root: `OUTFLOW_HOME`, else `$XDG_STATE_HOME/outflow`, else `~/.local/state/outflow`. Absolute; not created. */
export function outflowHome(): string {
  const named = process.env['OUTFLOW_HOME'];
  if (named) return path.resolve(named);
  const state = process.env['XDG_STATE_HOME'];
  if (state && path.isAbsolute(state)) return path.join(state, 'outflow');
  const home = userHome();
  if (home !== undefined) return path.join(home, '.local', 'state', 'outflow');
  const message = `HOME is not set, and the uid ${process.getuid?.()} has no home on this machine`;
  throw new OutflowError('bad-environment', message, { hint: 'let OUTFLOW_HOME name a directory of your own' });
}

/** `HOME`, else what the system knows of this user. Undefined: nothing. */
export function userHome(): string | undefined {
  const named = process.env['HOME'];
  if (named && path.isAbsolute(named)) return named;
  try {
    return userInfo().homedir;
  } catch {
    return undefined; // a uid without a name
  }
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
  if ((found.mode & 0o077) !== 0) {
    try {
      chmodSync(directory, 0o700);
    } catch (error) {
      throw fileError(error, `cannot close the directory ${directory} to others`);
    }
  }
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

/** Not those that the environment names: all processes of a user must find the same. */
const SHORT_PARENTS = ['/tmp', '/var/tmp', '/dev/shm'];

/**
 * The path of the Unix socket `name` in `directory`; where that would be too long for the kernel, in a private directory
 * `/tmp/outflow-UID-HASH` (created), always the same one for the same `directory`. In /var/tmp or /dev/shm where /tmp cannot be written.
 */
export function socketPath(directory: string, name: string): string {
  const wanted = path.join(path.resolve(directory), name);
  if (Buffer.byteLength(wanted) <= SOCKET_PATH_BYTES) return wanted;
  const hash = createHash('sha256').update(path.resolve(directory)).digest('hex').slice(0, 12);
  return path.join(shortDirectory(`outflow-${process.getuid?.() ?? 0}-${hash}`), name);
}

function shortDirectory(name: string): string {
  let refused: unknown;
  for (const parent of SHORT_PARENTS) {
    try {
      const directory = privateDir(path.join(parent, name));
      accessSync(directory, constants.W_OK); // a read-only file system refuses it
      return directory;
    } catch (error) {
      refused ??= fileError(error, `cannot make a socket in ${path.join(parent, name)}`);
    }
  }
  throw refused;
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

/** What is in the directory; nothing where it is not there or cannot be read. */
export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
