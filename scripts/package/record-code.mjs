// Runs an executable through the tutorial, and gives the code that V8 made of the program's parts meanwhile (src/system/load-part.ts).
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const COMMANDS = [
  ['--help'],
  ['plan', 'compute_data', '--multiplier', '3'],
  ['run', 'compute_data', '--multiplier', '3'],
  ['submit', 'compute_data', '--multiplier', '4'],
  ['logs', 'last', '--follow'], // until it has ended
];

/** The first is for all other commands; what they need besides is kept in the user's cache. */
const KEPT = /^(command-line\.--help|(command-line|esbuild)\.(plan|run|submit)|agent\.agent|[\w-]+\.__[\w-]+)$/;

/**
 * @param {string} executable
 * @param {string} home a directory to be made
 * @returns {Promise<Record<string, Buffer>>} by the name of the asset
 */
export async function recordCode(executable, home) {
  mkdirSync(home);
  cpSync(path.join('examples', 'tutorial'), home, { recursive: true });
  const options = { cwd: home, env: { HOME: home, PATH: '/usr/bin:/bin', TZ: 'UTC' }, timeout: 120_000 };
  const outflow = (/** @type {string[]} */ ...words) => execFileSync(executable, words, { ...options, stdio: 'pipe' });
  try {
    for (const words of COMMANDS) outflow(...words);
  } finally {
    outflow('db', 'stop');
  }
  const directory = path.join(home, '.cache', 'outflow', 'code');
  /** @type {Record<string, Buffer>} */
  const code = {};
  for (const file of readdirSync(directory)) {
    const name = file.replace(/\.\w{16}$/, ''); // less the build's
    if (KEPT.test(name)) code[`code/${name.replace(/\.--help$/, '')}`] = readFileSync(path.join(directory, file));
  }
  return code;
}
