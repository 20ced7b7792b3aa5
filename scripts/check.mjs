// Runs the checks that need no test: style, types, dead code, floors. Two at a time; one line each, and the output of those
// that failed. Runs on Node 20.
import { spawn } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { root, toolEnvironment } from './node24.mjs';

/** @typedef {{ name: string, commands: string[][] }} Check */

/** @type {Check[]} */
const checks = [
  {
    name: 'types',
    commands: [
      ['tsc', '-p', 'tsconfig.json'],
      ['tsc', '-p', 'test/fixtures'],
    ],
  },
  { name: 'format and lint', commands: [['biome', 'check', '--error-on-warnings', '--max-diagnostics=200', '.']] },
  { name: 'dead code', commands: [['knip', '--no-config-hints']] },
  {
    name: 'floors',
    commands: [
      ['depcruise', '--config', '.dependency-cruiser.cjs', '--output-type', 'err-long', 'src', 'agent', 'cli', 'scripts'],
    ],
  },
];

/** Runs all checks and prints what they came to. */
export async function runChecks() {
  const counts = { passed: 0, failed: 0 };
  const waiting = [...checks];
  await Promise.all(
    Array.from({ length: 2 }, async () => {
      for (let check = waiting.shift(); check; check = waiting.shift()) {
        counts[(await runCheck(check)) ? 'passed' : 'failed'] += 1;
      }
    }),
  );
  return counts;
}

/** @param {Check} check */
async function runCheck({ name, commands }) {
  const startedAt = Date.now();
  let failures = '';
  for (const command of commands) {
    const { ok, output } = await run(command);
    // dependency-cruiser warns that it does not know TypeScript 7; it reads the code with swc instead.
    if (!ok) failures += `$ ${command.join(' ')}\n${output.split('‼ missing-tsc-transpiler')[0]?.trim()}\n`;
  }
  const ok = failures === '';
  console.log(
    `check: ${ok ? 'ok    ' : 'FAILED'} ${name} (${((Date.now() - startedAt) / 1000).toFixed(1)} s)\n${failures}`.trimEnd(),
  );
  return ok;
}

/**
 * @param {string[]} command
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
function run([program = '', ...args]) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, env: toolEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (output += text));
    child.on('error', (error) => resolve({ ok: false, output: `${error.message}\nrun: npm run setup` }));
    child.on('close', (code, signal) => resolve({ ok: code === 0, output: `${output}${signal ? `ended by ${signal}` : ''}` }));
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { failed } = await runChecks();
  process.exitCode = failed > 0 ? 1 : 0;
}
