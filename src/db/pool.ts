// Opens Slonik pools the way outflow wants them: rows checked by their schema, plain types, no round trip to reset a connection.
import {
  type ClientConfigurationInput,
  createPool,
  createTypeParserPreset,
  type DatabasePool,
  type DriverTypeParser,
  type Interceptor,
  parseDsn,
  type QueryResultRow,
  SchemaValidationError,
} from 'slonik';
import { LIMITS } from '../model/limits.ts';
import { databaseError } from './errors.ts';
import { tlsOptions } from './tls.ts';
import { normalizeUrl, tunnelledHost } from './url.ts';

export interface PoolOptions {
  /** Most connections; more queries at once wait. Default 4. */
  connections?: number;
  /** After this time the server cuts a statement off. Default 60 s; null: never. */
  statementTimeoutMs?: number | null;
  /** After this time the server ends a session that holds a transaction open and says nothing. Default 60 s; null: never. */
  idleInTransactionTimeoutMs?: number | null;
  /** After this time an unused connection is closed. Default 30 s; through a tunnel `LIMITS.tunnelIdleMs`. */
  idleTimeoutMs?: number;
  /** Shown in `pg_stat_activity`. Default `outflow`. */
  applicationName?: string;
}

/**
 * A pool on `url`, with one connection made, so that a wrong URL is known at once. Errors `database-unreachable`,
 * `database-full`, `database-failed`.
 *
 * A connection that goes back to the pool is not reset (Slonik's default `DISCARD ALL` cost 70 µs a query): use `set local`
 * and `pg_advisory_xact_lock`, never `set`, `listen` or session locks.
 */
export async function openPool(url: string, options: PoolOptions = {}): Promise<DatabasePool> {
  const dsn = new URL(normalizeUrl(url));
  if (!dsn.searchParams.has('application_name')) dsn.searchParams.set('application_name', options.applicationName ?? 'outflow');
  const tunnelTo = tunnelledHost(url);
  const isTunnel = tunnelTo !== undefined;
  const ssl = tlsOptions(parseDsn(dsn.href), tunnelTo) as ClientConfigurationInput['ssl'];
  try {
    const pool = await createPool(dsn.href, {
      maxPoolSize: options.connections ?? 4,
      connectionTimeout: isTunnel ? 'DISABLE_TIMEOUT' : LIMITS.databaseConnectMs, // a turn is waited for
      connectionRetryLimit: 1,
      idleTimeout: options.idleTimeoutMs ?? (isTunnel ? LIMITS.tunnelIdleMs : 30_000),
      statementTimeout: timeout(options.statementTimeoutMs),
      idleInTransactionSessionTimeout: timeout(options.idleInTransactionTimeoutMs),
      resetConnection: async () => {},
      typeParsers: TYPE_PARSERS,
      interceptors: [ROW_PARSER],
      ...(ssl ? { ssl } : {}),
    });
    // A server that dies under an idle connection is no event of its own: the next query says so.
    pool.on('error', () => {});
    return pool;
  } catch (error) {
    throw databaseError(error, url);
  }
}

function timeout(ms: number | null | undefined): number | 'DISABLE_TIMEOUT' {
  return ms === null ? 'DISABLE_TIMEOUT' : (ms ?? 60_000);
}

/** Slonik carries the schema of `sql.type` along but does not apply it; this does. */
const ROW_PARSER: Interceptor = {
  name: 'row-parser',
  transformRow: ({ resultParser }, query, row) => {
    if (!resultParser) return row;
    const result = resultParser['~standard'].validate(row);
    if (result instanceof Promise) throw new TypeError('the schema of a query must not be asynchronous');
    if (result.issues) throw new SchemaValidationError(query, row, result.issues);
    return result.value as QueryResultRow;
  },
};

/** Slonik's own, but: bigint columns as numbers (an unsafe one throws), timestamps as `Date`. Dates stay strings, intervals seconds. */
const TYPE_PARSERS: DriverTypeParser[] = [
  ...createTypeParserPreset().filter(({ name }) => !['int8', 'timestamptz', 'timestamp'].includes(name)),
  { name: 'int8', parse: safeInteger },
  { name: 'timestamptz', parse: (text: string) => new Date(text) },
  { name: 'timestamp', parse: (text: string) => new Date(`${text.replace(' ', 'T')}Z`) },
];

function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`the bigint ${text} does not fit into a number: select it as text`);
  return value;
}
