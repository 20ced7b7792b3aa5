// Makes a clone ready: dependencies, build, and the `outflow` command for npx. Runs on Node 20, without any dependency.
//
//   node scripts/setup.mjs           does what is missing or stale; a second run does nothing, in well under a second
//   node scripts/setup.mjs --build   builds in any case
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildStamp, digestOfBuildInputs, digestOfFile } from './build-inputs.mjs';
import { node24, root } from './node24.mjs';
import { withSetupLock } from './setup-lock.mjs';

process.chdir(root);
try {
  await withSetupLock(async (signal) => {
    await installDependencies(signal);
    linkCommand();
    await build(process.argv.includes('--build'), signal);
  });
} catch (error) {
  console.error(`setup: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}

/** @param {AbortSignal} signal */
async function installDependencies(signal) {
  const stamp = path.join('node_modules', '.outflow-lock-digest');
  const digest = digestOfFile('package-lock.json');
  if (readOr(stamp, '') === digest) return;
  if (!isInstalled()) {
    console.log('setup: installing dependencies (npm ci, no install scripts)');
    const startedAt = Date.now();
    // The npm of the machine on the Node of the machine: it is going to replace the ones in node_modules.
    const own = path.join(root, 'node_modules') + path.sep;
    const PATH = (process.env.PATH ?? '').split(path.delimiter).filter((entry) => !`${entry}${path.sep}`.startsWith(own));
    const env = { ...process.env, PATH: PATH.join(path.delimiter) };
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], env, signal);
    console.log(`setup: installed in ${secondsSince(startedAt)}`);
  }
  writeFileSync(stamp, digest);
}

/**
 * Whether node_modules holds what the lock file asks for, by npm's own record of what it installed there.
 * So a developer's `npm install` is not followed by a needless second installation.
 */
function isInstalled() {
  const packagesOf = (/** @type {string} */ file) => {
    /** @type {Record<string, { version?: string, integrity?: string, optional?: boolean }>} */
    const packages = JSON.parse(readOr(file, '{}')).packages ?? {};
    return packages;
  };
  const installed = packagesOf(path.join('node_modules', '.package-lock.json'));
  return (
    Object.entries(packagesOf('package-lock.json')).every(([name, wanted]) => {
      if (name === '') return true;
      const found = installed[name];
      // Absent optional packages are those for other platforms.
      return found ? found.version === wanted.version && found.integrity === wanted.integrity : wanted.optional === true;
    }) && Object.keys(installed).length > 0
  );
}

/**
 * @param {boolean} force
 * @param {AbortSignal} signal
 */
async function build(force, signal) {
  const digest = digestOfBuildInputs();
  if (!force && readOr(buildStamp, '') === digest) return;
  const startedAt = Date.now();
  await run(node24(), [path.join('scripts', 'build.mjs'), digest], process.env, signal);
  console.log(`setup: built dist/ in ${secondsSince(startedAt)}`);
}

/**
 * `npx outflow` looks here. A `bin` entry in package.json would do too, but then npx first writes to its cache in the
 * home directory, and fails where that is read-only.
 */
function linkCommand() {
  const link = path.join('node_modules', '.bin', 'outflow');
  const target = path.join('..', '..', 'bin', 'outflow');
  try {
    if (readlinkSync(link) === target) return;
  } catch {
    // Not there, or not a link: made below.
  }
  mkdirSync(path.dirname(link), { recursive: true });
  const aside = `${link}.${process.pid}`;
  rmSync(aside, { force: true });
  symlinkSync(target, aside);
  renameSync(aside, link);
}

/**
 * Runs a program with its output passed on.
 * @param {string} program
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @param {AbortSignal} interruption
 * @returns {Promise<void>}
 */
function run(program, args, env, interruption) {
  const name = [path.basename(program), ...args.slice(0, 1)].join(' ');
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'inherit', 'inherit'] });
    interruption.addEventListener('abort', () => child.kill('SIGTERM'));
    child.on('error', (error) => reject(new Error(`${name} could not be started: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (interruption.aborted) reject(interruption.reason);
      else if (code === 0) resolve();
      else reject(new Error(`${name} failed (${signal ?? `exit code ${code}`}); its own messages are above`));
    });
  });
}

/**
 * @param {string} file
 * @param {string} otherwise
 */
function readOr(file, otherwise) {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : otherwise;
}

/** @param {number} startedAt */
function secondsSince(startedAt) {
  return `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;
}
