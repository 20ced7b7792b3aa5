// What is read of native files, and what keeps an executable from being made. The file at hand is the Node that runs this.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { isElf, neededBy, stripped } from '../../../scripts/package/elf.mjs';
import { floorOf } from '../../../scripts/package/floor.mjs';

const isLinux = process.platform === 'linux';
const node = isLinux ? readFileSync(process.execPath) : Buffer.alloc(0);

/** The same file, asking for something else of as many letters. */
function withText(file: Buffer, from: string, to: string): Buffer {
  const changed = Buffer.from(file);
  const at = changed.indexOf(`\0${from}\0`);
  expect(at).toBeGreaterThan(0);
  changed.write(to, at + 1, 'latin1');
  return changed;
}

test.runIf(isLinux)('libraries and versions of symbols are read', () => {
  const { libraries, versions } = neededBy(node);
  expect(isElf(node)).toBe(true);
  expect(libraries).toEqual(expect.arrayContaining(['libc.so.6', 'libm.so.6', 'libstdc++.so.6']));
  expect(versions).toEqual(expect.arrayContaining(['GLIBC_2.28', 'GCC_3.4']));
});

test.runIf(isLinux)('the floor is the newest glibc that any file asks for', () => {
  expect(floorOf({ 'node/bin/node': node })).toEqual({ glibc: '2.28', wrong: [] });
  const older = withText(node, 'GLIBC_2.28', 'GLIBC_2.12');
  expect(floorOf({ 'node/bin/node': older }).glibc).toBe('2.27');
  expect(floorOf({ older, node }).glibc).toBe('2.28');
});

test.runIf(isLinux)('a file that asks for more than the oldest systems have is named', () => {
  const newer = withText(node, 'GLIBC_2.28', 'GLIBC_2.34');
  expect(floorOf({ newer }).wrong).toEqual(['newer needs GLIBC_2.34, newer than GLIBC_2.28']);
  const compiler = withText(node, 'GLIBCXX_3.4.21', 'GLIBCXX_3.4.29');
  expect(floorOf({ compiler }).wrong).toEqual(['compiler needs GLIBCXX_3.4.29, newer than GLIBCXX_3.4.25']);
});

test.runIf(isLinux)('a library has to be of the machine or brought along', () => {
  const linked = withText(node, 'libdl.so.2', 'libxx.so.2');
  expect(floorOf({ linked }).wrong).toEqual(['linked needs libxx.so.2, which is not brought along']);
  expect(floorOf({ linked, 'tree/lib/libxx.so.2.1': stripped(node) }).wrong).toEqual([]);
});

test.runIf(isLinux)('what is stripped still runs, and asks for the same', () => {
  const small = stripped(node);
  expect(small.length).toBeLessThan(node.length);
  expect(neededBy(small)).toEqual(neededBy(node));
  const directory = mkdtempSync(path.join(tmpdir(), 'outflow-stripped-'));
  try {
    const file = path.join(directory, 'node');
    writeFileSync(file, small, { mode: 0o755 });
    expect(execFileSync(file, ['-p', '6 * 7'], { encoding: 'utf8' })).toBe('42\n');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
