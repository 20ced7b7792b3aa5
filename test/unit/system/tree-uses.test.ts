// When unpacked trees go, and what keeps them.
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepTree, removeLeftBehind, removeUnused } from '../../../src/system/tree-uses.ts';

const DAY_MS = 24 * 3_600_000;
const NOBODY = 4_194_305; // above the kernel's highest process number

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'of-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function make(name: string, days = 0): string {
  const tree = path.join(dir, name);
  mkdirSync(path.join(tree, 'bin'), { recursive: true });
  writeFileSync(path.join(tree, 'bin/say'), 'x');
  symlinkSync('nowhere', path.join(tree, 'link'));
  const date = new Date(Date.now() - days * DAY_MS);
  utimesSync(tree, date, date);
  return tree;
}

test('a tree that nobody has used for two weeks is removed; nothing else is', () => {
  make('postgres-0123456789abcdef', 15);
  make('esbuild-0123456789abcdef', 13);
  make('something-else', 100);
  removeUnused(dir);
  expect(readdirSync(dir).sort()).toEqual(['esbuild-0123456789abcdef', 'something-else']);
});

test('whoever keeps a tree keeps it, with its files, from those who go by age', () => {
  const tree = make('postgres-0123456789abcdef', 15);
  const file = path.join(tree, 'bin/say');
  utimesSync(file, new Date(0), new Date(0));
  keepTree(tree, [{ path: 'bin/say' }, { path: 'link' }]);
  removeUnused(dir);
  expect(Date.now() - lstatSync(file).mtimeMs).toBeLessThan(DAY_MS);
  keepTree(path.join(dir, 'none'), [{ path: 'x' }]); // is no error
});

test.skipIf(process.platform !== 'linux')('a tree stays as long as one of its programs runs', async () => {
  const tree = make('postgres-0123456789abcdef');
  copyFileSync('/bin/sleep', path.join(tree, 'bin/sleep'));
  const running = execa(path.join(tree, 'bin/sleep'), ['600'], { reject: false });
  const date = new Date(Date.now() - 15 * DAY_MS);
  utimesSync(tree, date, date);
  removeUnused(dir);
  expect(existsSync(tree)).toBe(true);
  running.kill('SIGKILL');
  await running;
  removeUnused(dir);
  expect(existsSync(tree)).toBe(false);
});

test("what killed processes have left goes; what a live one is at, and another host's for an hour, stays", () => {
  const dead = make(`.postgres-0123456789abcdef.${hostname()}.${NOBODY}.tmp`);
  const removed = make(`.postgres-0123456789abcdef.${hostname()}.${NOBODY}.tmp.old`);
  const alive = make(`.postgres-0123456789abcdef.${hostname()}.${process.ppid}.tmp`);
  const other = make(`.postgres-0123456789abcdef.other.host-2.${NOBODY}.tmp`);
  removeLeftBehind(dir);
  expect([dead, removed, alive, other].map((one) => existsSync(one))).toEqual([false, false, true, true]);
});
