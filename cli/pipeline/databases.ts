// The databases that a pipeline's tasks use: those the configuration names, and its own one, with its migrations applied.
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { migratePipeline, pipelineDatabaseName } from '../../src/db/pipeline-database.ts';
import { withDatabase } from '../../src/db/url.ts';

export interface PipelineDatabases {
  /** Directory of the pipeline file; its `migrations/` are the tables of the default database. */
  dir: string;
  /** `databases:` of the configuration. */
  configured: Readonly<Record<string, string>>;
  /** Postgres of outflow's own tables: the default database is beside them. */
  storeUrl: string;
}

/** URLs by name; `default` is always there. */
export function databaseUrls({ dir, configured, storeUrl }: PipelineDatabases): Record<string, string> {
  return { default: withDatabase(storeUrl, pipelineDatabaseName(realpathSync(dir))), ...configured };
}

/** The same, with the default database made and migrated. Errors `migration-failed`, `database-*`. */
export async function prepareDatabases(databases: PipelineDatabases): Promise<Record<string, string>> {
  const urls = databaseUrls(databases);
  await migratePipeline(urls['default'] as string, path.join(databases.dir, 'migrations'));
  return urls;
}
