// The wish for units: from what was measured, and told when it changes.
import { expect, test } from 'vitest';
import { hostDepth, isWorthTelling, MeanTime, prefetchOf } from '../../../agent/demand.ts';

const bounds = { prefetchMs: 200, prefetchUnits: 1_000 };

function measured(...durationsMs: number[]): MeanTime {
  const time = new MeanTime();
  for (const ms of durationsMs) time.add(ms);
  return time;
}

test('nothing is wished for until measured', () => expect(prefetchOf(new MeanTime(), 2, bounds)).toBe(0));
test('200 ms of work for each lane are wished for', () => expect(prefetchOf(measured(10), 2, bounds)).toBe(40));
test('no more than the bound is wished for', () => expect(prefetchOf(measured(0), 2, bounds)).toBe(1_000));
test('units longer than 200 ms are not fetched ahead', () => expect(prefetchOf(measured(500), 1, bounds)).toBe(0));

test('the mean forgets a slow unit', () => {
  const time = measured(10_000, ...Array(1_000).fill(1));
  expect(time.meanMs).toBeLessThan(1.1);
});

test('a change of less than a quarter is not told', () => {
  expect(isWorthTelling(100, 80)).toBe(false);
  expect(isWorthTelling(100, 75)).toBe(true);
  expect(isWorthTelling(100, 125)).toBe(true);
  expect(isWorthTelling(100, 100)).toBe(false);
});
test('the first wish and the end of all wishes are told', () => {
  expect(isWorthTelling(0, 1)).toBe(true);
  expect(isWorthTelling(1, 0)).toBe(true);
});

test('a host gets one unit until measured, and one where units are long', () => {
  expect(hostDepth(new MeanTime(), 512)).toBe(1);
  expect(hostDepth(measured(100), 512)).toBe(1);
});
test('a host gets many quick units at once, at most a batch', () => {
  expect(hostDepth(measured(1), 512)).toBe(20);
  expect(hostDepth(measured(0.01), 512)).toBe(512);
});
