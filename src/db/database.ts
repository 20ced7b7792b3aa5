// `context.db`: Slonik's query methods on the pipeline's database, connected at the first use.
import type { CommonQueryMethods, DatabasePool } from 'slonik';
import { LIMITS } from '../model/limits.ts';
import { ensureDatabase } from './ensure-database.ts';
import { errorCode } from './errors.ts';
import { openPool } from './pool.ts';

/**
 * The pipeline's Postgres database, through a Slonik pool. Queries are built with `sql` of `outflow`; rows come back checked
 * by their schema. Rows of `bigint` are numbers, of `timestamptz` and `timestamp` `Date`s.
 *
 * An attempt of a unit may run more than once: write `insert … on conflict do nothing`, or the like.
 */
export type Database = Pick<CommonQueryMethods, QueryMethod> & Pick<DatabasePool, 'connect'>;

const QUERY_METHODS = [
  'any',
  'anyFirst',
  'exists',
  'many',
  'manyFirst',
  'maybeOne',
  'maybeOneFirst',
  'one',
  'oneFirst',
  'query',
  'stream',
  'transaction',
] as const;
type QueryMethod = (typeof QUERY_METHODS)[number];

export interface LazyDatabase extends Database {
  /** Ends the connections, if any were made; the next use would make new ones. */
  close(): Promise<void>;
}

/**
 * A `Database` that asks for its URL and connects when it is first used, with at most
 * `LIMITS.databaseConnectionsPerHost` connections (2). A missing database is created, where the role may.
 * What cannot connect throws a `database-*` error, and the next use tries again; errors of queries are Slonik's own.
 */
export function lazyDatabase(getUrl: () => string | Promise<string>): LazyDatabase {
  let opened: Promise<DatabasePool> | undefined;

  const open = (): Promise<DatabasePool> => {
    opened ??= connect().catch((error) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
  const connect = async (): Promise<DatabasePool> => {
    const url = await getUrl();
    try {
      return await openTaskPool(url);
    } catch (error) {
      if (errorCode(error) !== '3D000') throw error;
      await ensureDatabase(url);
      return await openTaskPool(url);
    }
  };

  const methods = [...QUERY_METHODS, 'connect'] as const;
  const calls = methods.map((method) => {
    const call = async (...args: unknown[]) => {
      const pool = await open();
      return await (pool[method] as (...args: unknown[]) => Promise<unknown>)(...args);
    };
    return [method, call] as const;
  });
  return {
    ...(Object.fromEntries(calls) as unknown as Database),
    close: async () => {
      const pool = await opened?.catch(() => undefined);
      opened = undefined;
      await pool?.end();
    },
  };
}

/** A task's statements have no limit of their own: the unit's timeout and its cancel end them. */
function openTaskPool(url: string): Promise<DatabasePool> {
  return openPool(url, {
    connections: LIMITS.databaseConnectionsPerHost,
    statementTimeoutMs: null,
    idleInTransactionTimeoutMs: null,
    applicationName: 'outflow task',
  });
}
