// The postgres process itself: whether it lives, what a dead one left behind, how to launch and how to stop it.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { saysFull } from '../../db/errors.ts';
import { OutflowError } from '../../model/errors.ts';
import { type ProcessIdentity, processIdentity, waitForExit } from '../../system/processes.ts';
import type { Binaries } from './binaries.ts';
import { readOwner } from './owner.ts';
import type { ServerPaths } from './paths.ts';
import { asServerUser, type ServerUser } from './server-user.ts';

const FLOCK_BUSY = 75;
const LOG_BYTES = 8 * 1024 * 1024;
const FAST_STOP_MS = 20_000;

/** The live postmaster of our data directory on this host; null for a dead one, a zombie, or a stranger with its pid. */
export function livePostmaster(paths: ServerPaths): ProcessIdentity | null {
  const identity = processIdentity(pidIn(path.join(paths.data, 'postmaster.pid')));
  if (identity === null || process.platform !== 'linux') return identity;
  try {
    return realpathSync(`/proc/${identity.pid}/cwd`) === realpathSync(paths.data) ? identity : null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? identity : null;
  }
}

/** SIGTERM has told it to end with its last client: until then it lets nobody in. Its state is the eighth line of its file. */
export function isEnding(paths: ServerPaths): boolean {
  try {
    return /^stopping/.test(readFileSync(path.join(paths.data, 'postmaster.pid'), 'utf8').split('\n')[7] ?? '');
  } catch {
    return false;
  }
}

/**
 * Waits until nobody holds the data any more (after a SIGKILL of the postmaster its children live on for some 15 ms), then
 * removes lock files that would keep postgres from starting: it asks `kill(pid, 0)`, which a zombie and a stranger with a
 * reused pid answer as well, in a container whose first process reaps nobody for ever. False: who holds the data is a server of our
 * own that has come up meanwhile; its keeper was killed right after its launch.
 * Error `database-in-use` when another host (or a process of another pid namespace) holds the data.
 */
export async function clearAfterDeath(paths: ServerPaths): Promise<boolean> {
  const end = performance.now() + 5_000;
  while (isDataHeld(paths)) {
    if (livePostmaster(paths) !== null) return false;
    if (performance.now() > end) throw heldByAnother(paths);
    await sleep(25);
  }
  for (const file of [path.join(paths.data, 'postmaster.pid'), `${paths.socket}.lock`]) {
    if (answers(pidIn(file))) rmSync(file, { force: true });
  }
  rmSync(paths.closingSocket, { force: true });
  return true;
}

/** Launches postgres as a child, which holds the lock of its data with all its children; resolves with its exit code. */
export function launchPostgres(paths: ServerPaths, binaries: Binaries, user: ServerUser): Promise<number> {
  rotate(paths.postgresLog);
  const log = openSync(paths.postgresLog, 'a', 0o600);
  const flock = flockProgram();
  const plain = [binaries.postgres, '-D', paths.data];
  const held = flock ? [flock, '-n', '-F', '-E', String(FLOCK_BUSY), paths.dataLock, ...plain] : plain;
  const [command, args] = asServerUser(user, held[0] as string, held.slice(1));
  const child = spawn(command, args, {
    stdio: ['ignore', log, log, 'ignore'], // the last: not the pipe that the keeper reports by
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: paths.root, LC_ALL: 'C', ...binaries.env },
  });
  closeSync(log);
  return new Promise((resolve) => {
    child.on('error', () => resolve(-1));
    child.on('exit', (code) => resolve(code ?? -1));
  });
}

/** SIGINT: disconnects the clients, checkpoint, exit; SIGQUIT after 20 s (the next start recovers). True: it is gone. */
export async function stopPostmaster(postmaster: ProcessIdentity): Promise<boolean> {
  if (signal(postmaster.pid, 'SIGINT') && (await waitForExit(postmaster, FAST_STOP_MS))) return true;
  signal(postmaster.pid, 'SIGQUIT');
  return await waitForExit(postmaster, 5_000);
}

/** Why postgres ended, from its exit code and the end of its log. */
export function startError(paths: ServerPaths, code: number): OutflowError {
  if (code === FLOCK_BUSY) return heldByAnother(paths);
  const words = tail(paths.postgresLog);
  if (saysFull(words)) {
    return new OutflowError('database-full', `the embedded database cannot start: no space left on the disk of ${paths.root}`, {
      hint: 'free some space there; its log is beside it',
      cause: new Error(words),
    });
  }
  return new OutflowError('database-failed', `the embedded database did not start (exit code ${code}):\n${words}`, {
    hint: `its log is ${paths.postgresLog}`,
  });
}

function heldByAnother(paths: ServerPaths): OutflowError {
  const host = readOwner(paths)?.host;
  return new OutflowError(
    'database-in-use',
    `outflow's database in ${paths.data} is in use elsewhere${host ? ` (last on the host ${host})` : ''}`,
    {
      hint: `run outflow ${host ? `on ${host}` : 'where it runs'}, or set OUTFLOW_DATABASE_URL`,
    },
  );
}

/** Without flock (macOS) postgres's own check of its shared memory must do. */
function isDataHeld(paths: ServerPaths): boolean {
  const flock = flockProgram();
  if (flock === undefined || !existsSync(paths.dataLock)) return false;
  return spawnSync(flock, ['-n', '-E', String(FLOCK_BUSY), paths.dataLock, 'true'], { timeout: 10_000 }).status === FLOCK_BUSY;
}

function flockProgram(): string | undefined {
  return ['/usr/bin/flock', '/bin/flock', '/usr/local/bin/flock'].find((file) => existsSync(file));
}

/** The number in the first line; 0 when there is none. */
function pidIn(file: string): number {
  try {
    return Math.abs(Number.parseInt(readFileSync(file, 'utf8'), 10)) || 0;
  } catch {
    return 0;
  }
}

function answers(pid: number): boolean {
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** False: there is no such process, or it is not ours. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

function rotate(file: string): void {
  try {
    if (statSync(file).size > LOG_BYTES) renameSync(file, `${file}.1`);
  } catch {
    // There is none yet.
  }
}

/** The last 12 lines. */
function tail(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-12).join('\n');
  } catch {
    return '(no log)';
  }
}
