// The keeper: a small detached process that is postgres's parent, starts it again when it dies, and ends with it.
//
// It holds keeper.lock, so there is one. Whoever starts it holds start.lock until it has reported; later it takes that lock
// itself to start postgres again or to stop it, so nobody else does so meanwhile.
import { closeSync, rmSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../../db/client.ts';
import { isOutflowError, OutflowError } from '../../model/errors.ts';
import { isExecutable } from '../../system/embedded.ts';
import { withLock } from '../../system/lock.ts';
import { type ProcessIdentity, processIdentity } from '../../system/processes.ts';
import { keepUnpacked, removeUnusedTrees } from '../../system/unpack.ts';
import { findBinaries } from './binaries.ts';
import { type KeeperReport, writeKeeper } from './keeper-file.ts';
import { watchServer } from './keeper-watch.ts';
import { type ServerPaths, serverPaths } from './paths.ts';
import { clearAfterDeath, isEnding, launchPostgres, livePostmaster, startError, stopPostmaster } from './postmaster.ts';
import { tryConnect } from './probe.ts';
import { serverUser } from './server-user.ts';

const START_MS = 55_000; // recovery after a crash may take a while
const STARTS_PER_MINUTE = 5;
const REPORT_DESCRIPTOR = 3;
const KEEP_PROGRAMS_MS = 6 * 3_600_000;

/**
 * The sub-program `__keeper IDLE_MS`, with a pipe as file descriptor 3 for its one `KeeperReport`. Resolves when the server has
 * been stopped: after `IDLE_MS` without clients, on SIGTERM, or when its data are gone.
 */
export async function runKeeper(argv: string[]): Promise<void> {
  const idleMs = Number(argv[0]);
  const paths = serverPaths();
  const told = new AbortController();
  process.on('SIGHUP', () => {});
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => told.abort());
  try {
    const lock = { timeoutMs: 5_000, what: 'the keeper of the database' };
    await withLock(paths.keeperLock, lock, () => keep(paths, idleMs, told.signal));
  } catch (error) {
    log(`ended: ${error instanceof Error ? error.stack : error}`);
    const failure = isOutflowError(error) ? error : new OutflowError('database-failed', `the database's keeper failed: ${error}`);
    report({ kind: 'failed', error: failure.toJSON() });
    process.exitCode = 1;
  }
}

async function keep(paths: ServerPaths, idleMs: number, told: AbortSignal): Promise<void> {
  const me = processIdentity(process.pid);
  if (me === null) throw new OutflowError('bad-environment', 'a process cannot find itself: is /proc mounted?');
  await writeKeeper(paths, { ...me, idleMs });
  const keeping = keepPrograms();
  try {
    await serve(paths, idleMs, told);
  } finally {
    clearInterval(keeping);
    rmSync(paths.keeperFile, { force: true });
  }
}

/** The server may run for months out of what the executable has unpacked, or a clone has linked aside. */
function keepPrograms(): NodeJS.Timeout {
  if (isExecutable) removeUnusedTrees();
  return setInterval(() => {
    if (!isExecutable) return keepLinks();
    keepUnpacked('postgres');
    removeUnusedTrees();
  }, KEEP_PROGRAMS_MS);
}

function keepLinks(): void {
  try {
    findBinaries();
  } catch {
    // The clone is gone; the server goes on with what it has open.
  }
}

/** Until the server is no longer wanted: starts it, watches it, and starts it again when it died. */
async function serve(paths: ServerPaths, idleMs: number, told: AbortSignal): Promise<void> {
  const starts: number[] = [];
  for (;;) {
    starts.push(performance.now());
    const recent = starts.filter((at) => performance.now() - at < 60_000).length;
    if (recent > STARTS_PER_MINUTE) {
      throw new OutflowError('database-failed', `the embedded database died ${recent - 1} times within a minute`, {
        hint: `its log is ${paths.postgresLog}`,
      });
    }
    const restartLock = { timeoutMs: START_MS, what: 'the restart of the database', signal: told };
    const { postmaster, client } =
      starts.length === 1 ? await start(paths) : await withLock(paths.startLock, restartLock, () => start(paths));
    log(`postgres ${postmaster.pid} serves`);
    report({ kind: 'serving' });
    const end = await watchServer({ paths, postmaster, client, idleMs, told });
    log(`postgres ${postmaster.pid} ended: ${end}`);
    if (end !== 'died') return;
  }
}

/** Starts postgres, or adopts a live one that has lost its keeper; resolves when it lets us in. */
async function start(paths: ServerPaths): Promise<{ postmaster: ProcessIdentity; client: Client }> {
  let exitCode: number | undefined;
  let isLaunched = false;
  const end = performance.now() + START_MS;
  while (performance.now() < end) {
    // The one that is to be adopted may be ending, and wait for its clients.
    const adopted = isLaunched ? null : livePostmaster(paths);
    if (adopted !== null && isEnding(paths)) await stopPostmaster(adopted);
    if (!isLaunched && livePostmaster(paths) === null && (await clearAfterDeath(paths))) {
      isLaunched = true;
      void launchPostgres(paths, findBinaries(), serverUser(paths.data)).then((code) => {
        exitCode = code;
      });
    }
    const client = await tryConnect('postgres');
    const postmaster = livePostmaster(paths);
    if (client !== null && postmaster !== null) return { postmaster, client };
    await client?.end();
    if (exitCode !== undefined) throw startError(paths, exitCode);
    await sleep(10);
  }
  throw startError(paths, exitCode ?? -1);
}

let reported = false;

/** Once; the starter may be gone already. */
function report(message: KeeperReport): void {
  if (reported) return;
  reported = true;
  try {
    writeSync(REPORT_DESCRIPTOR, JSON.stringify(message));
    closeSync(REPORT_DESCRIPTOR);
  } catch {
    // Nobody listens.
  }
}

function log(text: string): void {
  console.error(`${new Date().toISOString()} keeper ${process.pid}: ${text}`); // its file's disk may be full: then it is lost
}
