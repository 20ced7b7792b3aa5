// The agent's own directory on this machine's disk, for blobs and the temporary files of units. Removed at its end; that of one that was killed, by the next.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { privateDir } from '../src/system/home.ts';
import { inFirstOf, ownCache, type Place, temporaryPlaces } from '../src/system/places.ts';
import { bootId, processIdentity } from '../src/system/processes.ts';

export interface Scratch {
  directory: string;
  blobDir: string;
  /** For the sockets behind which databases are. */
  tunnelDir: string;
  remove(): void;
}

export function makeScratch(): Scratch {
  const directory = ownDirectory();
  const blobDir = path.join(directory, 'blobs');
  mkdirSync(blobDir, { recursive: true, mode: 0o700 });
  const tunnelDir = path.join(directory, 'pg');
  return { directory, blobDir, tunnelDir, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

const TEMP = 't';
let tempDirs = 0;

/** A new one for one host. Its path is short: sockets in it must not be longer than the kernel allows (107 bytes). */
export function makeTempDir(directory: string): string {
  const made = path.join(directory, TEMP, String(++tempDirs));
  mkdirSync(made, { recursive: true, mode: 0o700 });
  return made;
}

const NONE = {
  what: 'there is no directory for temporary files',
  hint: 'let TMPDIR name a directory of your own that can be written',
};

/** In the first directory for temporary files that takes a file; else in the user's cache. */
function ownDirectory(): string {
  const name = nameOf(process.pid) ?? String(process.pid);
  const cache = ownCache('agents');
  const places = [...temporaryPlaces(), ...(cache ? [cache] : [])].map((place): Place => [...place, `a-${machine()}`]);
  return inFirstOf(places, NONE, (parent) => {
    removeAbandoned(parent);
    const directory = privateDir(path.join(parent, name));
    try {
      writeFileSync(path.join(directory, 'probe'), Buffer.alloc(4096)); // a directory can often be made on a full disk
      rmSync(path.join(directory, 'probe'));
      return directory;
    } catch (error) {
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  });
}

function removeAbandoned(parent: string): void {
  for (const name of readdirSync(parent)) {
    if (nameOf(Number(name.split('.')[0])) !== name) rmSync(path.join(parent, name), { recursive: true, force: true });
  }
}

/** Names the place in which our process numbers mean what they mean: TMPDIR may be shared with other nodes, or other containers. */
function machine(): string {
  let namespace = '';
  try {
    namespace = readlinkSync('/proc/self/ns/pid');
  } catch {
    // Not on Linux.
  }
  return shortHash(`${hostname()} ${bootId()} ${namespace}`);
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

/** Of a live process; undefined for one that has ended. */
function nameOf(pid: number): string | undefined {
  const identity = processIdentity(pid);
  if (identity === null) return undefined;
  return `${pid}.${shortHash(identity.startedAt)}`;
}
