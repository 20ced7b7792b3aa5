// `npm test`: the setup, the checks, then all tests. Its last line is always `N passed, N failed, N skipped`, in which each
// check counts as one. Arguments go to vitest: `npm test -- --project unit`, `npm test -- lease`. Runs on Node 20.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runChecks } from './check.mjs';
import { node24, root, toolEnvironment } from './node24.mjs';

const counts = { passed: 0, failed: 0, skipped: 0 };
/** What to say about the counts: that there was no Slurm, and why. @type {string[]} */
const notes = [];
try {
  await testAll();
} catch (error) {
  console.error(`test: ${error instanceof Error ? error.message : error}`);
  counts.failed += 1;
}
process.exitCode = counts.failed > 0 ? 1 : 0;
for (const note of notes) console.log(note);
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);

async function testAll() {
  if ((await run(process.execPath, ['scripts/setup.mjs'], process.env)) !== 0) {
    throw new Error('the setup failed, so nothing could be tested');
  }
  add({ ...(await runChecks()), skipped: 0 });
  add(await runTests());
}

/** Runs vitest; test/support/reporter.ts leaves the counts in a file. */
async function runTests() {
  const folder = mkdtempSync(path.join(tmpdir(), 'outflow-test-'));
  try {
    const file = path.join(folder, 'counts.json');
    const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const env = { ...toolEnvironment(), OUTFLOW_TEST_COUNTS: file };
    const exitCode = await run(node24(), [vitest, 'run', ...process.argv.slice(2)], env);
    const tests = readCounts(file);
    // vitest has reasons of its own to fail; an exit code other than zero is never reported as a success.
    if (exitCode !== 0 && tests.failed === 0) tests.failed = 1;
    return tests;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} file
 * @returns {typeof counts}
 */
function readCounts(file) {
  try {
    const { notes: said, ...tests } = JSON.parse(readFileSync(file, 'utf8'));
    notes.push(...said);
    return tests;
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

/** @param {typeof counts} more */
function add(more) {
  counts.passed += more.passed;
  counts.failed += more.failed;
  counts.skipped += more.skipped;
}

/**
 * Runs a program in the clone's root, its output passed on.
 * @param {string} program
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>} the exit code
 */
function run(program, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}
