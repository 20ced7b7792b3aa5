// Makes dist/outflow, the whole product in one executable. Runs on Node 20: pkg wants the clone's Node 24.
//
//   node scripts/package.mjs              makes it: `npm run package`
//   node scripts/package.mjs --if-stale   only if it is missing, or was made from other files
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { digestOfPackageInputs, packageStamp } from './build-inputs.mjs';
import { node24, root, toolEnvironment } from './node24.mjs';
import { withSetupLock } from './setup-lock.mjs';

const executable = path.join('dist', 'outflow');

process.chdir(root);
try {
  await run(process.execPath, path.join('scripts', 'setup.mjs'));
  await withSetupLock(make);
} catch (error) {
  console.error(`package: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

/** @param {AbortSignal} signal */
async function make(signal) {
  const digest = digestOfPackageInputs();
  if (process.argv.includes('--if-stale') && existsSync(executable) && stamped() === digest) return;
  rmSync(packageStamp, { force: true });
  await run(node24(), path.join('scripts', 'package', 'make.mjs'), signal);
  writeFileSync(packageStamp, digest);
}

function stamped() {
  return existsSync(packageStamp) ? readFileSync(packageStamp, 'utf8') : '';
}

/**
 * @param {string} program
 * @param {string} script
 * @param {AbortSignal} [interruption]
 * @returns {Promise<void>}
 */
function run(program, script, interruption) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [script], { stdio: 'inherit', env: toolEnvironment() });
    interruption?.addEventListener('abort', () => child.kill('SIGTERM'));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${script} failed (${signal ?? `exit code ${code}`}); its own messages are above`));
    });
  });
}
