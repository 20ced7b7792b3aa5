// A mutex between processes that the kernel releases when its holder dies: an exclusive SQLite transaction (a file lock).
import { rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { OutflowError } from '../model/errors.ts';
import { fileError } from './file-errors.ts';

const SQLITE_BUSY = 5;
const POLL_MS = 15;

export interface LockOptions {
  /** How long to wait for the holder. */
  timeoutMs: number;
  signal?: AbortSignal;
  /** What the lock protects, for the error: `the start of the database`. */
  what: string;
}

/**
 * Runs `work` while no other process (nor another call in this one) is inside `withLock` on the same `file`, which is made
 * when missing and stays. Error `bad-environment` when the holder does not let go within `timeoutMs`; the signal's reason.
 */
export async function withLock<T>(file: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const { DatabaseSync } = sqlite();
  options.signal?.throwIfAborted();
  let lock: InstanceType<typeof DatabaseSync>;
  try {
    lock = new DatabaseSync(file, { timeout: 0 });
  } catch (error) {
    throw lockError(file, error);
  }
  try {
    const end = performance.now() + options.timeoutMs;
    // SQLite never waits here, so that the event loop stays free.
    while (!tryLock(lock, file)) {
      if (performance.now() > end) {
        const message = `another outflow process has held ${file} (${options.what}) for more than ${Math.round(options.timeoutMs / 1000)} s`;
        const hint = `see who holds it: fuser ${file}; ending that process frees it`;
        throw new OutflowError('bad-environment', message, { hint });
      }
      await sleep(POLL_MS, undefined, options.signal ? { signal: options.signal } : {});
    }
    return await work();
  } finally {
    lock.close();
  }
}

/**
 * Runs `work` while no other process is inside `oneAtATime` on the same `file`, and blocks this process until then. For work that
 * is only wasteful when it is done twice at once: where there are no locks, or nobody lets go within `timeoutMs`, it is done too.
 */
export function oneAtATime<T>(file: string, timeoutMs: number, work: () => T): T {
  const end = performance.now() + timeoutMs;
  let lock: InstanceType<typeof import('node:sqlite').DatabaseSync> | undefined;
  try {
    lock = new (sqlite().DatabaseSync)(file, { timeout: 0 });
    while (!tryLock(lock, file) && performance.now() < end) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
  } catch {
    // No locks there.
  }
  try {
    return work();
  } finally {
    lock?.close();
  }
}

function tryLock(lock: { exec(statement: string): void }, file: string): boolean {
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return false;
    throw lockError(file, error);
  }
}

/** SQLite does not tell what the file system has against it. */
function lockError(file: string, error: unknown): OutflowError {
  const probe = `${file}.${process.pid}.probe`;
  try {
    writeFileSync(probe, Buffer.alloc(4096), { mode: 0o600 });
  } catch (refused) {
    return fileError(refused, `cannot lock ${file}`);
  } finally {
    rmSync(probe, { force: true });
  }
  return new OutflowError('bad-environment', `cannot lock ${file}: ${(error as Error).message}`, {
    hint: 'its file system may not support locks: point OUTFLOW_HOME at one that does',
    cause: error,
  });
}

/** Loads SQLite when it is first needed, without the warning that early releases of Node 24 print. */
function sqlite(): typeof import('node:sqlite') {
  const emitWarning = process.emitWarning;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}
