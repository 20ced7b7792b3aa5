// Applies numbered SQL files once each, in order, safe when many processes start at once: outflow's own and a pipeline's.
import { createHash } from 'node:crypto';
import { OutflowError } from '../model/errors.ts';
import { type Client, withClient } from './client.ts';
import { databaseError, errorCode, messageOf } from './errors.ts';

export interface Migration {
  /** `0001_runs.sql`: the number gives the order, the name is what is remembered. */
  name: string;
  sql: string;
  /** Where it is, for messages; by default its name. */
  file?: string;
}

export interface MigrateOptions {
  migrations: readonly Migration[];
  /** The table of what was applied, in the schema `outflow`, which is made when missing. */
  table: 'migration' | 'pipeline_migration';
  /** Asked in the transaction of a migration that has a line `-- breaking`; throws to refuse it. */
  beforeBreaking?: (client: Client) => Promise<void>;
}

/** What the database has, against what this program knows. `conflict` tells what cannot be by migrations alone. */
export type MigrationState =
  | { kind: 'current' }
  | { kind: 'pending'; names: string[] }
  | { kind: 'newer'; names: string[] }
  | { kind: 'conflict'; name: string; what: string };

const LOCK = 7_305_811_001; // an arbitrary number that only outflow's migrations use
const LOCK_WAIT = '10min';

/**
 * Applies what is missing, each migration in one transaction of its own, and gives the names of those this call applied.
 * A second process waits for the first (up to 10 min) and then finds nothing to do.
 *
 * Errors: `migration-failed` with file and line and Postgres's words (its transaction is rolled back; earlier ones stay), also
 * for a file that changed after it ran; `database-newer`; `database-*`.
 */
export async function migrate(url: string, options: MigrateOptions): Promise<string[]> {
  return await withClient(url, async (client) => {
    try {
      if ((await readState(client, options)).kind === 'current') return [];
      const applied: string[] = [];
      for (const migration of options.migrations) {
        if (await applyOne(client, migration, options)) applied.push(migration.name);
      }
      return applied;
    } catch (error) {
      throw databaseError(error, url);
    }
  });
}

/** Compares the names and checksums that were applied with those that are known. Writes nothing. */
async function readState(client: Client, options: MigrateOptions): Promise<MigrationState> {
  const applied = (await tableExists(client, options.table))
    ? await client.query(`select name, checksum from outflow.${options.table} order by name`)
    : { rows: [] };
  return compareMigrations(applied.rows, options.migrations);
}

export function compareMigrations(applied: { name: string; checksum: string }[], known: readonly Migration[]): MigrationState {
  const checksums = new Map(applied.map(({ name, checksum }) => [name, checksum]));
  const names = new Set(known.map(({ name }) => name));
  const newer = applied.map(({ name }) => name).filter((name) => !names.has(name));
  if (newer.length > 0) return { kind: 'newer', names: newer };
  const changed = known.find(({ name, sql }) => checksums.has(name) && checksums.get(name) !== checksumOf(sql));
  if (changed) return { kind: 'conflict', name: changed.name, what: 'changed after it ran' };

  const pending = known.filter(({ name }) => !checksums.has(name)).map(({ name }) => name);
  const lastApplied = known.findLast(({ name }) => checksums.has(name));
  if (
    lastApplied &&
    pending[0] !== undefined &&
    known.findIndex(({ name }) => name === pending[0]) < known.indexOf(lastApplied)
  ) {
    return { kind: 'conflict', name: pending[0], what: `comes before ${lastApplied.name}, which ran already` };
  }
  return pending.length > 0 ? { kind: 'pending', names: pending } : { kind: 'current' };
}

/** The same for both kinds of line ends. */
function checksumOf(sql: string): string {
  return createHash('sha256').update(sql.replaceAll('\r\n', '\n')).digest('hex');
}

