// One try to connect to the embedded server: it serves, it does not (yet), or it refuses us.
import type { Client } from '../../db/client.ts';
import { newClient } from '../../db/client.ts';
import { databaseError, errorCode, isUnreachable, messageOf } from '../../db/errors.ts';
import { serverUrl } from './paths.ts';

const CONNECT_TIMEOUT_MS = 3_000;

/** Null: nobody listens, or the server is starting, stopping or just gone. Throws when it refuses (also `3D000`: no such database). */
export async function tryConnect(database: string): Promise<Client | null> {
  const url = serverUrl(database);
  const client = newClient(url, CONNECT_TIMEOUT_MS);
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    const code = errorCode(error);
    if (code === 'EACCES' || code === '53300') throw databaseError(error, url);
    if (isUnreachable(error) || /terminated|closed/i.test(messageOf(error))) return null;
    throw databaseError(error, url);
  }
}
