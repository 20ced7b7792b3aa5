// A lock between processes that set up the same clone, made of one directory. Runs on Node 20, which has no file locks.
//
// The lock is held while `.setup-lock/` holds a file; the file's name says who holds it: HOST~PID~STARTED.
// - To take it, a directory with that file is prepared aside and renamed into place. The rename fails while a lock
//   with a file is there and succeeds over an empty one, so a lock without an owner never exists.
// - To break the lock of a dead process, *its* file is unlinked by name. However late that comes, it can never take
//   the lock from a newer holder, whose file has another name.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { root } from './node24.mjs';

const lock = path.join(root, '.setup-lock');
const waitMs = 15 * 60_000;

/**
 * Runs `work` while no other process of this clone does. Ctrl-C and its like abort the signal given to `work`; the lock
 * is released when `work` has ended, so its children must be gone by then.
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withSetupLock(work) {
  const me = `${hostname()}~${process.pid}~${startedAt(process.pid) ?? ''}`;
  const interruption = new AbortController();
  const onSignal = () => interruption.abort(new Error('interrupted'));
  for (const name of signals) process.on(name, onSignal);
  try {
    await take(me, interruption.signal);
    return await work(interruption.signal);
  } finally {
    release(me);
    for (const name of signals) process.off(name, onSignal);
  }
}

const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/**
 * @param {string} me
 * @param {AbortSignal} signal
 */
async function take(me, signal) {
  const mine = `${lock}.${me}`; // on another host, or in another container, there may be a process of the same number
  rmSync(mine, { recursive: true, force: true });
  mkdirSync(mine);
  writeFileSync(path.join(mine, me), '');
  const giveUpAt = Date.now() + waitMs;
  let said = false;
  for (;;) {
    try {
      renameSync(mine, lock);
      return;
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST'].includes(codeOf(error))) throw error;
    }
    for (const holder of holders()) {
      if (!isAlive(holder)) release(holder);
      else if (!said) {
        said = true;
        console.log(`setup: waiting for another setup of this clone (${holder.replaceAll('~', ' ').trim()})`);
      }
    }
    if (signal.aborted || Date.now() > giveUpAt) {
      rmSync(mine, { recursive: true, force: true });
      signal.throwIfAborted();
      throw new Error(`another setup has held ${lock} for ${waitMs / 60_000} minutes; if none runs, delete that directory`);
    }
    await setTimeout(100);
  }
}

function holders() {
  try {
    return readdirSync(lock);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** @param {string} holder */
function release(holder) {
  for (const step of [() => unlinkSync(path.join(lock, holder)), () => rmdirSync(lock)]) {
    try {
      step();
    } catch (error) {
      // Somebody else was quicker, or has taken the lock already.
      if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(codeOf(error))) throw error;
    }
  }
}

/**
 * A holder on another host (a shared file system) counts as alive: from here nobody can tell.
 * @param {string} holder
 */
function isAlive(holder) {
  const [host, pidText, started] = holder.split('~');
  const pid = Number(pidText);
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false;
  }
  const now = startedAt(pid);
  return now === undefined || now === started;
}

/**
 * When a process started, so that a reused id is not taken for the process that had it before; of one that has ended, and whose
 * parent does not ask for its end (the first process of a container may never do), that it has. Linux only.
 * @param {number} pid
 */
function startedAt(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The fields after the command, which is in parentheses and may contain anything: the state; the 22nd of all is the start time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return /^[ZX]$/.test(fields[0] ?? '') ? 'ended' : fields[19];
  } catch {
    return undefined;
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
