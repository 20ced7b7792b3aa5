// How the embedded server is, and stopping it by hand (`outflow db status`, `outflow db stop`).
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Client } from '../../db/client.ts';
import { errorCode } from '../../db/errors.ts';
import { OutflowError } from '../../model/errors.ts';
import { LIMITS } from '../../model/limits.ts';
import { withLock } from '../../system/lock.ts';
import { waitForExit } from '../../system/processes.ts';
import { liveRunIds } from '../queries/live-run-ids.ts';
import { liveKeeper } from './keeper-file.ts';
import { assertOwnHost, removeOwner } from './owner.ts';
import { DATABASE, type ServerPaths, serverPaths, serverUrl } from './paths.ts';
import { livePostmaster, signal, stopPostmaster } from './postmaster.ts';
import { tryConnect } from './probe.ts';

export interface ServerStatus {
  running: boolean;
  url: string;
  /** Null: not running. */
  pid: number | null;
  keeperPid: number | null;
  /** How long it lives without clients. Null: not known. */
  idleMs: number | null;
  dataDirectory: string;
  logFile: string;
  /** Major version of the data; null before the first start. */
  version: string | null;
  /** Clients but the keeper and this call; null: not running. */
  clients: number | null;
  /** All databases together; null: not running. */
  sizeBytes: number | null;
}

/** Starts nothing. */
export async function serverStatus(): Promise<ServerStatus> {
  const paths = serverPaths();
  const keeper = liveKeeper(paths);
  const client = existsSync(paths.socket) ? await tryConnect('postgres') : null;
  const versionFile = path.join(paths.data, 'PG_VERSION');
  const status: ServerStatus = {
    running: client !== null,
    url: serverUrl(),
    pid: livePostmaster(paths)?.pid ?? null,
    keeperPid: keeper?.pid ?? null,
    idleMs: keeper?.idleMs ?? null,
    dataDirectory: paths.data,
    logFile: paths.postgresLog,
    version: existsSync(versionFile) ? readFileSync(versionFile, 'utf8').trim() : null,
    clients: null,
    sizeBytes: null,
  };
  if (client === null) return status;
  try {
    const { rows } = await client.query(`select
      (select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid())::int as clients,
      (select sum(pg_database_size(oid)) from pg_database)::float8 as bytes`);
    return { ...status, clients: Math.max(0, rows[0].clients - (keeper ? 1 : 0)), sizeBytes: rows[0].bytes };
  } finally {
    await client.end();
  }
}

/**
 * Stops the server; false: it did not run. Refused with `database-in-use`, naming the runs, while a coordinator holds a run's
 * lease, unless `force`: their coordinators then start it again or wait until it is back. With `database-unreachable` where it lives,
 * but lets nobody ask.
 */
export async function stopServer(options: { force?: boolean } = {}): Promise<boolean> {
  const paths = serverPaths();
  if (!existsSync(paths.root)) return false;
  assertOwnHost(paths);
  return await withLock(paths.startLock, { timeoutMs: LIMITS.startMs, what: 'the stop of the database' }, async () => {
    if (!options.force) await refuseWhileRunsLive(paths);
    const keeper = liveKeeper(paths);
    const postmaster = livePostmaster(paths);
    if (keeper) {
      signal(keeper.pid, 'SIGTERM'); // it may be ending already
      await waitForExit(keeper, LIMITS.startMs);
    }
    const left = livePostmaster(paths);
    if (left) await stopPostmaster(left);
    removeOwner(paths);
    return postmaster !== null;
  });
}

async function refuseWhileRunsLive(paths: ServerPaths): Promise<void> {
  let client: Client | null;
  try {
    client = await tryConnect(DATABASE);
  } catch (error) {
    if (errorCode(error) === '3D000') return;
    throw error;
  }
  if (client === null) {
    if (livePostmaster(paths) === null) return;
    throw new OutflowError('database-unreachable', 'the database does not answer, so nobody knows whether runs are under way', {
      hint: 'try again; --force stops it all the same',
    });
  }
  try {
    const runs = await liveRunIds(client);
    if (runs.length === 0) return;
    throw new OutflowError('database-in-use', `${runs.length === 1 ? 'a run is' : 'runs are'} under way: ${runs.join(', ')}`, {
      hint: 'wait for them, or cancel them (outflow cancel RUN); --force stops the database all the same, and they go on when it is back',
    });
  } finally {
    await client.end();
  }
}
