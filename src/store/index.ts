// Opens outflow's own tables, in the Postgres that is named or in the embedded one.
import type { DatabasePool } from 'slonik';
import { databaseError, isUnreachable } from '../db/errors.ts';
import { openPool } from '../db/pool.ts';
import { LIMITS } from '../model/limits.ts';
import { serverUrl } from './embedded/paths.ts';
import { ensureServer, seemsToRun } from './embedded/server.ts';
import { emptyStore } from './empty-store.ts';
import { postgresStore } from './postgres-store.ts';
import { migrateSchema, olderError, schemaState } from './schema-state.ts';
import type { Store } from './store.ts';

export interface Connected {
  pool: DatabasePool;
  url: string;
}

export interface ConnectOptions {
  /** Default: `OUTFLOW_DATABASE_URL`, else the embedded server, which is started when it does not run. */
  url?: string;
  /** Makes the tables, or brings them up to date. Default false: where there are none, a store without runs is given. */
  migrate?: boolean;
  /** What `connectAhead` gave; if it is to another database it is closed. */
  connected?: Connected | undefined;
}

const OPEN_ATTEMPTS = 3;
const RECOVER_EVERY_MS = 2_000;

/**
 * Errors: `database-unreachable`, `database-full`, `database-failed`; `database-too-old` (PostgreSQL before 14);
 * `database-newer`, `database-half-migrated` (also for tables of an older outflow without `migrate`); `database-in-use` (a
 * breaking migration while runs live); those of `ensureServer`.
 */
export async function connectStore(options: ConnectOptions = {}): Promise<Store> {
  const url = options.url ?? (process.env['OUTFLOW_DATABASE_URL'] || serverUrl());
  try {
    return await openStore(url, options);
  } catch (error) {
    if (url !== serverUrl() || !isUnreachable(error)) throw error;
    // What the embedded server let in as it stopped, or long before, is cut by now.
    return await openStore(url, { ...options, connected: undefined });
  }
}

async function openStore(url: string, { migrate = false, connected }: ConnectOptions): Promise<Store> {
  const opened = await connect(url, connected);
  try {
    const state = await schemaState(opened.pool);
    if (state !== 'current' && migrate) await migrateSchema(opened.url);
    else if (state === 'older') throw olderError();
    else if (state === 'absent') {
      await opened.pool.end();
      return emptyStore();
    }
  } catch (error) {
    await opened.pool.end();
    throw databaseError(error, opened.url);
  }
  return postgresStore({ ...opened, ...(url === serverUrl() ? { recover: restartEmbedded() } : {}) });
}

/** `there`: used if it is to the same database, else closed. */
async function connect(url: string, there: Connected | undefined): Promise<Connected> {
  if (there?.url === url) return there;
  await there?.pool.end();
  return url === serverUrl() ? await openEmbedded() : await connectTo(url);
}

/** For one who will need a store, but not before its tables are known to be there. Undefined: the embedded server does not run. */
export async function connectAhead(url: string): Promise<Connected | undefined> {
  return url === serverUrl() && !seemsToRun() ? undefined : await connectTo(url);
}

/**
 * A server that seems to run is connected to at once. It may be stopping, for want of use, in that very moment: then, or when
 * there is none, it is started, which waits for the stop.
 */
async function openEmbedded(): Promise<Connected> {
  const url = serverUrl();
  for (let attempt = 1; ; attempt++) {
    try {
      if (attempt > 1 || !seemsToRun()) await ensureServer();
      return await connectTo(url);
    } catch (error) {
      if (attempt === OPEN_ATTEMPTS || !isUnreachable(error)) throw error;
    }
  }
}

/** A session of ours that is stopped in the middle of a transaction must not keep the next holder of a run waiting for long. */
async function connectTo(url: string): Promise<Connected> {
  return { url, pool: await openPool(url, { connections: LIMITS.databaseConnections, idleInTransactionTimeoutMs: 10_000 }) };
}

/**
 * At most one at a time, and not more often than every two seconds, for every query of a pool fails when its server does; in
 * between it throws what the last try threw.
 */
function restartEmbedded(): () => Promise<void> {
  let triedAt = Number.NEGATIVE_INFINITY;
  let last: Promise<unknown> | undefined;
  return async () => {
    if (performance.now() - triedAt > RECOVER_EVERY_MS) {
      const attempt = ensureServer();
      triedAt = Number.POSITIVE_INFINITY; // while it goes on
      last = attempt.finally(() => {
        triedAt = performance.now();
      });
    }
    await last;
  };
}
