// Private directories and files: what they refuse, and where sockets go when a path is too long.
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { privateDir, socketPath, writePrivateFile } from '../../../src/system/home.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'outflow-home-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('a private directory is made with its parents, and closed to others', () => {
  const made = privateDir(path.join(root, 'a b', 'c'));
  expect(statSync(made).mode & 0o777).toBe(0o700);
  chmodSync(made, 0o755);
  privateDir(made);
  expect(statSync(made).mode & 0o777).toBe(0o700);
});

test.skipIf(process.platform !== 'linux')('a place where nothing can be made is an error, at once', () => {
  expect(() => privateDir('/proc/outflow/home')).toThrow(/cannot make the directory/);
});

test('a symbolic link in its place is refused', () => {
  mkdirSync(path.join(root, 'real'));
  symlinkSync('real', path.join(root, 'link'));
  expect(() => privateDir(path.join(root, 'link'))).toThrow(/is a symbolic link/);
});

test.skipIf(process.getuid?.() !== 0)("another user's directory is refused", () => {
  const theirs = path.join(root, 'theirs');
  mkdirSync(theirs);
  chownSync(theirs, 65534, 65534);
  expect(() => privateDir(theirs)).toThrow(/belongs to the user with uid 65534/);
});

test('a socket path that the kernel would refuse moves to a private directory in /tmp, always the same', () => {
  expect(socketPath(root, 'control.sock')).toBe(path.join(root, 'control.sock'));
  const long = path.join(root, 'x'.repeat(100));
  const moved = socketPath(long, 'control.sock');
  try {
    expect(moved).toMatch(/^\/tmp\/outflow-\d+-[0-9a-f]{12}\/control\.sock$/);
    expect(statSync(path.dirname(moved)).mode & 0o777).toBe(0o700);
    expect(socketPath(long, 'control.sock')).toBe(moved);
  } finally {
    rmSync(path.dirname(moved), { recursive: true });
  }
});

test('a private file is replaced as a whole, readable by its owner only, and leaves nothing else behind', async () => {
  const file = path.join(root, 'join.json');
  await writePrivateFile(file, 'one');
  await writePrivateFile(file, 'two');
  expect(readFileSync(file, 'utf8')).toBe('two');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(root)).toEqual(['join.json']);
});
