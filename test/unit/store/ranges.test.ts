// Ranges of indices: joining and subtracting agree with sets.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinRanges, type Range, subtractRanges } from '../../../src/store/ranges.ts';

const ranges = fc.array(
  fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 12 })).map(([from, length]): Range => ({ from, to: from + length })),
  { maxLength: 12 },
);
const setOf = (all: readonly Range[]) =>
  new Set(all.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i)));
const sorted = (set: ReadonlySet<number>) => [...set].toSorted((a, b) => a - b);

test('joined ranges are sorted, apart from each other, and hold the same indices', () => {
  fc.assert(
    fc.property(ranges, (some) => {
      const joined = joinRanges(some);
      expect(sorted(setOf(joined))).toEqual(sorted(setOf(some)));
      for (const [i, { to }] of joined.entries()) expect(joined[i + 1]?.from ?? Number.POSITIVE_INFINITY).toBeGreaterThan(to);
    }),
  );
});

test('subtracting leaves exactly what is in the one and not in the other', () => {
  fc.assert(
    fc.property(ranges, ranges, (some, others) => {
      const left = subtractRanges(joinRanges(some), joinRanges(others));
      expect(sorted(setOf(left))).toEqual(sorted(setOf(some).difference(setOf(others))));
      expect(left.every(({ from, to }) => from < to)).toBe(true);
    }),
  );
});
