// The disk of the database becomes full while a run is under way: that is told, nothing is lost, and the run goes on.
import { closeSync, openSync, writeSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { HOME, PlaceOnDisks } from '../support/disks.ts';
import { sealed } from '../support/program-under-test.ts';
import { until } from '../support/until.ts';

let place: PlaceOnDisks;
afterEach(() => place?.end());

const env = { XDG_CACHE_HOME: '/tmp/cache', OUTFLOW_DB_IDLE: '60' };

/** To the last byte. */
function fillUp(file: string): void {
  const fd = openSync(file, 'w');
  for (let bytes = 1 << 20; bytes >= 1; bytes >>= 1) {
    try {
      for (;;) writeSync(fd, Buffer.alloc(bytes));
    } catch {} // full, at this size
  }
  closeSync(fd);
}

async function runUntilFull() {
  place = await PlaceOnDisks.make({ home: 'size=100m' }, 'test/fixtures/full-disk');
  const run = place.start(['run', 'fill'], env);
  let said = '';
  run.stderr.on('data', (text) => {
    said += text;
  });
  await until(() => /Postgres does not take results/.test(said), 90).catch((error) => {
    throw new Error(said, { cause: error });
  });
  fillUp(place.at(`${HOME}/filler`));
  return { run };
}

async function expectAll(): Promise<void> {
  const { stdout } = await place.run(['status', 'last', '--json'], env);
  expect(JSON.parse(stdout)).toMatchObject({ state: 'succeeded', steps: [{ succeeded: 1 }, { succeeded: 400 }] });
}

test.skipIf(!sealed?.user)('with room again, a run goes on by itself', async () => {
  const { run } = await runUntilFull();
  place.remount(HOME, 'size=600m');
  expect(await run).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('Postgres takes results again') });
  await expectAll();
});

test.skipIf(!sealed?.user)('a coordinator that was killed meanwhile: with room again, the run is resumed', async () => {
  const { run } = await runUntilFull();
  for (const pid of place.processes(/\0__coordinator\0/)) process.kill(pid, 'SIGKILL');
  // Where the database cannot even be asked, its error says so.
  expect(await run).toMatchObject({ exitCode: expect.toBeOneOf([5, 6]), stderr: expect.stringMatching(/: outflow resume \w+$/) });
  place.remount(HOME, 'size=600m');
  expect(await place.run(['resume', 'last'], env)).toMatchObject({ exitCode: 0 });
  await expectAll();
});
