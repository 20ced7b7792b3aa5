// `context.db` and `context.databases`: pools that connect, and load their driver (20 MB), when a task first uses one.
import { OutflowError } from '../../src/model/errors.ts';
import type { Database } from '../../src/sdk/internal.ts';

type Method = (...args: unknown[]) => Promise<unknown>;

/** `onConnectionEnded`: told of each call that ended with its connection, by the time at which the call began. */
export function contextDatabases(
  urls: Readonly<Record<string, string>>,
  onConnectionEnded: (beganAtMs: number) => void,
): () => Readonly<Record<string, Database>> {
  let databases: Readonly<Record<string, Database>> | undefined;
  return () => {
    databases ??= Object.freeze(
      Object.fromEntries(Object.entries(urls).map(([name, url]) => [name, databaseOf(url, onConnectionEnded)])),
    );
    return databases;
  };
}

/** `context.db` of a run that has none. */
export function noDatabase(): never {
  throw new OutflowError('database-unreachable', 'this run has no database for its pipeline', {
    hint: 'see `outflow db status`, or set OUTFLOW_DATABASE_URL',
  });
}

function databaseOf(url: string, onConnectionEnded: (beganAtMs: number) => void): Database {
  let loaded: Promise<Record<string, Method>> | undefined;
  const load = (): Promise<Record<string, Method>> => {
    loaded ??= import('../../src/db/database.ts').then(
      ({ lazyDatabase }) => lazyDatabase(() => url) as unknown as Record<string, Method>,
    );
    return loaded;
  };
  return new Proxy(
    {},
    {
      get(methods: object, name) {
        if (typeof name !== 'string' || name === 'then' || name === 'close') return undefined; // it is no promise, and not the task's to close
        const known = methods as Record<string, Method>;
        known[name] ??= async (...args) => {
          const method = (await load())[name];
          if (typeof method !== 'function') throw new TypeError(`context.db has no method ${name}`);
          const beganAtMs = Date.now();
          try {
            return await method(...args);
          } catch (error) {
            const { isUnreachable } = await import('../../src/db/errors.ts');
            if (isUnreachable(error)) onConnectionEnded(beganAtMs);
            throw error;
          }
        };
        return known[name];
      },
    },
  ) as Database;
}
