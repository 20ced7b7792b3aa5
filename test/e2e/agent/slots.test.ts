// CPU slots: how many units run at once, of which width, on which CPUs.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { ScriptedCoordinator } from './scripted-coordinator.ts';
import { act, outOf, withAgent } from './with-agent.ts';

/** A unit that writes a file when it runs, and ends when another is there. */
function waiting(coordinator: ScriptedCoordinator, name: string) {
  const began = path.join(coordinator.directory, `${name}-began`);
  const until = path.join(coordinator.directory, `${name}-until`);
  return { element: act('wait', { began, until }), hasBegun: () => existsSync(began), end: () => writeFileSync(until, '') };
}

test('as many units run at once as there are slots', () =>
  withAgent({ workers: 3 }, async (coordinator) => {
    const units = ['a', 'b', 'c', 'd'].map((name) => waiting(coordinator, name));
    const leases = coordinator.lease(
      'map',
      units.map((unit) => unit.element),
    );
    await coordinator.waitFor('three to begin', () => units.slice(0, 3).every((unit) => unit.hasBegun()));
    expect(units[3]!.hasBegun()).toBe(false);
    for (const unit of units) unit.end();
    await coordinator.resultsOf(leases);
  }));

test('after quick units, a long one does not keep others from the slots that are left', () =>
  withAgent({ workers: 2 }, async (coordinator) => {
    await coordinator.resultsOf(
      coordinator.lease(
        'map',
        Array.from({ length: 20 }, () => act('give', { value: 1 })),
      ),
    );
    const [long, other] = ['a', 'b'].map((name) => waiting(coordinator, name));
    const leases = coordinator.lease('map', [long!.element, other!.element], {}, 20);
    await coordinator.waitFor('both to begin', () => long!.hasBegun() && other!.hasBegun());
    for (const unit of [long!, other!]) unit.end();
    await coordinator.resultsOf(leases);
  }));

test('a unit that waits for the only host goes elsewhere when the unit there turns out long', () =>
  withAgent({ workers: 2 }, async (coordinator) => {
    await coordinator.resultsOf(coordinator.lease('map', [act('give')])); // one host, and quick units
    const long = waiting(coordinator, 'a');
    const [first, second] = coordinator.lease('map', [long.element, act('give', { value: 2 })], {}, 1);
    expect(outOf(await coordinator.resultOf(second))).toBe(2);
    long.end();
    await coordinator.resultOf(first);
  }));

test('a unit of two CPUs waits for two slots, and units of one CPU use what is left', () =>
  withAgent({ command: 'wide', workers: 3 }, async (coordinator) => {
    const [narrow, wide, wider, late] = ['a', 'b', 'c', 'd'].map((name) => waiting(coordinator, name));
    const leases = [
      ...coordinator.lease('map', [narrow!.element]),
      ...coordinator.lease('wide', [wide!.element, wider!.element]),
      ...coordinator.lease('map', [late!.element], {}, 1),
    ];
    await coordinator.waitFor('two to begin', () => narrow!.hasBegun() && wide!.hasBegun());
    expect(wider!.hasBegun() || late!.hasBegun()).toBe(false); // three slots are taken
    narrow!.end();
    await coordinator.waitFor('the late one to begin', () => late!.hasBegun());
    expect(wider!.hasBegun()).toBe(false);
    wide!.end();
    await coordinator.waitFor('the wider one to begin', () => wider!.hasBegun());
    for (const unit of [wider!, late!]) unit.end();
    await coordinator.resultsOf(leases);
  }));

test('one unit at a time where the coordinator says so', () =>
  withAgent({ workers: 2, prepare: (coordinator) => coordinator.alter({ maxRunning: 1 }) }, async (coordinator) => {
    const units = ['a', 'b'].map((name) => waiting(coordinator, name));
    const leases = coordinator.lease(
      'map',
      units.map((unit) => unit.element),
    );
    await coordinator.waitFor('one to begin', () => units[0]!.hasBegun());
    units[0]!.end();
    await coordinator.resultOf(leases[0]);
    await coordinator.waitFor('the other', () => units[1]!.hasBegun());
    units[1]!.end();
    const results = await coordinator.resultsOf(leases);
    expect(results.map((result) => outOf(result))).toEqual(['waited', 'waited']);
  }));

test('a unit wider than the agent runs all the same', () =>
  withAgent({ command: 'wide', workers: 1 }, async (coordinator) => {
    const [result] = await coordinator.resultsOf(coordinator.lease('wide', [act('give', { value: 1 })]));
    expect(outOf(result!)).toBe(1);
  }));

// Claims of CPUs of its own: other agents of this user may run at the same time.
const runtimeDir = mkdtempSync(path.join(tmpdir(), 'outflow-runtime-'));
afterAll(() => rmSync(runtimeDir, { recursive: true }));

test.skipIf(process.platform !== 'linux' || availableParallelism() < 2)(
  'units are bound to CPUs of their own; a wide one has both',
  () =>
    withAgent(
      {
        command: 'wide',
        workers: 2,
        environment: { XDG_RUNTIME_DIR: runtimeDir },
      },
      async (coordinator) => {
        const looks = coordinator.lease('map', [act('look'), act('look')]);
        const masks = (await coordinator.resultsOf(looks)).map((result) => outOf(result).mask as string);
        expect(masks.every((mask) => /^\d+$/.test(mask))).toBe(true);
        const both = waiting(coordinator, 'held');
        const [held] = coordinator.lease('map', [both.element], {}, 2);
        await coordinator.waitFor('the start', () => both.hasBegun());
        const [beside] = await coordinator.resultsOf(coordinator.lease('map', [act('look')], {}, 3));
        expect(outOf(beside!).mask).toMatch(/^\d+$/);
        both.end();
        await coordinator.resultOf(held);
        const [wide] = await coordinator.resultsOf(coordinator.lease('wide', [act('look')]));
        expect(outOf(wide!).mask).toMatch(/^\d+[-,]\d+$/);
      },
    ),
);
