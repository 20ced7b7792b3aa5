// Who goes next: first come, first served, and no wide unit is passed by for ever.
import { expect, test } from 'vitest';
import { WaitingUnits } from '../../../agent/waiting-units.ts';

interface Step {
  ordinal: number;
  slots: number;
  info: { isolate: boolean };
}
const step = (ordinal: number, slots: number): Step => ({ ordinal, slots, info: { isolate: false } });
const unit = (of: Step, order: number) => ({ step: of, order, place: '' });
type Unit = ReturnType<typeof unit>;

const narrow = step(0, 1);
const wide = step(1, 2);
const fits = (slots: number) => (of: Step) => of.slots <= slots;

function queue(mayPassBy: number, ...units: Unit[]): WaitingUnits<Unit> {
  const waiting = new WaitingUnits<Unit>(mayPassBy);
  for (const it of units) waiting.push(it);
  return waiting;
}

test('the oldest of all steps goes first', () => {
  const waiting = queue(4, unit(wide, 1), unit(narrow, 2));
  expect(waiting.next(fits(2))).toBe(wide);
});

test('a narrower unit may pass by one that does not fit', () => {
  const waiting = queue(4, unit(wide, 1), unit(narrow, 2));
  expect(waiting.next(fits(1))).toBe(narrow);
});

test('after enough have passed by, the narrow ones wait for the wide one', () => {
  const waiting = queue(3, unit(wide, 0), ...Array.from({ length: 10 }, (_, i) => unit(narrow, i + 1)));
  expect(waiting.take(narrow, 10)).toHaveLength(3);
  expect(waiting.next(fits(1))).toBe(undefined);
  expect(waiting.take(wide, 1)).toHaveLength(1);
  expect(waiting.next(fits(1))).toBe(narrow);
});

test('units that come back are where they were', () => {
  const waiting = queue(9, ...Array.from({ length: 5 }, (_, i) => unit(narrow, i)));
  const taken = waiting.take(narrow, 3);
  waiting.putBack(taken.slice(1));
  expect(waiting.take(narrow, 9).map((it) => it.order)).toEqual([1, 2, 3, 4]);
});

test('units that come back late are still in order', () => {
  const waiting = queue(9, ...Array.from({ length: 6 }, (_, i) => unit(narrow, i)));
  const first = waiting.take(narrow, 2);
  const second = waiting.take(narrow, 2);
  waiting.putBack(second);
  waiting.putBack(first);
  expect(waiting.take(narrow, 9).map((it) => it.order)).toEqual([0, 1, 2, 3, 4, 5]);
});

test('a unit that no longer waits is not given out', () => {
  const [first, second] = [unit(narrow, 0), unit(narrow, 1)];
  const waiting = queue(9, first, second);
  waiting.remove(first, 'ended');
  expect(waiting.size).toBe(1);
  expect(waiting.take(narrow, 9)).toEqual([second]);
});

test('a long queue is given out whole and in order, in pieces', () => {
  const waiting = queue(9, ...Array.from({ length: 5_000 }, (_, i) => unit(narrow, i)));
  const orders: number[] = [];
  while (waiting.size > 0) orders.push(...waiting.take(narrow, 77).map((it) => it.order));
  expect(orders).toEqual(Array.from({ length: 5_000 }, (_, i) => i));
});
