// Slots and the CPUs they stand for.
import { expect, test } from 'vitest';
import { Slots } from '../../../agent/slots.ts';

test('without CPUs, slots are counted', () => {
  const slots = new Slots(3, null);
  const taken = slots.take(2, []);
  expect(taken).toEqual({ slots: 2, cpus: null });
  expect(slots.free).toBe(1);
  slots.give(taken);
  expect(slots.free).toBe(3);
});

test('CPUs are owned by one at a time', () => {
  const slots = new Slots(4, [0, 1, 2, 3]);
  const [a, b] = [slots.take(2, []), slots.take(2, [])];
  expect([...a.cpus!, ...b.cpus!].sort()).toEqual([0, 1, 2, 3]);
});

test('CPUs that a host is bound to already are preferred when all are free', () => {
  const slots = new Slots(4, [0, 1, 2, 3]);
  expect(slots.take(2, [[2, 3]]).cpus).toEqual([2, 3]);
  expect(slots.take(1, [[2], [1]]).cpus).toEqual([1]);
});

test('neighbours are taken from the shortest run that has enough', () => {
  const slots = new Slots(6, [0, 1, 2, 4, 5, 9]);
  expect(slots.take(2, []).cpus).toEqual([4, 5]);
  expect(slots.take(1, []).cpus).toEqual([9]);
  expect(slots.take(3, []).cpus).toEqual([0, 1, 2]);
});

test('where no run is long enough, any CPUs serve', () => {
  expect(new Slots(3, [0, 2, 4]).take(2, []).cpus).toEqual([0, 2]);
});

test('more than is free is a bug', () => {
  const slots = new Slots(1, null);
  expect(() => slots.take(2, [])).toThrow(/2 slots of 1/);
});
