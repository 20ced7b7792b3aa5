// Large values: they travel beside the messages, once.
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { blobRefs, encodeBlobRef } from '../../../src/model/values.ts';
import type { ScriptedCoordinator } from './scripted-coordinator.ts';
import { act, outOf, withAgent } from './with-agent.ts';

function store(coordinator: ScriptedCoordinator, text: string): string {
  const bytes = Buffer.from(text);
  const hash = createHash('sha256').update(bytes).digest('hex');
  coordinator.blobs.set(hash, bytes);
  return encodeBlobRef({ hash, size: bytes.length });
}

test('a large output of an element is a blob as a whole, uploaded before its result', () =>
  withAgent({}, async (coordinator) => {
    const [lease] = coordinator.lease('map', [act('large', { bytes: 3_000_000 })]);
    const { output } = await coordinator.resultOf(lease);
    const [ref] = blobRefs(output!);
    expect(output).toBe(encodeBlobRef(ref!));
    const text = Buffer.from(coordinator.blobs.get(ref!.hash)!).toString();
    expect(JSON.parse(text)[0].out).toHaveLength(3_000_000);
  }));

test('of a task step, only the large output is a blob', () =>
  withAgent({ command: 'single' }, async (coordinator) => {
    const [lease] = coordinator.lease('Large');
    const output = JSON.parse((await coordinator.resultOf(lease)).output!);
    expect(output).toMatchObject({ small: 's', large: { $blob: expect.stringMatching(/^[0-9a-f]{64}$/) } });
    expect(coordinator.blobs.has(output.large.$blob)).toBe(true);
  }));

test('a blob in an input is fetched once for all units', () =>
  withAgent({ workers: 1 }, async (coordinator) => {
    const value = store(coordinator, JSON.stringify('z'.repeat(2_000_000)));
    const element = `{"act":{"do":"lengthOf","value":${value}}}`;
    const results = await coordinator.resultsOf(coordinator.lease('map', [element, element, element]));
    expect(results.map((result) => outOf(result))).toEqual([2_000_000, 2_000_000, 2_000_000]);
    expect(coordinator.asked.filter((hash) => value.includes(hash))).toHaveLength(1);
  }));

test('a blob within a blob is fetched as well', () =>
  withAgent({}, async (coordinator) => {
    const inner = store(coordinator, JSON.stringify('abc'));
    const element = store(coordinator, `{"act":{"do":"lengthOf","value":${inner}}}`);
    const [result] = await coordinator.resultsOf(coordinator.lease('map', [element]));
    expect(outOf(result!)).toBe(3);
  }));

test('an input whose blob is nowhere fails its unit, and no other', () =>
  withAgent({}, async (coordinator) => {
    const missing = encodeBlobRef({ hash: '0'.repeat(64), size: 5 });
    const [lost, fine] = await coordinator.resultsOf(coordinator.lease('map', [`{"act":${missing}}`, act('give', { value: 1 })]));
    expect(lost?.failure).toMatchObject({ cause: 'invalid-input' });
    expect(outOf(fine!)).toBe(1);
  }));

test('a store that is away for a while costs no unit: its blobs are asked for, and offered, until it is back', () =>
  withAgent({ workers: 1 }, async (coordinator) => {
    const [first] = coordinator.lease('map', [act('give', { value: 1 })]);
    await coordinator.resultOf(first); // the bundle is there
    coordinator.isStoreAway = true;
    const value = store(coordinator, JSON.stringify('z'.repeat(2_000_000)));
    const leases = coordinator.lease('map', [`{"act":{"do":"lengthOf","value":${value}}}`, act('large', { bytes: 3_000_000 })]);
    await coordinator.waitFor('both transfers to be tried often', () => coordinator.refused >= 14);
    coordinator.isStoreAway = false;
    const [fetched, uploaded] = await coordinator.resultsOf(leases);
    expect(outOf(fetched!)).toBe(2_000_000);
    expect(blobRefs(uploaded!.output!)).toHaveLength(1);
  }));

test('the bundle is fetched once for all hosts of an agent, and by the first agent on a machine only', async () => {
  const home = mkdtempSync(path.join(tmpdir(), 'outflow-home-'));
  const asked: string[][] = [];
  for (let i = 0; i < 2; i++) {
    await withAgent({ workers: 3, environment: { OUTFLOW_HOME: home } }, async (coordinator) => {
      await coordinator.resultsOf(coordinator.lease('map', [act('give'), act('give'), act('give')]));
      asked.push(coordinator.asked);
    });
  }
  rmSync(home, { recursive: true });
  expect(asked.map((hashes) => hashes.length)).toEqual([1, 0]);
});

test('of agents that start on a machine at the same moment, one fetches the bundle', async () => {
  const home = mkdtempSync(path.join(tmpdir(), 'outflow-home-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  const all = Promise.withResolvers<void>();
  const asked: string[] = [];
  let missing = 3;
  const agents = Array.from({ length: missing }, () =>
    withAgent(
      {
        workers: 1,
        environment: { OUTFLOW_HOME: home, TMPDIR: home },
        prepare: (coordinator) => {
          coordinator.blobsHeld = all.promise;
        },
      },
      async (coordinator) => {
        missing -= 1;
        if (missing === 0) all.resolve();
        await coordinator.resultOf(coordinator.lease('map', [act('give')])[0]);
        asked.push(...coordinator.asked);
      },
    ),
  );
  await Promise.all(agents);
  expect(asked).toHaveLength(1);
  expect(existsSync(path.join(home, `outflow-${process.getuid?.()}`, 'bundle.lock'))).toBe(false);
});
