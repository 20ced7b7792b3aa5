// The single executable, made where it is missing or was made from other files (about a minute).
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

/** Its path. For the set-up of a project's tests: processes that ask at the same time wait for each other. */
export function ensureExecutable(): string {
  const { status, error } = spawnSync(process.execPath, ['scripts/package.mjs', '--if-stale'], { cwd: root, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) throw new Error('the executable could not be made; see above');
  return path.join(root, 'dist', 'outflow');
}
