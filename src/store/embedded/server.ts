// The embedded server as everyone else sees it: make sure that it runs, where it is, how it is, stop it.
import { existsSync, renameSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '../../db/errors.ts';
import { OutflowError } from '../../model/errors.ts';
import { LIMITS } from '../../model/limits.ts';
import { withLock } from '../../system/lock.ts';
import { findBinaries } from './binaries.ts';
import { ensureCluster } from './cluster.ts';
import { liveKeeper } from './keeper-file.ts';
import { assertOwnHost, writeOwner } from './owner.ts';
import { DATABASE, makeServerDirs, type ServerPaths, serverPaths, serverUrl } from './paths.ts';
import { livePostmaster } from './postmaster.ts';
import { tryConnect } from './probe.ts';
import { serverUser } from './server-user.ts';
import { startKeeper } from './start-keeper.ts';

export interface ServerOptions {
  /**
   * How long a server that this call starts lives without clients; 0: about a second. A running one keeps what it was started
   * with. Default: `OUTFLOW_DB_IDLE` (seconds), else 10 minutes.
   */
  idleMs?: number;
  signal?: AbortSignal;
}

export interface RunningServer {
  /** Of outflow's own database. No secret in it: the socket's directory and the operating system's user are the credential. */
  url: string;
  pid: number;
  /** True: this call started it. */
  started: boolean;
}

/**
 * Makes sure that the user's embedded server runs. Any number of processes may call it at once, and be killed at any moment.
 * Warm, it costs one connection (about 5 ms); the first start ever takes 1 to 3 s.
 *
 * Errors: `wrong-host`, `database-in-use` (another host's), `disk-full`, `database-full`, `database-failed` (with the end of
 * the server's log), `bad-environment`.
 */
export async function ensureServer(options: ServerOptions = {}): Promise<RunningServer> {
  const { signal } = options;
  const idleMs = options.idleMs ?? idleFromEnvironment();
  const paths = serverPaths();
  const warm = await running(paths);
  if (warm !== null) return warm;

  makeServerDirs(paths);
  const lock = { timeoutMs: LIMITS.startMs, what: 'the start of the database', ...(signal ? { signal } : {}) };
  const end = performance.now() + LIMITS.startMs;
  while (performance.now() < end) {
    const server = await withLock(
      paths.startLock,
      lock,
      async () => (await running(paths)) ?? (await startServer(paths, idleMs)),
    );
    if (server !== 'starting') return server;
    await sleep(POLL_MS, undefined, signal ? { signal } : {});
  }
  throw new OutflowError('database-failed', 'the embedded database did not start in time', {
    hint: `run the command again; the logs are ${paths.keeperLog} and ${paths.postgresLog}`,
  });
}

const POLL_MS = 30;

/** Whether there is a server to try, by its files alone: a good sign, no promise. */
export function seemsToRun(): boolean {
  const paths = serverPaths();
  return existsSync(paths.socket) && liveKeeper(paths) !== null;
}

/** Null unless the server lets us into outflow's database and has a keeper. */
async function running(paths: ServerPaths): Promise<RunningServer | null> {
  if (!existsSync(paths.socket)) return null;
  const client = await connectOwn();
  await client?.end().catch(() => {});
  if (client === null || liveKeeper(paths) === null) return null;
  return { url: serverUrl(), pid: livePostmaster(paths)?.pid ?? 0, started: false };
}

/** Null also when the server runs but has not got outflow's database yet. */
async function connectOwn() {
  try {
    return await tryConnect(DATABASE);
  } catch (error) {
    if (errorCode(error) === '3D000') return null;
    throw error;
  }
}

/**
 * The caller holds the start lock. `starting`: a keeper is at it, whose starter was killed, or whose postgres died; it may need
 * the lock itself.
 */
async function startServer(paths: ServerPaths, idleMs: number): Promise<RunningServer | 'starting'> {
  assertOwnHost(paths);
  const before = livePostmaster(paths);
  if (liveKeeper(paths) === null) {
    if (before === null) await ensureCluster(paths, findBinaries(), serverUser(paths.data));
    // A keeper that was killed while it looked for clients may have left the socket renamed.
    else if (!existsSync(paths.socket) && existsSync(paths.closingSocket)) renameSync(paths.closingSocket, paths.socket);
    await writeOwner(paths);
    await startKeeper(paths, idleMs);
  }
  if (!(await ensureOwnDatabase())) return 'starting';
  const pid = livePostmaster(paths)?.pid ?? 0;
  return { url: serverUrl(), pid, started: pid !== before?.pid };
}

/** False: nobody serves. */
async function ensureOwnDatabase(): Promise<boolean> {
  const client = await tryConnect('postgres');
  if (client === null) return false;
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
    return true;
  } catch (error) {
    // The server was still at it for a starter that was killed.
    if (['42P04', '23505'].includes(errorCode(error) ?? '')) return true;
    throw error;
  } finally {
    await client.end();
  }
}

function idleFromEnvironment(): number {
  const text = process.env['OUTFLOW_DB_IDLE'];
  if (text === undefined || text === '') return LIMITS.databaseIdleMs;
  const seconds = Number(text);
  if (seconds >= 0) return seconds * 1000;
  throw new OutflowError('bad-environment', `OUTFLOW_DB_IDLE is ${JSON.stringify(text)}, not a number of seconds`, {
    hint: 'for example 600, or 0 to stop the database as soon as nobody uses it',
  });
}
