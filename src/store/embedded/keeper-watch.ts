// What the keeper does while postgres runs: counts its clients, notices its death, and stops it when nobody uses it.
import { existsSync, renameSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Client } from '../../db/client.ts';
import { withLock } from '../../system/lock.ts';
import { isSameProcess, type ProcessIdentity } from '../../system/processes.ts';
import { removeOwner } from './owner.ts';
import type { ServerPaths } from './paths.ts';
import { isEnding, stopPostmaster } from './postmaster.ts';
import { tryConnect } from './probe.ts';

export interface Watched {
  paths: ServerPaths;
  postmaster: ProcessIdentity;
  /** A connection of the keeper's own, to count the others. */
  client: Client;
  idleMs: number;
  /** Aborted by SIGTERM: stop the server now. */
  told: AbortSignal;
}

export type WatchEnd = 'unused' | 'told to stop' | 'data gone' | 'died';

/** Even with an idle time of 0 the server waits this long for the next client. */
const LEAST_IDLE_MS = 1_000;
/** How long a postgres that lives, but lets nobody in, is left to itself: it may be recovering from the death of a backend. */
const SILENCE_MS = 60_000;
/** Within this time a client that found the socket just before it was renamed has become visible. */
const SLIPPED_IN_MS = 100;

/** Resolves when the server has been stopped, or has died. */
export async function watchServer(watched: Watched): Promise<WatchEnd> {
  const { paths, postmaster, told } = watched;
  const patienceMs = Math.max(watched.idleMs, LEAST_IDLE_MS);
  const pollMs = Math.min(Math.max(patienceMs / 10, 100), 2_000);
  let client: Client | null = watched.client;
  let usedAt = performance.now();
  let heardAt = performance.now();

  for (;;) {
    if (told.aborted) return await stopNow(watched, client, 'told to stop');
    if (!existsSync(paths.data)) return await stopNow(watched, client, 'data gone'); // somebody removed the home
    if (!isSameProcess(postmaster)) return 'died';

    client ??= await tryConnect('postgres').catch(() => null);
    const clients: number | null = client === null ? null : await countClients(client);
    if (clients === null) client = await drop(client);
    else heardAt = performance.now();
    const isUnreachable = performance.now() - heardAt > SILENCE_MS || !existsSync(paths.socket) || isEnding(paths);
    if (isUnreachable) return await stopNow(watched, client, 'died');

    if (clients !== 0) usedAt = performance.now();
    const unused = client !== null && performance.now() - usedAt >= patienceMs;
    if (unused && (await stopIfUnused(watched, client as Client))) return 'unused';
    await sleep(pollMs, undefined, { signal: told }).catch(() => {});
  }
}

/**
 * Stops the server unless a client is there. Under the start lock nobody starts a server; and with its socket renamed nobody
 * finds this one, but must come to that lock: so a client either is seen here, and all stays as it was, or starts anew.
 */
async function stopIfUnused(watched: Watched, client: Client): Promise<boolean> {
  const { paths } = watched;
  const lock = { timeoutMs: 10_000, what: 'the stop of the unused database', signal: watched.told };
  const attempt = withLock(paths.startLock, lock, async () => {
    renameSync(paths.socket, paths.closingSocket);
    await sleep(SLIPPED_IN_MS);
    if ((await countClients(client)) === 0) {
      await stopNow(watched, client, 'unused');
      return true;
    }
    renameSync(paths.closingSocket, paths.socket);
    return false;
  });
  return await attempt.catch(() => false); // the lock is busy: somebody is about to use the server
}

async function stopNow(watched: Watched, client: Client | null, end: WatchEnd): Promise<WatchEnd> {
  await drop(client);
  if ((await stopPostmaster(watched.postmaster)) && end !== 'died') removeOwner(watched.paths);
  return end;
}

const Count = z.object({ clients: z.int() });

/** Clients but ourselves; null when the connection is gone. */
async function countClients(client: Client): Promise<number | null> {
  try {
    const { rows } = await client.query(
      `select count(*)::int as clients from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
    );
    return Count.parse(rows[0]).clients;
  } catch {
    return null;
  }
}

async function drop(client: Client | null): Promise<null> {
  await client?.end().catch(() => {});
  return null;
}
