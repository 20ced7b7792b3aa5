// Durations as people write them, and as they are shown.
import { expect, test } from 'vitest';
import { formatDuration, MAX_DURATION_MS, parseDuration } from '../../../src/base/duration.ts';

test.each([
  [2, 2_000],
  [0, 0],
  [0.25, 250],
  ['250ms', 250],
  ['1.5s', 1_500],
  ['5m', 300_000],
  ['2h30m', 9_000_000],
  ['1d', 86_400_000],
])('%j lasts %d ms', (duration, ms) => {
  expect(parseDuration(duration)).toBe(ms);
});

test.each(['', '5', '5 m', 'm', '-5s', '5x', '1h 30m', Number.NaN, -1, Number.POSITIVE_INFINITY, null, {}])(
  '%j is no duration',
  (duration) => {
    expect(parseDuration(duration)).toBeUndefined();
  },
);

test('a duration that no timer can wait is no duration', () => {
  expect(parseDuration('25d')).toBeUndefined();
  expect(parseDuration(MAX_DURATION_MS / 1_000)).toBe(MAX_DURATION_MS);
});

test.each([
  [0.4, '0 ms'],
  [850, '850 ms'],
  [1_500, '1.5 s'],
  [2_000, '2 s'],
  [59_990, '1 m 00 s'],
  [125_000, '2 m 05 s'],
  [5_400_000, '1 h 30 m'],
])('%d ms is shown as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
