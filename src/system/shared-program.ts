// The program as other nodes start it. A clone is on a file system that they see, or nothing works. The executable may lie anywhere,
// and be replaced at any time: nodes run a copy of it that is named by its content, next to the directories of runs.
import { randomBytes } from 'node:crypto';
import { lstatSync, type Stats, statSync, utimesSync } from 'node:fs';
import { type FileHandle, link, lstat, open, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { isOutflowError, OutflowError } from '../model/errors.ts';
import { LIMITS } from '../model/limits.ts';
import { isExecutable } from './embedded.ts';
import { fileError } from './file-errors.ts';
import { privateDir } from './home.ts';
import { measuredHash, OWN_FILE, programHash } from './program-hash.ts';
import { nodeOptions, ownPath, selfFile } from './self.ts';
import { isRunnable } from './takes.ts';

const CHUNK_BYTES = 4 << 20;
/** A copy that no run has used for so long is removed by the next one that is made. */
const UNUSED_MS = 30 * 24 * 3_600_000;

export class SharedProgram {
  readonly #directory: string;

  /** `directory`: for copies; seen by all nodes. Made when it is needed. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The command that starts it on any node with `args`. */
  command(...args: string[]): string[] {
    return isExecutable ? [this.file, ...args] : [ownPath, ...nodeOptions(), selfFile(), ...args];
  }

  /** Of the executable's copy. */
  get file(): string {
    return path.join(this.#directory, `outflow-${__OUTFLOW_VERSION__}-${programHash().replace('sha256:', '').slice(0, 16)}`);
  }

  /**
   * Puts the copy there, unless it is. A copy that is there is whole: it is written aside, synced, read back and then linked.
   * Errors `disk-full` (quota too), `bad-environment`.
   */
  async share(): Promise<void> {
    if (!isExecutable) return;
    if (!isCopy(statusOf(this.file))) {
      await checkWhole();
      await this.#make();
    }
    checkRunnable(this.file);
    this.touch();
  }

  /** What nodes run. */
  get place(): string {
    return isExecutable ? this.file : selfFile();
  }

  /** It is in use. */
  touch(): void {
    if (isExecutable) touch(this.file);
  }

  /** What nodes ran was not what was put there: it is to be put there again. */
  async discard(): Promise<void> {
    if (isExecutable) await rm(this.file, { force: true });
  }

  async #make(): Promise<void> {
    try {
      privateDir(this.#directory);
      await this.#removeOld();
      await this.#copy();
    } catch (error) {
      throw explained(error, this.#directory);
    }
  }

  async #copy(): Promise<void> {
    const aside = path.join(this.#directory, `.${path.basename(this.file)}.${randomBytes(6).toString('hex')}.tmp`);
    const [source, target] = await Promise.all([open(OWN_FILE, 'r'), open(aside, 'wx+', 0o700)]);
    try {
      await eachChunk(source, (chunk, at) => writeWhole(target, chunk, at));
      await target.sync();
      await target.close();
      if ((await measuredHash(aside)) !== programHash()) throw new Error('what was written does not read back as it was');
      await this.#putInPlace(aside);
    } finally {
      await Promise.all([source.close(), target.close().catch(() => {})]);
      await rm(aside, { force: true });
    }
  }

  /** Another process may have been faster: then its copy stays, as it may be running already. */
  async #putInPlace(aside: string): Promise<void> {
    try {
      await link(aside, this.file);
    } catch {
      // There is one, or the file system has no hard links.
      if (!isCopy(statusOf(this.file))) await rename(aside, this.file);
    }
  }

  async #removeOld(): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      const mostMs = name.startsWith('.outflow-') ? LIMITS.leftBehindMs : name.startsWith('outflow-') ? UNUSED_MS : undefined;
      if (mostMs === undefined) continue;
      const file = path.join(this.#directory, name);
      const found = await lstat(file).catch(() => undefined); // another process was faster
      if (found?.isFile() && Date.now() - found.mtimeMs > mostMs) await rm(file, { force: true });
    }
  }
}

/** The build of a clone is in use (scripts/kept-builds.mjs). */
export function touchBuild(): void {
  if (!isExecutable) touch(path.dirname(selfFile()));
}

function touch(file: string): void {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {
    // Gone, and made again when it is needed; or the clone is another user's.
  }
}

function statusOf(file: string): Stats | undefined {
  return lstatSync(file, { throwIfNoEntry: false });
}

function isCopy(found: Stats | undefined): boolean {
  if (found === undefined) return false;
  const isOurs = found.uid === (process.getuid?.() ?? 0) && (found.mode & 0o122) === 0o100;
  return found.isFile() && isOurs && found.size === sizeOfThis();
}

function sizeOfThis(): number {
  return statSync(OWN_FILE).size;
}

async function eachChunk(source: FileHandle, act: (chunk: Buffer, at: number) => Promise<void>): Promise<void> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let at = 0; ; ) {
    const { bytesRead } = await source.read(buffer, 0, CHUNK_BYTES, at);
    if (bytesRead === 0) return;
    await act(buffer.subarray(0, bytesRead), at);
    at += bytesRead;
  }
}

async function writeWhole(target: FileHandle, chunk: Buffer, at: number): Promise<void> {
  for (let written = 0; written < chunk.length; ) {
    written += (await target.write(chunk, written, chunk.length - written, at + written)).bytesWritten;
  }
}

/** Agents would say of each copy that it is another program. */
async function checkWhole(): Promise<void> {
  if ((await measuredHash(OWN_FILE)) === programHash()) return;
  const message = `${ownPath} is damaged: its bytes are not those that it was made of`;
  throw new OutflowError('bad-environment', message, { hint: 'copy it here anew' });
}

/** A file system that is mounted `noexec` refuses this. */
function checkRunnable(file: string): void {
  if (isRunnable(file)) return;
  throw new OutflowError(
    'bad-environment',
    `programs cannot be run from ${path.dirname(file)}: its file system is mounted noexec`,
    {
      hint: 'point `slurm.sharedDir`, or OUTFLOW_HOME, at a directory that all nodes see and whose file system allows it',
    },
  );
}

function explained(error: unknown, directory: string): OutflowError {
  const { code, message } = isOutflowError(error)
    ? error
    : fileError(error, `cannot copy outflow to ${directory}, for the compute nodes`);
  const megabytes = Math.ceil(sizeOfThis() / 1e6);
  const place = 'point `slurm.sharedDir`, or OUTFLOW_HOME, at a directory of yours that all nodes see';
  const hint = code === 'disk-full' ? `free ${megabytes} MB there (is it a quota?), or ${place}` : place;
  return new OutflowError(code, message, { hint, cause: error });
}
