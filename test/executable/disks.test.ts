// Where HOME and /tmp are read-only, full, or such that no program runs from them: the executable finds another place for what
// it unpacks, or says what is the matter and what to do; and it leaves nothing half-done behind.
import { afterEach, expect, test } from 'vitest';
import { type Disks, HOME, PlaceOnDisks } from '../support/disks.ts';
import type { Ended } from '../support/outflow.ts';
import { sealed } from '../support/program-under-test.ts';

let place: PlaceOnDisks;
afterEach(() => place?.end());

const CACHE = `${HOME}/.cache/outflow/unpacked`;
const uid = sealed?.user?.uid ?? process.getuid?.();
const inTemporary = (directory: string): string => `${directory}/outflow-${uid}/cache/unpacked`;

async function on(disks: Disks): Promise<void> {
  place = await PlaceOnDisks.make(disks, 'test/fixtures/runs');
}

function expectError({ stderr, exitCode }: Ended, ...says: RegExp[]): void {
  expect(stderr).toMatch(/^error: /m);
  expect(stderr).not.toMatch(/^\s+at |a bug in outflow/m);
  for (const each of says) expect(stderr).toMatch(each);
  expect(exitCode).toBe(6);
}

const RUN = ['run', 'noted', '--notes', '/dev/null'];
const ESBUILD = /^esbuild-[0-9a-f]{16}$/;
const POSTGRES = /^postgres-[0-9a-f]{16}$/;

test.skipIf(!sealed?.user).each<[what: string, disks: Disks, where: string]>([
  ['no program runs from HOME', { home: 'noexec' }, '/tmp'],
  ['no program runs from HOME and /tmp', { home: 'noexec', tmp: 'noexec' }, '/dev/shm'],
])('%s: programs are unpacked elsewhere, which is said once, and a run succeeds', async (_what, disks, where) => {
  await on(disks);
  const first = await place.run(RUN);
  expect(first.stderr).toMatch(new RegExp(`esbuild is unpacked to ${inTemporary(where)}/.* noexec`));
  expect(first).toMatchObject({ exitCode: 0 });
  expect(place.trees(inTemporary(where))).toEqual([expect.stringMatching(ESBUILD), expect.stringMatching(POSTGRES)]);
  expect(place.names(CACHE)).toEqual([]);
  const second = await place.run(RUN);
  expect(second.stderr).not.toContain('unpacked');
  expect(second).toMatchObject({ exitCode: 0 });
});

test.skipIf(!sealed?.user)('where no program runs from anywhere, all places are named', async () => {
  await on({ home: 'noexec', tmp: 'noexec', shm: 'noexec' });
  const places = [CACHE, inTemporary('/tmp'), inTemporary('/dev/shm')];
  expectError(await place.run(RUN), ...places.map((one) => new RegExp(`${one}: programs cannot be run from there, .*noexec`)));
  expect(places.flatMap((one) => place.names(one))).toEqual([]);
});

test.skipIf(!sealed?.user)('a read-only HOME: a plan is made, a run has no place for its state', async () => {
  await on({ home: 'ro' });
  expect(await place.run(['plan', 'noted', '--notes', 'x'])).toMatchObject({ exitCode: 0 });
  expectError(await place.run(RUN), /cannot make the directory .*state\/outflow: its file system is read-only/, /OUTFLOW_HOME/);
  expect(await place.run(RUN, { OUTFLOW_HOME: '/tmp/h' })).toMatchObject({ exitCode: 0 });
});

test.skipIf(!sealed?.user)('a read-only /tmp, and no shared memory: a run succeeds', async () => {
  await on({ tmp: 'ro', shm: 'ro' });
  expect(await place.run(RUN)).toMatchObject({ exitCode: 0 });
});

test.skipIf(!sealed?.user)('all read-only: what is tried is told', async () => {
  await on({ home: 'ro', tmp: 'ro', shm: 'ro' });
  expectError(await place.run(RUN), /no place to unpack esbuild to:(\n +cannot make the directory .*read-only.*){3}/);
});

test.skipIf(!sealed?.user)('a HOME with too little room: programs go elsewhere, the database says what it needs', async () => {
  await on({ home: 'size=20m' });
  const ended = await place.run(RUN);
  expect(ended.stderr).toMatch(/postgres is unpacked to \/tmp\/.*only \d+ MB free, and \d+ MB are needed/);
  expectError(ended, /cannot make the database in .* only \d+ MB free/, /OUTFLOW_HOME/);
  expect(place.trees(CACHE)).toEqual([expect.stringMatching(ESBUILD)]);
  expect(place.names(`${HOME}/.local/state/outflow/postgres`).filter((name) => name.startsWith('data'))).toEqual([]);
});

test.skipIf(!sealed?.user)('everywhere too little room, or too few inodes: nothing is left half-unpacked', async () => {
  await on({ home: 'size=20m', tmp: 'size=20m', shm: 'nr_inodes=100' });
  expectError(await place.run(['db', 'start']), /only \d+ MB free/, /only \d+ files \(inodes\)/, /with \d+ MB free/);
  expect([CACHE, inTemporary('/tmp'), inTemporary('/dev/shm')].flatMap((one) => place.trees(one))).toEqual([]);
});

test.skipIf(!sealed?.user)('all as full as can be', async () => {
  await on({ home: 'size=20m', tmp: 'size=4k', shm: 'nr_inodes=4' });
  expectError(await place.run(['db', 'start']), /no place to unpack postgres/);
});

test.skipIf(!sealed?.user).each<[what: string, env: Record<string, string>, says: RegExp]>([
  ['is not there', { HOME: '/nowhere' }, /cannot make the directory \/nowhere\//],
  ["is somebody else's", { HOME: '/etc' }, /cannot make the directory \/etc\//],
])('a HOME that %s', async (_what, env, says) => {
  await on({});
  expect(await place.run(['plan', 'noted', '--notes', 'x'], env)).toMatchObject({ exitCode: 0 });
  expectError(await place.run(RUN, env), says, /OUTFLOW_HOME/);
  expect(await place.run(RUN, { ...env, OUTFLOW_HOME: `${HOME}/h` })).toMatchObject({ exitCode: 0 });
});

test.skipIf(!sealed?.user).each(['', 'relative'])('a HOME that is %j: the one that the system knows is meant', async (home) => {
  await on({});
  expect(await place.run(RUN, { HOME: home })).toMatchObject({ exitCode: 0 });
  expect(place.names(HOME)).toEqual(['.cache', '.local']);
});
