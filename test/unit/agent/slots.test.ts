// What units own while they run: slots, the CPUs they stand for, memory, GPUs.
import { expect, test } from 'vitest';
import { groupCores } from '../../../agent/cpus/cores.ts';
import { isSameNeed, type Need, Slots } from '../../../agent/slots.ts';

const need = (slots: number, more: Partial<Need> = {}): Need => ({ slots, memoryMib: 0, limitMib: 0, gpus: 0, ...more });
const counted = (slots: number): Slots => new Slots({ slots, cores: null, memoryMib: 0, gpus: [] });
const pinned = (cores: number[][]): Slots => new Slots({ slots: cores.flat().length, cores, memoryMib: 0, gpus: [] });
const single = (...cpus: number[]): Slots => pinned(cpus.map((cpu) => [cpu]));

test('without CPUs, slots are counted', () => {
  const slots = counted(3);
  const taken = slots.take(need(2), []);
  expect(taken).toEqual({ need: need(2), cpus: null, gpus: null });
  expect(slots.free).toBe(1);
  slots.give(taken);
  expect(slots.free).toBe(3);
});

test('CPUs are owned by one at a time', () => {
  const slots = single(0, 1, 2, 3);
  const [a, b] = [slots.take(need(2), []), slots.take(need(2), [])];
  expect([...a.cpus!, ...b.cpus!].sort()).toEqual([0, 1, 2, 3]);
});

test('CPUs that a host is bound to already are preferred when all are free', () => {
  const slots = single(0, 1, 2, 3);
  expect(slots.take(need(2), [[2, 3]]).cpus).toEqual([2, 3]);
  expect(slots.take(need(1), [[2], [1]]).cpus).toEqual([1]);
});

test('neighbours are taken from the shortest run that has enough', () => {
  const slots = single(0, 1, 2, 4, 5, 9);
  expect(slots.take(need(2), []).cpus).toEqual([4, 5]);
  expect(slots.take(need(1), []).cpus).toEqual([9]);
  expect(slots.take(need(3), []).cpus).toEqual([0, 1, 2]);
});

test('where no run is long enough, any CPUs serve', () => {
  expect(single(0, 2, 4).take(need(2), []).cpus).toEqual([0, 2]);
});

test('more than is free is a bug', () => {
  expect(() => counted(1).take(need(2), [])).toThrow(/2 slots.* of 1 slots/);
});

test('threads of a core are grouped, as far as they are ours', () => {
  const siblings = (cpu: number): number[] => [cpu % 4, (cpu % 4) + 4];
  expect(groupCores([0, 1, 4, 5, 6], siblings)).toEqual([[0, 4], [1, 5], [6]]);
});

test('a unit of two CPUs gets a whole core, one of four two cores', () => {
  const slots = pinned([
    [0, 4],
    [1, 5],
    [2, 6],
    [3, 7],
  ]);
  expect(slots.take(need(2), []).cpus).toEqual([0, 4]);
  expect(slots.take(need(4), []).cpus).toEqual([1, 2, 5, 6]);
});

test('units of one CPU share a core, so that others stay whole', () => {
  const slots = pinned([
    [0, 1],
    [2, 3],
  ]);
  const narrow = [slots.take(need(1), []), slots.take(need(1), [[2]])];
  expect(narrow.map((it) => it.cpus)).toEqual([[0], [1]]);
  expect(slots.take(need(2), []).cpus).toEqual([2, 3]);
});

test('no core is split between two units of three CPUs; one of one CPU takes what is left', () => {
  const slots = pinned([
    [0, 1],
    [2, 3],
    [4, 5],
  ]);
  const wide = slots.take(need(3), []);
  expect(wide.cpus).toEqual([0, 1, 2]);
  expect(slots.free).toBe(3);
  expect(slots.canTake(need(3))).toBe(false);
  expect(slots.take(need(1), []).cpus).toEqual([3]);
  slots.give(wide);
  expect(slots.canTake(need(3))).toBe(true);
});

test('a unit waits for memory as for slots', () => {
  const slots = new Slots({ slots: 4, cores: null, memoryMib: 1000, gpus: [] });
  const half = slots.clamp({ cpus: 1, memoryMib: 500, gpus: 0 });
  expect(slots.countOf(half)).toBe(2);
  const taken = slots.take(half, []);
  slots.take(half, []);
  expect(slots.canTake(half)).toBe(false);
  expect(slots.canTake(need(1))).toBe(true);
  slots.give(taken);
  expect(slots.canTake(half)).toBe(true);
});

test('memory that is not known is not packed, but stays a limit', () => {
  const slots = counted(2);
  expect(slots.clamp({ cpus: 1, memoryMib: 500, gpus: 0 })).toEqual({ slots: 1, memoryMib: 0, limitMib: 500, gpus: 0 });
  expect(slots.countOf(slots.clamp({ cpus: 1, memoryMib: 500, gpus: 0 }))).toBe(2);
});

test('each unit has GPUs of its own; one without sees none', () => {
  const slots = new Slots({ slots: 4, cores: null, memoryMib: 0, gpus: ['0', '1'] });
  const [first, second] = [slots.take(need(1, { gpus: 1 }), []), slots.take(need(1, { gpus: 1 }), [])];
  expect([first.gpus, second.gpus]).toEqual([['0'], ['1']]);
  expect(slots.canTake(need(1, { gpus: 1 }))).toBe(false);
  expect(slots.take(need(1), []).gpus).toEqual([]);
  slots.give(first);
  expect(slots.take(need(1, { gpus: 1 }), []).gpus).toEqual(['0']);
});

test('a unit that wants more than there is gets what there is', () => {
  const slots = new Slots({ slots: 2, cores: null, memoryMib: 100, gpus: ['7'] });
  expect(slots.clamp({ cpus: 9, memoryMib: 900, gpus: 3 })).toEqual({ slots: 2, memoryMib: 100, limitMib: 900, gpus: 1 });
});

test('hosts are shared by units of the same need only', () => {
  expect(isSameNeed(need(1), need(1))).toBe(true);
  expect(isSameNeed(need(1), need(1, { limitMib: 5 }))).toBe(false);
  expect(isSameNeed(need(1), need(1, { gpus: 1 }))).toBe(false);
});
