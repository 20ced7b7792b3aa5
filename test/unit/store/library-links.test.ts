// Links to Postgres' libraries that lie aside: for a clone in a place that cannot be written, as long as it is used.
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LIMITS } from '../../../src/model/limits.ts';
import { linkAside } from '../../../src/store/embedded/library-links.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'of-'));
  vi.stubEnv('OUTFLOW_HOME', home);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

const linksOf = (clone: string) => linkAside(clone, [{ source: `${clone}/lib/libz.so.1.2`, target: `${clone}/lib/libz.so.1` }]);
const age = (directory: string, ms: number): void => {
  const date = new Date(Date.now() - ms);
  utimesSync(directory, date, date);
};

test('a clone finds its own again, whoever else has some there', () => {
  const directory = linksOf('/clones/a');
  expect(readlinkSync(path.join(directory, 'libz.so.1'))).toBe('/clones/a/lib/libz.so.1.2');
  expect(linksOf('/clones/b')).not.toBe(directory);
  expect(linksOf('/clones/a')).toBe(directory);
});

test('those that nobody has used for long are removed, with what else is theirs; those in use are not', () => {
  const [old, used] = [linksOf('/clones/old'), linksOf('/clones/used')];
  mkdirSync(path.join(path.dirname(old), 'something-else'));
  for (const directory of [old, used]) age(directory, LIMITS.cacheKeepMs + 1_000);
  expect(linksOf('/clones/used')).toBe(used);
  expect(readdirSync(path.dirname(used)).sort()).toEqual([path.basename(used), 'something-else'].sort());
});
