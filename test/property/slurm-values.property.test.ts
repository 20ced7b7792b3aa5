// Times and memory as sbatch writes them, over what people may write.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { memoryMib, memoryText, timeMinutes, timeText } from '../../src/plan/slurm-values.ts';

const count = fc.nat({ max: 59 });
const days = fc.nat({ max: 400 });

test('each of the ways to write a time gives its minutes, rounded up', () => {
  fc.assert(
    fc.property(days, fc.nat({ max: 23 }), count, count, (d, h, m, s) => {
      const up = (minutes: number) => (minutes === 0 ? undefined : Math.ceil(minutes));
      expect(timeMinutes(`${d}-${h}:${m}:${s}`)).toBe(up(d * 1_440 + h * 60 + m + s / 60));
      expect(timeMinutes(`${d}-${h}:${m}`)).toBe(up(d * 1_440 + h * 60 + m));
      expect(timeMinutes(`${d}-${h}`)).toBe(up(d * 1_440 + h * 60));
      expect(timeMinutes(`${h}:${m}:${s}`)).toBe(up(h * 60 + m + s / 60));
      expect(timeMinutes(`${m}:${s}`)).toBe(up(m + s / 60));
      expect(timeMinutes(d)).toBe(up(d));
    }),
  );
});

test('a time that we write is read as the same minutes', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), (minutes) => {
      expect(timeMinutes(timeText(minutes))).toBe(minutes);
    }),
  );
  expect(timeMinutes(timeText(Number.POSITIVE_INFINITY))).toBe(Number.POSITIVE_INFINITY);
});

test('memory is MiB, rounded up; K, M, G and T are powers of 1024', () => {
  fc.assert(
    fc.property(fc.nat({ max: 1_000_000 }), (n) => {
      expect(memoryMib(n)).toBe(n);
      expect(memoryMib(`${n}M`)).toBe(n);
      expect(memoryMib(`${n}g`)).toBe(n * 1024);
      expect(memoryMib(`${n}T`)).toBe(n * 1024 * 1024);
      expect(memoryMib(`${n}K`)).toBe(Math.ceil(n / 1024));
    }),
  );
});

test('any text is a time or memory or is not, and nothing throws', () => {
  fc.assert(
    fc.property(fc.anything({ withObjectString: true }), (value) => {
      if (typeof value === 'symbol' || (typeof value === 'object' && value !== null)) return;
      for (const result of [timeMinutes(value), memoryMib(value)]) expect(result === undefined || result >= 0).toBe(true);
    }),
  );
  for (const text of ['', '-1', '1:2:3:4', '1-', '1-2:3:4:5', '2h', '1.5', '0', '0:00'])
    expect(timeMinutes(text), text).toBeUndefined();
  for (const text of ['', '-1', '4GB', '4 G', '1.5G', 'G', '1e3']) expect(memoryMib(text), text).toBeUndefined();
});

test('memory for people', () => {
  expect([500, 1024, 1536, 16_000, 2 * 1024 ** 2].map(memoryText)).toEqual(['500M', '1G', '1.5G', '15.6G', '2T']);
});