/** False: it was applied already. */
async function applyOne(client: Client, migration: Migration, options: MigrateOptions): Promise<boolean> {
  await client.query('begin');
  try {
    await client.query(`set local lock_timeout = '${LOCK_WAIT}'`);
    await client.query('select pg_advisory_xact_lock($1)', [LOCK]);
    await makeTable(client, options.table);
    const state = await readState(client, options);
    if (state.kind === 'newer') throw newerError(state.names, options.table);
    if (state.kind === 'conflict') throw conflictError(state, options);
    const isMissing = state.kind === 'pending' && state.names.includes(migration.name);
    if (isMissing) {
      if (/^-- breaking\b/m.test(migration.sql)) await options.beforeBreaking?.(client);
      await run(client, migration);
      await client.query(`insert into outflow.${options.table} (name, checksum) values ($1, $2)`, [
        migration.name,
        checksumOf(migration.sql),
      ]);
    }
    await client.query('commit');
    return isMissing;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

/** Not `create … if not exists`: that asks for the right to create even where there is nothing to create. */
async function makeTable(client: Client, table: string): Promise<void> {
  if (await tableExists(client, table)) return;
  const schema = await client.query(`select from pg_namespace where nspname = 'outflow'`);
  if (schema.rowCount === 0) await client.query('create schema outflow');
  await client.query(`create table outflow.${table} (
    name text primary key,
    checksum text not null,
    applied_at timestamptz not null default now()
  )`);
}

/**
 * Asks the catalog by a query of its own snapshot. `to_regclass` may answer from a cache that has not yet heard of what another
 * process committed while we waited for the lock: of twenty at once, one or two then failed.
 */
async function tableExists(client: Client, table: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `select from pg_class join pg_namespace n on n.oid = relnamespace where nspname = 'outflow' and relname = $1`,
    [table],
  );
  return rowCount === 1;
}

async function run(client: Client, migration: Migration): Promise<void> {
  const transaction = async () => (await client.query('select pg_current_xact_id()::text as id')).rows[0].id as string;
  const before = await transaction();
  try {
    await client.query(migration.sql);
  } catch (error) {
    throw migrationError(migration, error);
  }
  if ((await transaction()) === before) return;
  throw new OutflowError('migration-failed', `${migration.file ?? migration.name} begins or ends transactions of its own`, {
    hint: 'take `begin` and `commit` out of it: each migration is one transaction; check by hand what it left behind',
  });
}

function migrationError(migration: Migration, error: unknown): unknown {
  const code = errorCode(error);
  if (code === undefined || !/^[0-9A-Z]{5}$/.test(code)) return error; // the connection broke
  if (/^(08|53|57)/.test(code)) return error;
  const { position, hint } = error as { position?: string; hint?: string };
  const file = migration.file ?? migration.name;
  const at = position === undefined ? undefined : lineAndColumn(migration.sql, Number(position));
  const where = at ? `${file}:${at}` : file;
  return new OutflowError('migration-failed', `${where}: ${messageOf(error)} (${code})`, {
    hint: hint ?? 'nothing of this file was applied: correct it and run again',
    where,
    cause: error,
  });
}

/** Postgres counts characters (code points) from 1. */
function lineAndColumn(text: string, position: number): string {
  const lines = [...text]
    .slice(0, position - 1)
    .join('')
    .split('\n');
  return `${lines.length}:${[...(lines.at(-1) as string)].length + 1}`;
}

export function newerError(names: string[], table: MigrateOptions['table']): OutflowError {
  if (table === 'migration') {
    return new OutflowError('database-newer', `the database was set up by a newer outflow (it has ${names.join(', ')})`, {
      hint: 'use that version of outflow, or another database',
    });
  }
  return new OutflowError(
    'migration-failed',
    `${names.join(', ')} ran on the pipeline's database, but ${names.length > 1 ? 'are' : 'is'} no longer there`,
    {
      hint: 'bring the file back (another branch?): what ran cannot be taken back by removing it',
    },
  );
}

function conflictError(state: Extract<MigrationState, { kind: 'conflict' }>, options: MigrateOptions): OutflowError {
  const file = options.migrations.find(({ name }) => name === state.name)?.file ?? state.name;
  if (options.table === 'migration') return halfMigratedError(`${state.name} ${state.what}`);
  const hint = 'leave files that ran as they are; put the change into a new file with a higher number';
  return new OutflowError('migration-failed', `the migration ${file} ${state.what}`, { hint, where: file });
}

export function halfMigratedError(what: string, cause?: unknown): OutflowError {
  return new OutflowError('database-half-migrated', `outflow's tables in the database are not whole: ${what}`, {
    hint: 'restore the database, or give outflow a fresh one; it changes nothing there by itself',
    cause,
  });
}
