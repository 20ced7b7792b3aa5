// The agent's own directory on this machine's disk, for blobs and the temporary files of units. Removed at its end; that of one that was killed, by the next.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { privateDir } from '../src/system/home.ts';
import { processIdentity } from '../src/system/processes.ts';

export interface Scratch {
  directory: string;
  blobDir: string;
  remove(): void;
}

export function makeScratch(): Scratch {
  const directory = ownDirectory();
  const blobDir = path.join(directory, 'blobs');
  mkdirSync(blobDir, { recursive: true, mode: 0o700 });
  return { directory, blobDir, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

const TEMP = 't';
let tempDirs = 0;

/** A new one for one host. Its path is short: sockets in it must not be longer than the kernel allows (107 bytes). */
export function makeTempDir(directory: string): string {
  const made = path.join(directory, TEMP, String(++tempDirs));
  mkdirSync(made, { recursive: true, mode: 0o700 });
  return made;
}

function ownDirectory(): string {
  let parent: string;
  try {
    parent = privateDir(path.join(privateDir(path.join(tmpdir(), `outflow-${process.getuid?.() ?? 0}`)), 'agents'));
  } catch {
    return mkdtempSync(path.join(tmpdir(), 'outflow-agent-')); // somebody else has that name
  }
  removeAbandoned(parent);
  return privateDir(path.join(parent, nameOf(process.pid) ?? String(process.pid)));
}

function removeAbandoned(parent: string): void {
  for (const name of readdirSync(parent)) {
    if (nameOf(Number(name.split('.')[0])) !== name) rmSync(path.join(parent, name), { recursive: true, force: true });
  }
}

/** Of a live process; undefined for one that has ended. */
function nameOf(pid: number): string | undefined {
  const identity = processIdentity(pid);
  if (identity === null) return undefined;
  return `${pid}.${createHash('sha256').update(identity.startedAt).digest('hex').slice(0, 8)}`;
}
