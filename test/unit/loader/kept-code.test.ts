// What V8 has compiled of a bundle is kept beside it, for the next process that loads it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { materializeBundle, SCRIPT } from '../../../src/loader/materialize.ts';
import { bundleOf, project } from './temporary-project.ts';

const LOADER = path.resolve(import.meta.dirname, '../../fixtures/load-and-print.ts');

let dir: string;
let script: string;

beforeEach(async () => {
  dir = project({ 'pipeline.ts': 'export const found = () => 42;' });
  script = await materializeBundle({ ...(await bundleOf(dir)), dir: path.join(project({}), 'bundles') });
});

/** In a process of its own. */
const load = (): unknown => JSON.parse(execFileSync(process.execPath, [LOADER, script, dir], { encoding: 'utf8' }));

const kept = (): string[] =>
  readdirSync(path.dirname(script))
    .filter((name) => !name.startsWith(SCRIPT))
    .map((name) => path.join(path.dirname(script), name));

test('it is made by the first, for its owner only, and used by the next', () => {
  expect(load()).toEqual({ found: 42 });
  const [file = '', ...others] = kept();
  expect(others).toEqual([]);
  expect(path.basename(file)).toMatch(/^compiled-\d+$/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  utimesSync(file, 1, 1);
  expect(load()).toEqual({ found: 42 });
  expect(kept()).toEqual([file]);
  expect(statSync(file).mtimeMs).toBe(1000); // not made again
});

test('what V8 refuses is made again', () => {
  load();
  const [file = ''] = kept();
  writeFileSync(file, 'nonsense');
  expect(load()).toEqual({ found: 42 });
  expect(statSync(file).size).toBeGreaterThan(100);
});

test('what is damaged is made again: V8 would crash in it', () => {
  load();
  const [file = ''] = kept();
  const sound = readFileSync(file);
  const half = sound.length >> 1;
  for (const damaged of [Buffer.from(sound).fill(0, half), Buffer.from(sound).fill(0), sound.subarray(0, half)]) {
    writeFileSync(file, damaged);
    expect(load()).toEqual({ found: 42 });
    expect(readFileSync(file).equals(damaged)).toBe(false);
  }
});

test('where it cannot be kept, as on a full disk, nothing of it is left', () => {
  load();
  const [file = ''] = kept();
  rmSync(file);
  mkdirSync(file); // in its place
  expect(load()).toEqual({ found: 42 });
  expect(kept()).toEqual([file]);
});
