// Where outflow's own tables are, as far as it can be said without reading a configuration.
import { findConfigFile } from '../src/loader/find.ts';
import { serverUrl } from '../src/store/embedded/paths.ts';

/** The Postgres that the environment names, else the embedded server's. Undefined: a configuration may name another. */
export function databaseUrl(): string | undefined {
  return needsConfig() ? undefined : process.env['OUTFLOW_DATABASE_URL'] || serverUrl();
}

/** Whether a configuration must be read before it is known where the tables are. */
export function needsConfig(): boolean {
  return !process.env['OUTFLOW_DATABASE_URL'] && findConfigFile(process.cwd()) !== undefined;
}
