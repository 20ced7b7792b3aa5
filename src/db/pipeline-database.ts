// A pipeline's own database: its name from the project's real path, its tables from the numbered SQL files beside it.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { OutflowError } from '../model/errors.ts';
import { ensureDatabase } from './ensure-database.ts';
import { type Migration, migrate } from './migrate.ts';

/** `p_<slug>_<hash8>`: readable, and of that one directory; two clones share nothing. Give it the real path. */
export function pipelineDatabaseName(realPathOfDirectory: string): string {
  const slug = path
    .basename(realPathOfDirectory)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 40);
  const hash = createHash('sha256').update(realPathOfDirectory).digest('hex').slice(0, 8);
  return `p_${slug || 'pipeline'}_${hash}`;
}

/**
 * Creates the pipeline's database when missing and applies the `*.sql` files of `directory` that have not run there, in the
 * order of their numbers; gives the names of those it applied. No directory, or an empty one: nothing is done.
 *
 * Errors `migration-failed` (a file's name has no number or one used twice; its SQL fails: `where` is file:line:column; it
 * changed after it ran), `database-*`.
 */
export async function migratePipeline(url: string, directory: string): Promise<string[]> {
  const migrations = readMigrations(directory);
  if (migrations.length === 0) return []; // a task that uses the database creates it
  await ensureDatabase(url);
  return await migrate(url, { migrations, table: 'pipeline_migration' });
}

/** The migrations of a directory in their order; none when there is no directory. */
export function readMigrations(directory: string): Migration[] {
  const numbered = sqlFiles(directory).map((name) => {
    const number = /^(\d+)[_.-]/.exec(name)?.[1];
    if (number !== undefined) return { name, number: Number(number) };
    throw new OutflowError('migration-failed', `${path.join(directory, name)} has no number`, {
      hint: `name migrations like 0001_${name}: the number is their order`,
      where: path.join(directory, name),
    });
  });
  numbered.sort((a, b) => a.number - b.number);
  for (const [i, { name, number }] of numbered.entries()) {
    const next = numbered[i + 1];
    if (next?.number !== number) continue;
    throw new OutflowError(
      'migration-failed',
      `${directory} has two migrations with the number ${number}: ${name} and ${next.name}`,
      {
        hint: 'give the newer one a higher number',
      },
    );
  }
  return numbered.map(({ name }) => readMigration(directory, name));
}

function readMigration(directory: string, name: string): Migration {
  const file = path.join(directory, name);
  return { name, file, sql: readFileSync(file, 'utf8').replace(/^\uFEFF/, '') };
}

function sqlFiles(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => name.endsWith('.sql') && !name.startsWith('.'));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    const message = `cannot read the migrations in ${directory}: ${(error as Error).message}`;
    throw new OutflowError('migration-failed', message, { cause: error });
  }
}
