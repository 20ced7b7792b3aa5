// Units that have ended while nobody read what their host says of it, as on a machine that is busy elsewhere. The agent's units and
// hosts are in the process of the test here: it looks at them again and again without ever returning to what it could read.
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { BlobFiles } from '../../../agent/blob-files.ts';
import { Blobs } from '../../../agent/blobs.ts';
import { Deadline } from '../../../agent/deadline.ts';
import { hostEnvironment } from '../../../agent/hosts/environment.ts';
import { HostPool } from '../../../agent/hosts/host-pool.ts';
import { HostPrograms } from '../../../agent/hosts/programs.ts';
import { Outbox } from '../../../agent/outbox.ts';
import { Slots } from '../../../agent/slots.ts';
import type { Wish } from '../../../agent/units.ts';
import { Work } from '../../../agent/work.ts';
import { LIMITS } from '../../../src/model/limits.ts';
import type { Report } from '../../../src/rpc/messages.ts';
import { ScriptedCoordinator } from './scripted-coordinator.ts';
import { act, contentOf, PIPELINE } from './with-agent.ts';

/** Long for a unit that ends at once. */
const UNREAD_MS = 300;

interface Parts {
  coordinator: ScriptedCoordinator;
  work: Work;
  outbox: Outbox;
  /** In the directory of the test. */
  file(name: string): string;
}

/** With one slot. */
async function withWork<T>(use: (parts: Parts) => Promise<T>): Promise<T> {
  const coordinator = await ScriptedCoordinator.create(PIPELINE, 'acts');
  const { directory } = coordinator;
  const outbox = new Outbox(LIMITS);
  const pool = new HostPool({
    programs: new HostPrograms(),
    scratchDir: directory,
    environment: hostEnvironment(process.env, {}, false),
    watch: { add: () => {}, remove: () => {} },
  });
  const blobs = new Blobs(new BlobFiles(directory, 0), () => Promise.reject(new Error('there are no blobs here')));
  const slots = new Slots({ slots: 1, cores: null, memoryMib: 0, gpus: [] });
  const work = new Work({ slots, outbox, blobs, pool, deadline: new Deadline(LIMITS), settleMs: 0, onChange: () => {} });
  coordinator.send = (message) => {
    if (message.kind === 'step') work.addStep(message.step);
    if (message.kind === 'leases') work.addLeases(message.leases);
  };
  try {
    work.begin(coordinator.beginMessage, 0);
    return await use({ coordinator, work, outbox, file: (name) => path.join(directory, name) });
  } finally {
    await pool.stop();
    await coordinator.close();
  }
}

/** Runs a unit, then wants something of it, lets it end unread, and gives what is reported of it. */
function reportOf(kind: string, wish: Wish): Promise<Report> {
  return withWork(async ({ coordinator, work, outbox, file }) => {
    const [began, until] = [file('began'), file('until')];
    const leases = coordinator.lease('map', [act(kind, { began, until })]);
    await contentOf(coordinator, began);
    if (wish.kind === 'return') writeFileSync(until, '');
    work.want(work.find(leases), wish);
    for (const endMs = performance.now() + UNREAD_MS; performance.now() < endMs; ) work.tick(performance.now(), true);
    await coordinator.waitFor('the report', () => !outbox.isEmpty);
    outbox.seal();
    return outbox.nextToSend()!;
  });
}

test('a cancelled unit that has ended is told as cancelled, not as returned', async () => {
  const { failed, returned } = await reportOf('waitOrAbort', { kind: 'cancel', graceMs: 60_000 });
  expect(failed).toMatchObject([{ cancelled: true, failure: { cause: 'cancelled' } }]);
  expect(returned).toEqual([]);
});

test('a unit that has ended is not given back, even if it was to be', async () => {
  const { succeeded, returned } = await reportOf('wait', { kind: 'return' });
  expect(succeeded.flatMap((batch) => batch.output)).toEqual(['[{"out":"waited"}]']);
  expect(returned).toEqual([]);
});

test('the force that was ordered against a unit does not meet the one that follows it', () =>
  withWork(async ({ coordinator, work, file }) => {
    coordinator.lease('map', Array(200).fill(act('give')));
    await coordinator.waitFor('quick units', () => work.unitsDone === 200); // so that a host is given more than one
    const leases = coordinator.lease(
      'map',
      ['a', 'b', 'c', 'd'].map((name) => act('wait', { began: file(`${name}-began`), until: file(`${name}-until`) })),
      {},
      200,
    );
    const [first, second] = work.find(leases);
    await contentOf(coordinator, file('a-began'));
    await coordinator.waitFor('the second to be in the host', () => second?.place === 'in-host');
    const [host] = work.dispatcher.lanes;
    await nextTurn(); // timers come before what can be read now
    host?.cutShort(first!, { kind: 'memory', bytes: 2, limitMib: 1 }, 0);
    writeFileSync(file('a-until'), '');
    while (!existsSync(file('b-began')));
    for (const name of ['b', 'c', 'd']) writeFileSync(file(`${name}-until`), '');
    await coordinator.waitFor('the end of all', () => work.holdsNothing);
    expect(work.unitsDone).toBe(204);
  }));
