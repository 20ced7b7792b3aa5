// Columns as parameters: whatever the values, the literal is one that Postgres reads.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cleanText } from '../../../src/store/clean-text.ts';
import { integers, jsonTexts } from '../../../src/store/queries/columns.ts';
import { splitUnits, unitColumns } from '../../../src/store/queries/insert-units.ts';

test('integers of any number are integers of the type', () => {
  fc.assert(
    fc.property(fc.array(fc.double()), (values) => {
      const [literal] = integers(values, 'int4').values as [string];
      const numbers = literal === '{}' ? [] : literal.slice(1, -1).split(',');
      expect(numbers).toHaveLength(values.length);
      for (const number of numbers) expect(number).toMatch(/^-?\d{1,10}$/);
    }),
  );
  expect(integers([1.6, -3, Number.NaN, 1e300], 'int8').values).toEqual([`{2,-3,0,${Number.MAX_SAFE_INTEGER}}`]);
});

test('as many texts come out as go in, JSON unchanged', () => {
  const anyText = fc.oneof(fc.json(), fc.string({ unit: 'binary' }), fc.constantFrom('\x1e', '\x1f', '\0', '\ud800'));
  fc.assert(
    fc.property(fc.array(fc.option(anyText), { minLength: 1 }), (values) => {
      const [joined] = jsonTexts(values).values as [string];
      expect(joined.split('\x1e')).toHaveLength(values.length);
    }),
  );
  const values = fc.array(fc.json(), { minLength: 1 });
  fc.assert(
    fc.property(values, (all) => {
      expect((jsonTexts(all).values[0] as string).split('\x1e')).toEqual(all);
    }),
  );
});

test('clean text is what Postgres takes, and all else as it was', () => {
  expect(cleanText('a\0b\ud800c😀\n\x1e')).toBe('a\uFFFDb\uFFFDc😀\n\x1e');
});

test('units are split where their outputs are too much for one statement, in order and none lost', () => {
  const large = '"'.padEnd(6 * 1024 * 1024, 'x');
  const output = [large, large, large, null, '1', large];
  const all = output.map(() => 1);
  const columns = unitColumns(
    [
      {
        step: 0,
        state: 'succeeded',
        agent: null,
        index: [0, 1, 2, 3, 4, 5],
        attempt: all,
        startedAtMs: all,
        durationMs: all,
        output,
        failure: [],
      },
    ],
    new Map(),
  );
  expect(splitUnits(columns).map((part) => part.index)).toEqual([
    [0, 1],
    [2, 3, 4, 5],
  ]);
  expect(splitUnits(unitColumns([], new Map()))).toEqual([]);
});
