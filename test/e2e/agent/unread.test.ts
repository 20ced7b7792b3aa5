// Units that have ended while nobody read what their host says of it, as on a machine that is busy elsewhere. The agent's units and
// hosts are in the process of the test here: it looks at them again and again without ever returning to what it could read.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
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

/** Runs a unit, then wants something of it, lets it end unread, and gives what is reported of it. */
async function reportOf(kind: string, wish: Wish): Promise<Report> {
  const coordinator = await ScriptedCoordinator.create(PIPELINE, 'acts');
  const { directory } = coordinator;
  const [began, until] = ['began', 'until'].map((name) => path.join(directory, name)) as [string, string];
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
    const leases = coordinator.lease('map', [act(kind, { began, until })]);
    await contentOf(coordinator, began);
    if (wish.kind === 'return') writeFileSync(until, '');
    work.want(work.find(leases), wish);
    for (const endMs = performance.now() + UNREAD_MS; performance.now() < endMs; ) work.tick(performance.now(), true);
    await coordinator.waitFor('the report', () => !outbox.isEmpty);
    outbox.seal();
    return outbox.nextToSend()!;
  } finally {
    await pool.stop();
    await coordinator.close();
  }
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
