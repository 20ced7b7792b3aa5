// What the executable has inside comes to the disk whole or not at all.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type TreeIndex, unpackTree } from '../../../src/system/unpack.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'of-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const index: TreeIndex = {
  hash: 'a'.repeat(64),
  entries: [
    { kind: 'directory', path: 'bin' },
    { kind: 'file', path: 'bin/say', bytes: 3, executable: true },
    { kind: 'file', path: 'data', bytes: 2, executable: false },
    { kind: 'link', path: 'same', target: 'data' },
  ],
};
const NEVER = (): never => {
  throw new Error('its contents were asked for');
};
const unpack = (contents = () => Buffer.from('one22')) => unpackTree([[path.join(dir, 'unpacked')]], 'tree', index, contents);

test('a tree is unpacked once, with its links and the modes of its programs', () => {
  const target = unpack();
  expect(readFileSync(path.join(target, 'bin/say'), 'utf8')).toBe('one');
  expect(readFileSync(path.join(target, 'same'), 'utf8')).toBe('22');
  expect(statSync(path.join(target, 'bin/say')).mode & 0o777).toBe(0o755);
  expect(statSync(path.dirname(target)).mode & 0o777).toBe(0o700);
  expect(unpack(NEVER)).toBe(target);
});

const DAMAGES: Record<string, (target: string) => void> = {
  'a file is gone': (target) => rmSync(path.join(target, 'data')),
  'a file was cut short': (target) => writeFileSync(path.join(target, 'data'), '2'),
  'a program may not be run any more': (target) => chmodSync(path.join(target, 'bin/say'), 0o644),
  'nothing but its directory is left': (target) => {
    rmSync(target, { recursive: true });
    mkdirSync(target);
  },
  'a file stands in its place': (target) => {
    rmSync(target, { recursive: true });
    writeFileSync(target, '');
  },
};

test.each(Object.entries(DAMAGES))('a damaged tree is unpacked anew: %s', (_what, damage) => {
  damage(unpack());
  const target = unpack();
  expect(readFileSync(path.join(target, 'data'), 'utf8')).toBe('22');
  expect(readdirSync(path.dirname(target)).filter((name) => name !== '.lock')).toEqual([path.basename(target)]);
});

test('what a killed process has left half-unpacked is removed by the next that unpacks', () => {
  const unpackedDir = path.join(dir, 'unpacked');
  const left = path.join(unpackedDir, `.tree-bbbb.${hostname()}.4194305.tmp`); // above the kernel's highest pid
  const living = path.join(unpackedDir, `.tree-bbbb.${hostname()}.${process.ppid}.tmp`);
  for (const one of [left, living]) mkdirSync(path.join(one, 'bin'), { recursive: true });
  unpack();
  expect([existsSync(left), existsSync(living)]).toEqual([false, true]);
});
