// Opens outflow's own tables: in the Postgres that the environment or the configuration names, else in the embedded server.
import { type Config, loadConfig } from '../src/loader/config.ts';
import { serverUrl } from '../src/store/embedded/paths.ts';
import { ensureServer } from '../src/store/embedded/server.ts';
import { connectStore } from '../src/store/index.ts';
import type { Store } from '../src/store/store.ts';
import { needsConfig } from './database-url.ts';

export interface OpenStore {
  store: Store;
  /** Of the database that holds the tables. */
  url: string;
}

/** `config`: known already; else it is read here, if it matters. Only commands that start a run migrate. */
export async function openStore(options: { migrate?: boolean; config?: Config } = {}): Promise<OpenStore> {
  const config = options.config ?? (needsConfig() ? await loadConfig({ cwd: process.cwd() }) : undefined);
  const named = process.env['OUTFLOW_DATABASE_URL'] || config?.database;
  // The embedded server is started by the store; here only when it is to live for another time than usual.
  if (!named && config?.idleMs !== undefined) await ensureServer({ idleMs: config.idleMs });
  const url = named || serverUrl();
  return { url, store: await connectStore({ url, migrate: options.migrate ?? false }) };
}

/** `OUTFLOW_DATABASE_URL`, else the configuration's `database`; undefined: the embedded server. */
export async function namedDatabase(): Promise<string | undefined> {
  return process.env['OUTFLOW_DATABASE_URL'] || (needsConfig() ? (await loadConfig({ cwd: process.cwd() })).database : undefined);
}

/** Does `work` with the store, which is closed after. */
export async function withStore<T>(work: (store: Store, url: string) => Promise<T>): Promise<T> {
  const { store, url } = await openStore();
  try {
    return await work(store, url);
  } finally {
    await store.close();
  }
}
