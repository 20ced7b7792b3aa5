// Runs an executable through the tutorial, and gives the code that V8 made of the program's parts meanwhile (src/system/load-part.ts).
// What is compiled in a run differs a little from one to the next; so it is kept, and the same executable gets the same code.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { keptCode } from '../../src/system/kept-code.ts';
import { kept } from './kept.mjs';

const COMMANDS = [
  ['--help'],
  ['plan', 'compute_data', '--multiplier', '3'],
  ['run', 'compute_data', '--multiplier', '3'],
  ['submit', 'compute_data', '--multiplier', '4'],
  ['logs', 'last', '--follow'], // until it has ended
];

/** The first is for all other commands; what they need besides is kept in the user's cache. */
const KEPT = /^(command-line\.--help|(head-start|command-line|esbuild)\.(plan|run|submit)|agent\.agent|[\w-]+\.__[\w-]+)$/;

/**
 * @param {string} executable
 * @param {string} home a directory to be made
 * @param {AbortSignal} interrupted
 * @returns {Promise<Record<string, Buffer>>} by the name of the asset
 */
export async function recordedCode(executable, home, interrupted) {
  const bytes = await kept(['code', readFileSync(executable)], async () =>
    serialize(await record(executable, home, interrupted)),
  );
  return deserialize(bytes);
}

/**
 * @param {string} executable
 * @param {string} home
 * @param {AbortSignal} interrupted
 */
async function record(executable, home, interrupted) {
  mkdirSync(home);
  cpSync(path.join('examples', 'tutorial'), home, { recursive: true });
  // Its database ends by itself when this is killed.
  const env = { HOME: home, PATH: '/usr/bin:/bin', TZ: 'UTC', TMPDIR: home, OUTFLOW_DB_IDLE: '5' };
  const options = { cwd: home, env, timeout: 120_000 };
  try {
    for (const words of COMMANDS) await promisify(execFile)(executable, words, { ...options, signal: interrupted });
  } finally {
    await promisify(execFile)(executable, ['db', 'stop', '--force'], options);
  }
  const directory = path.join(home, '.cache', 'outflow', 'code');
  /** @type {Record<string, Buffer>} */
  const code = {};
  for (const file of readdirSync(directory).sort()) {
    const name = file.replace(/\.\w{16}$/, ''); // less the build's
    if (!KEPT.test(name)) continue;
    const sound = keptCode(path.join(directory, file));
    if (sound) code[`code/${name.replace(/\.--help$/, '')}`] = sound;
  }
  return code;
}
