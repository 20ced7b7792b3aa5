// When a host writes what it has gathered.
import { expect, test } from 'vitest';
import { FlushPolicy } from '../../../agent/host/flush-policy.ts';

const bounds = { flushMs: 5, batchUnits: 10, messageFillBytes: 1_000 };

test('quick results are gathered until the first has waited long enough', () => {
  const policy = new FlushPolicy(bounds);
  expect(policy.onResult(1, 0.01, 100)).toBe(false);
  expect(policy.onResult(1, 0.01, 104)).toBe(false);
  expect(policy.onResult(1, 0.01, 105)).toBe(true);
});

test("a slow unit's result goes at once", () => expect(new FlushPolicy(bounds).onResult(1, 3, 0)).toBe(true));

test('a batch or enough bytes go at once', () => {
  const policy = new FlushPolicy(bounds);
  for (let i = 0; i < 9; i++) expect(policy.onResult(1, 0, 0)).toBe(false);
  expect(policy.onResult(1, 0, 0)).toBe(true);
  policy.onFlush();
  expect(policy.onResult(2_000, 0, 0)).toBe(true);
});

test('lines go at once, unless there are very many', () => {
  const policy = new FlushPolicy(bounds);
  const prompt = Array.from({ length: 200 }, () => {
    const now = policy.onLine(1, 100);
    if (now) policy.onFlush();
    return now;
  });
  expect(prompt.slice(0, 50).every(Boolean)).toBe(true);
  expect(prompt.slice(60).some(Boolean)).toBe(false);
  expect(policy.onLine(1, 106)).toBe(true);
});
