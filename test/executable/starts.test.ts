// What the executable makes at its first start, where that start is killed, where many start at once, and where another version
// has been before.
import { copyFileSync, mkdirSync, readFileSync, readlinkSync, utimesSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { HOME, PlaceOnDisks } from '../support/disks.ts';
import { givenToProgram, sealed } from '../support/program-under-test.ts';
import { until } from '../support/until.ts';

let place: PlaceOnDisks;
afterEach(() => place?.end());

const CACHE = `${HOME}/.cache/outflow/unpacked`;
const WHOLE = /^(esbuild|postgres)-[0-9a-f]{16}$/;
const PLAN = ['plan', 'noted', '--notes', 'x'];
const RUN = ['run', 'noted', '--notes', '/dev/null'];

/** Until it is caught in the middle of unpacking: it is held there. */
async function halfUnpacked(name: string, args: string[]) {
  for (;;) {
    place = await PlaceOnDisks.make({}, 'test/fixtures/runs');
    const started = place.start(args);
    const isAside = () => place.trees(CACHE).some((one) => one.startsWith(`.${name}-`));
    const isWhole = () => place.trees(CACHE).some((one) => one.startsWith(`${name}-`));
    while (!isAside() && !isWhole()) await new Promise(setImmediate);
    started.kill('SIGSTOP');
    await until(() => isStopped(started.pid as number));
    if (isAside()) return { started };
    started.kill('SIGKILL');
    await started;
    await place.end();
  }
}

function isStopped(pid: number): boolean {
  return /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

test.skipIf(!sealed?.user).each(['esbuild', 'postgres'])(
  'a start that was killed when half of %s was unpacked is no matter to the next, which leaves nothing of it',
  async (name) => {
    const { started } = await halfUnpacked(name, name === 'esbuild' ? PLAN : ['db', 'start']);
    started.kill('SIGKILL');
    await started;
    expect(place.trees(CACHE).filter((one) => !WHOLE.test(one))).toHaveLength(1);
    expect(await place.run(RUN)).toMatchObject({ exitCode: 0 });
    expect(place.trees(CACHE)).toEqual([expect.stringMatching(/^esbuild/), expect.stringMatching(/^postgres/)]);
  },
);

test.skipIf(!sealed?.user)('30 that start at once, with nothing there: each works, and unpacks nothing twice', async () => {
  place = await PlaceOnDisks.make({ home: 'size=40m' }, 'test/fixtures/runs');
  const ended = await Promise.all(Array.from({ length: 30 }, () => place.run(PLAN)));
  for (const each of ended) expect(each).toMatchObject({ exitCode: 0, stderr: '' });
  expect(place.trees(CACHE)).toEqual([expect.stringMatching(/^esbuild-[0-9a-f]{16}$/)]);
  expect(place.names('/tmp')).toEqual([]);
});

test.skipIf(!sealed?.user)('trees of other versions go when nobody has used them for long', async () => {
  place = await PlaceOnDisks.make({}, 'test/fixtures/runs');
  expect(await place.run(PLAN)).toMatchObject({ exitCode: 0 });
  const [own] = place.trees(CACHE) as [string];
  const [old, young, running] = ['postgres-00', 'postgres-11', 'postgres-22'].map((name) => name.padEnd(25, '0')) as [
    string,
    string,
    string,
  ];
  for (const [name, days] of Object.entries({ [old]: 15, [young]: 13, [running]: 15 })) {
    mkdirSync(place.at(`${CACHE}/${name}`));
    copyFileSync(place.at('/bin/sleep'), place.at(`${CACHE}/${name}/sleep`));
    givenToProgram(place.at(`${CACHE}/${name}`));
    const date = new Date(Date.now() - days * 24 * 3_600_000);
    utimesSync(place.at(`${CACHE}/${name}`), date, date);
  }
  const server = place.start(['600'], {}, `${CACHE}/${running}/sleep`);
  await until(() => readlinkSync(`/proc/${server.pid}/exe`).endsWith('/sleep'));
  expect(await place.run(['db', 'start'])).toMatchObject({ exitCode: 0 });
  const left = place.trees(CACHE);
  expect(left).toEqual(expect.arrayContaining([own, young, running]));
  expect(left.filter((one) => ![own, young, running].includes(one))).toEqual([expect.stringMatching(WHOLE)]);
  server.kill('SIGKILL');
  await server;
});
