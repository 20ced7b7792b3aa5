// Whether outflow's tables in a database are what this program knows, and bringing them there.
import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import type { Client } from '../db/client.ts';
import { errorCode } from '../db/errors.ts';
import { compareMigrations, halfMigratedError, type Migration, migrate, newerError } from '../db/migrate.ts';
import { sql } from '../db/sql.ts';
import { isOutflowError, OutflowError } from '../model/errors.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { liveRunIds } from './queries/live-run-ids.ts';

const OLDEST_SERVER = 14;
/** What a migration makes is there already, or what it builds on is not. */
const EXISTS_OR_MISSES = new Set('42P07 42P06 42710 42701 42723 42P01 42703 42704 3F000'.split(' '));

const Version = z.object({ version: z.int() });
const Found = z.object({ found: z.boolean() });
const Applied = z.object({ name: z.string(), checksum: z.string() });

/** `absent`: nothing of outflow's is there. `older`: migrations are pending. */
export type SchemaState = 'current' | 'older' | 'absent';

/** Errors: `database-too-old` (the server), `database-newer`, `database-half-migrated`. Writes nothing. */
export async function schemaState(db: CommonQueryMethods, migrations: readonly Migration[] = MIGRATIONS): Promise<SchemaState> {
  const { version } = await db.one(sql.type(Version)`select current_setting('server_version_num')::int4 as version`);
  const major = Math.floor(version / 10_000);
  if (major < OLDEST_SERVER) {
    throw new OutflowError('database-too-old', `the server is PostgreSQL ${major}; outflow needs ${OLDEST_SERVER} or later`, {
      hint: 'name a newer server in OUTFLOW_DATABASE_URL, or unset it for the embedded one',
    });
  }
  const { applied, hasRuns } = await readRecord(db);
  const state = compareMigrations([...applied], migrations);
  if (state.kind === 'newer') throw newerError(state.names, 'migration');
  if (state.kind === 'conflict') throw halfMigratedError(`${state.name} ${state.what}`);
  if (hasRuns !== applied.length > 0) {
    throw halfMigratedError(
      hasRuns ? 'there are tables, but no record of the migrations' : 'migrations are recorded, but tables are missing',
    );
  }
  if (state.kind === 'current') return 'current';
  return applied.length === 0 ? 'absent' : 'older';
}

/** Applies what is pending. A breaking migration refuses while a coordinator holds a run, and names the runs. */
export async function migrateSchema(url: string, migrations: readonly Migration[] = MIGRATIONS): Promise<string[]> {
  try {
    return await migrate(url, { migrations, table: 'migration', beforeBreaking: refuseWhileRunsLive });
  } catch (error) {
    // Our files fail only on tables that are not as the record says.
    if (!isOutflowError(error) || error.code !== 'migration-failed') throw error;
    if (EXISTS_OR_MISSES.has(errorCode(error.cause) ?? '')) throw halfMigratedError(error.message, error);
    throw new OutflowError('database-failed', error.message, { hint: error.hint, cause: error });
  }
}

export function olderError(): OutflowError {
  return new OutflowError('database-half-migrated', "outflow's tables in this database are those of an older outflow", {
    hint: 'the next `outflow run` or `outflow submit` brings them up to date; commands that only read change nothing',
  });
}

async function refuseWhileRunsLive(client: Client): Promise<void> {
  const runs = await liveRunIds(client);
  if (runs.length === 0) return;
  const message = `the tables must change in a way that an older outflow cannot follow, but runs are under way: ${runs.join(', ')}`;
  throw new OutflowError('database-in-use', message, {
    hint: 'wait for them, or cancel them (outflow cancel RUN), then run the command again',
  });
}

/** Reads again when the two do not agree: another process may have made the tables between the queries. */
async function readRecord(db: CommonQueryMethods): Promise<{ applied: readonly z.infer<typeof Applied>[]; hasRuns: boolean }> {
  for (let attempt = 1; ; attempt++) {
    const applied = (await hasTable(db, 'migration'))
      ? await db.any(sql.type(Applied)`select name, checksum from outflow.migration order by name`)
      : [];
    const hasRuns = await hasTable(db, 'run');
    if (hasRuns === applied.length > 0 || attempt === 3) return { applied, hasRuns };
  }
}

async function hasTable(db: CommonQueryMethods, name: string): Promise<boolean> {
  return await db.oneFirst(sql.type(Found)`
    select exists (
      select from pg_class join pg_namespace n on n.oid = relnamespace where nspname = 'outflow' and relname = ${name}
    ) as found`);
}
