// A part of the program runs, and its compiled code is kept for the next process.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const LOAD_PART = new URL('../../../src/system/load-part.ts', import.meta.url).href;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'of-'));
  mkdirSync(path.join(dir, 'program'));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** What the part says in a process of its own. */
function run({ builtAs = 'new', exitCode = 0, last = '' } = {}): string {
  const code = `const twice = (n) => 2 * n; module.exports = { say: () => twice(21) + ' ' + typeof require('node:fs').statSync };`;
  const part = `/*${builtAs}*/(function(exports,require,module,__filename,__dirname){${code}})`;
  writeFileSync(path.join(dir, 'program', 'part.cjs'), part);
  const script = `globalThis.__OUTFLOW_BUILD__ = 'new';
    const { loadPart } = await import(${JSON.stringify(LOAD_PART)});
    console.log(loadPart('part', ${JSON.stringify(path.join(dir, 'outflow.cjs'))}).say());
    process.exitCode = ${exitCode};
    ${last}`;
  const env = { ...process.env, OUTFLOW_HOME: path.join(dir, 'home') };
  try {
    return execFileSync(process.execPath, ['--input-type=module', '-e', script], { env, encoding: 'utf8' }).trim();
  } catch (error) {
    return (error as { stdout: string }).stdout.trim();
  }
}

function kept(): string[] {
  try {
    return readdirSync(path.join(dir, 'home', 'cache', 'code')).map((name) => path.join(dir, 'home', 'cache', 'code', name));
  } catch {
    return [];
  }
}

test('the code of a part is kept when its process ends well, and used by the next', () => {
  expect(run()).toBe('42 function');
  const [file = '', ...others] = kept();
  expect(others).toEqual([]);
  utimesSync(file, 1, 1);
  expect(run()).toBe('42 function');
  expect(kept()).toEqual([file]);
  expect(statSync(file).mtimeMs).toBe(1000); // not made again
});

test('no code is kept of a process that fails, nor of a part of another build', () => {
  expect(run({ exitCode: 1 })).toBe('42 function');
  expect(run({ builtAs: 'old' })).toBe('42 function');
  expect(kept()).toEqual([]);
});

test('a process that is ended by force keeps its code when it says that all is compiled', () => {
  const die = `process.kill(process.pid, 'SIGKILL');`;
  expect(run({ last: die })).toBe('42 function');
  expect(kept()).toEqual([]);
  expect(run({ last: `process.emit(Symbol.for('outflow.keep-code')); ${die}` })).toBe('42 function');
  expect(kept()).toHaveLength(1);
});

test('code that V8 refuses is made again', () => {
  run();
  const [file = ''] = kept();
  writeFileSync(file, 'nonsense');
  expect(run()).toBe('42 function');
  expect(statSync(file).size).toBeGreaterThan(100);
});

test('where it cannot be kept, as on a full disk, nothing of it is left', () => {
  run();
  const [file = ''] = kept();
  rmSync(file);
  mkdirSync(file); // in its place
  expect(run()).toBe('42 function');
  expect(kept()).toEqual([file]);
});
