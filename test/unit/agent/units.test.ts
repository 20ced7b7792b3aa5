// The units that an agent holds, found by lease.
import { expect, test } from 'vitest';
import { helloMessages } from '../../../agent/hello.ts';
import { AgentStep, HeldUnits } from '../../../agent/units.ts';

const step = new AgentStep(
  { step: 0, id: 's', cpus: 1, map: true, shared: '{}', noOutputs: false, isolate: false, memoryMib: 0, gpus: 0, timeMs: 0 },
  { slots: 1, memoryMib: 0, limitMib: 0, gpus: 0 },
);
const batch = (epoch: number, firstN: number, count: number) => {
  const index = Array.from({ length: count }, (_, i) => i);
  return { step: 0, epoch, firstN, index, attempt: index.map(() => 1), element: index.map(() => '') };
};

test('a unit is found by epoch and number', () => {
  const held = new HeldUnits();
  const units = [...held.add(step, batch(1, 5, 3), 0), ...held.add(step, batch(2, 5, 3), 3)];
  expect(held.find({ epoch: 1, n: 7 })).toBe(units[2]);
  expect(held.find({ epoch: 2, n: 5 })).toBe(units[3]);
  expect(held.find({ epoch: 1, n: 8 })).toBe(undefined);
});

test('a lease that is held is not taken twice', () => {
  const held = new HeldUnits();
  held.add(step, batch(1, 1, 4), 0);
  expect(held.add(step, batch(1, 3, 4), 4).map((unit) => unit.n)).toEqual([5, 6]);
  expect(held.size).toBe(6);
});

test('what is deleted is gone, and what is left is listed', () => {
  const held = new HeldUnits();
  const [a, b] = held.add(step, batch(1, 1, 2), 0);
  held.delete(a!);
  held.delete(a!);
  expect([...held]).toEqual([b]);
  expect(held.size).toBe(1);
});

const agent = {
  agent: 'a',
  allocation: 'b',
  host: 'h',
  pid: 1,
  cpus: 1,
  version: '',
  epoch: 0,
  memoryBytes: 0,
  gpus: 0,
  programHash: '',
  protocol: 1,
  oldestProtocol: 1,
  job: '',
};
const refs = (count: number) => Array.from({ length: count }, (_, n) => ({ step: 0, index: n, epoch: 1, n }));

test('a hello without anything is one message', () => {
  const hellos = helloMessages(agent, { held: [], running: [], finished: [], finishedIn: [] });
  expect(hellos).toHaveLength(1);
  expect(hellos[0]?.more).toBe(false);
});

test('a long hello is cut, and says that more follows', () => {
  const hellos = helloMessages(
    agent,
    { held: refs(25), running: refs(2), finished: refs(8), finishedIn: [1, 1, 1, 2, 2, 3, 0, 0] },
    10,
  );
  expect(hellos.map((hello) => hello.more)).toEqual([true, true, true, false]);
  expect(hellos.flatMap((hello) => hello.held)).toEqual(refs(25));
  expect(hellos.flatMap((hello) => hello.finished)).toEqual(refs(8));
  expect(hellos.flatMap((hello) => hello.finishedIn)).toEqual([1, 1, 1, 2, 2, 3, 0, 0]);
  expect(hellos.every((hello) => hello.finishedIn.length === hello.finished.length)).toBe(true);
  expect(hellos.every((hello) => hello.held.length + hello.running.length + hello.finished.length <= 10)).toBe(true);
});
