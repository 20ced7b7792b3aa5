// Everything that outflow brings along has its licence text.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { licensesOf } from '../../../scripts/licenses/collect.mjs';
import { WITHIN } from '../../../scripts/licenses/within.mjs';
import { nativeFiles } from '../../../scripts/package/trees.mjs';

const isLinux = process.platform === 'linux';
const natives = isLinux ? Object.keys(nativeFiles(`linux-${process.arch}`)) : [];
const texts = path.resolve(import.meta.dirname, '../../../scripts/licenses/texts');

test('each kept text belongs to something', () => {
  const used = WITHIN.flatMap((component) => component.texts ?? []);
  expect(readdirSync(texts).sort()).toEqual(used.map((name) => `${name}.txt`).sort());
});

test.runIf(isLinux)('whatever is native is said to be somebody’s', () => {
  expect(natives.length).toBeGreaterThan(50);
  const all = licensesOf(['node_modules/pg/lib/index.js', 'node_modules/pgpass/lib/index.js', 'cli/main.ts'], natives);
  expect(all[0]?.name).toBe('outflow');
  const names = all.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['PostgreSQL', 'ICU', 'OpenSSL', 'Node.js', 'Go', 'node-pty', 'pg', 'pgpass']));
  for (const { name, text } of all) expect(text.length, name).toBeGreaterThan(300);
  expect(all.find(({ name }) => name === 'Node.js')?.includes).toEqual(expect.arrayContaining(['V8', 'libuv', 'OpenSSL', 'ICU']));
});

test.runIf(isLinux)('nothing is listed that is not there', () => {
  expect(WITHIN.filter(({ files }) => !natives.some((name) => files.test(name)))).toEqual([]);
});

test('a native file of which nobody knows whose it is stops the build', () => {
  expect(() => licensesOf([], ['postgres/native/lib/libnew.so.1'])).toThrow(
    /whose these are: postgres\/native\/lib\/libnew\.so\.1/,
  );
});

test.runIf(isLinux)('a package without a text stops the build', () => {
  const inputs = [`node_modules/@esbuild/linux-${process.arch}/bin/esbuild`]; // its text is in the package `esbuild`
  expect(() => licensesOf(inputs, [])).toThrow(/^@esbuild\/.* has no licence text/);
});
