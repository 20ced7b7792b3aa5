// A single plain connection, for what a pool cannot do: several statements in one string, locks held over statements.
import pg from 'pg';
import { parseDsn } from 'slonik';
import { databaseError } from './errors.ts';
import { tlsOptions } from './tls.ts';
import { normalizeUrl, tunnelledHost } from './url.ts';

export type Client = pg.Client;

/** Connects, runs `work`, and closes the connection again. What cannot connect throws a `database-*` error. */
export async function withClient<T>(url: string, work: (client: Client) => Promise<T>, timeoutMs = 5_000): Promise<T> {
  const client = newClient(url, timeoutMs);
  try {
    await client.connect();
  } catch (error) {
    throw databaseError(error, url);
  }
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

/** A client that is not connected yet; its connection may break without an uncaught error. */
export function newClient(url: string, timeoutMs: number): Client {
  const dsn = parseDsn(normalizeUrl(url));
  const tunnelTo = tunnelledHost(url);
  const bySslMode = dsn.sslMode === 'no-verify' ? { rejectUnauthorized: false } : dsn.sslMode === 'require';
  const client = new pg.Client({
    host: dsn.host,
    port: dsn.port,
    database: dsn.databaseName,
    user: dsn.username,
    password: dsn.password,
    options: dsn.options,
    application_name: 'outflow',
    ssl: tlsOptions(dsn, tunnelTo) ?? bySslMode,
    connectionTimeoutMillis: tunnelTo === undefined ? timeoutMs : 0, // a turn is waited for
  } as pg.ClientConfig);
  client.on('error', () => {});
  return client;
}
