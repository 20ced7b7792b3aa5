// `npm run package`: makes dist/outflow, the whole product in one executable. Runs on Node 20: pkg wants the clone's Node 24.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { node24, root, toolEnvironment } from './node24.mjs';

process.chdir(root);
for (const [program, script] of [
  [process.execPath, path.join('scripts', 'setup.mjs')],
  [node24(), path.join('scripts', 'package', 'make.mjs')],
]) {
  const { status, error } = spawnSync(program ?? '', [script ?? ''], { stdio: 'inherit', env: toolEnvironment() });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
