// Which places are taken for what can be made again, and which are not trusted.
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { fileError } from '../../../src/system/file-errors.ts';
import { outflowHome } from '../../../src/system/home.ts';
import {
  cachePlaces,
  foundPlace,
  inFirstOf,
  makePlace,
  ownCache,
  type Place,
  temporaryPlaces,
} from '../../../src/system/places.ts';
import { lackOfRoom } from '../../../src/system/takes.ts';

const isRoot = process.getuid?.() === 0;
const own = `outflow-${process.getuid?.()}`;
const SAID = { what: 'nothing can be written', hint: 'do something' };

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'of-'));
  for (const name of ['OUTFLOW_HOME', 'XDG_CACHE_HOME', 'XDG_STATE_HOME', 'XDG_RUNTIME_DIR']) vi.stubEnv(name, '');
  vi.stubEnv('HOME', path.join(dir, 'home'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true });
});

/** Where the cache may be, in order. */
const caches = (): string[] => cachePlaces('x').map((place) => path.join(...place));

test('the cache: in OUTFLOW_HOME, else XDG_CACHE_HOME, else HOME; then where temporary files are', () => {
  vi.stubEnv('TMPDIR', dir);
  expect(caches().slice(0, 2)).toEqual([path.join(dir, 'home/.cache/outflow/x'), path.join(dir, own, 'cache/x')]);
  vi.stubEnv('XDG_CACHE_HOME', path.join(dir, 'c'));
  expect(caches()[0]).toBe(path.join(dir, 'c/outflow/x'));
  vi.stubEnv('OUTFLOW_HOME', path.join(dir, 'h'));
  expect(caches()[0]).toBe(path.join(dir, 'h/cache/x'));
});

test('temporary files: TMPDIR first, what is given at a login last, nothing twice, nothing that is not there', () => {
  vi.stubEnv('TMPDIR', '/tmp');
  vi.stubEnv('XDG_RUNTIME_DIR', dir);
  const directories = temporaryPlaces().map(([first]) => first);
  expect(directories.at(0)).toBe(`/tmp/${own}`);
  expect(directories.at(-1)).toBe(path.join(dir, 'outflow'));
  expect(new Set(directories).size).toBe(directories.length);
  vi.stubEnv('TMPDIR', path.join(dir, 'none'));
  expect(temporaryPlaces().map(([first]) => first)).toEqual(directories);
});

test('a directory in which others can exchange ours is no place for programs', () => {
  const open = path.join(dir, 'open');
  mkdirSync(open);
  vi.stubEnv('TMPDIR', open);
  chmodSync(open, 0o777);
  expect(caches()).not.toContain(path.join(open, own, 'cache/x'));
  chmodSync(open, 0o1777);
  expect(caches()).toContain(path.join(open, own, 'cache/x'));
});

test('a place is found only when all of it is private', () => {
  const place: Place = [path.join(dir, own), 'cache', 'x'];
  expect(foundPlace(place)).toBeUndefined();
  const made = makePlace(place);
  expect(foundPlace(place)).toBe(made);
  chmodSync(path.join(dir, own, 'cache'), 0o755);
  expect(foundPlace(place)).toBeUndefined();
  expect(makePlace(place)).toBe(made);
  expect(statSync(path.join(dir, own, 'cache')).mode & 0o777).toBe(0o700);
});

test("a link in the place's stead is not followed, also above it", () => {
  mkdirSync(path.join(dir, 'theirs/cache'), { recursive: true, mode: 0o700 });
  symlinkSync('theirs', path.join(dir, own));
  expect(foundPlace([path.join(dir, own), 'cache'])).toBeUndefined();
  expect(() => makePlace([path.join(dir, own), 'cache'])).toThrow(/is a symbolic link/);
});

test.skipIf(!isRoot)("somebody else's directory is passed over", () => {
  const [theirs, mine] = [path.join(dir, own), path.join(dir, 'mine')];
  mkdirSync(theirs);
  chownSync(theirs, 65534, 65534);
  expect(inFirstOf([[theirs, 'cache'], [mine]], SAID, (directory) => directory)).toBe(mine);
});

test('what the file system refuses leads to the next place; an error of ours does not', () => {
  const refuse = (code: string, errno: number) => Object.assign(new Error(code), { code, errno });
  const places: Place[] = [[path.join(dir, 'a')], [path.join(dir, 'b')]];
  const tried: string[] = [];
  const work = (directory: string): string => {
    tried.push(path.basename(directory));
    if (tried.length === 1) throw refuse('UNKNOWN', -constants.errno.EDQUOT);
    return directory;
  };
  expect(inFirstOf(places, SAID, work)).toBe(path.join(dir, 'b'));
  expect(() =>
    inFirstOf(places, SAID, () => {
      throw new TypeError('a bug');
    }),
  ).toThrow(TypeError);
  expect(() =>
    inFirstOf(places, SAID, (directory) => {
      throw directory.endsWith('a') ? refuse('UNKNOWN', -constants.errno.EDQUOT) : refuse('ENOSPC', -28);
    }),
  ).toThrow(
    expect.objectContaining({
      code: 'disk-full',
      message: `nothing can be written:\n${dir}/a: your quota is used up (EDQUOT)\n${dir}/b: the disk is full (ENOSPC)`,
      hint: 'do something',
    }),
  );
});

test('a HOME that is no absolute path is not meant; an error that is one of ours already stays', () => {
  vi.stubEnv('HOME', 'relative');
  expect(path.isAbsolute(outflowHome())).toBe(true);
  expect(ownCache('x')?.every((part, at) => at > 0 || path.isAbsolute(part))).toBe(true);
  const error = fileError(Object.assign(new Error('x'), { code: 'EROFS', errno: -30 }), 'cannot write');
  expect(fileError(error, 'again')).toBe(error);
});

test('room: what is missing is told in words', () => {
  writeFileSync(path.join(dir, 'x'), '');
  expect(lackOfRoom(dir, { bytes: 1, files: 1 })).toBeUndefined();
  expect(lackOfRoom(dir, { bytes: 1e18, files: 1 })).toMatch(/^its disk has only \d+ MB free, and 1000000000000 MB are needed$/);
});
