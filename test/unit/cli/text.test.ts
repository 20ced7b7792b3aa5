// The small texts: labels of steps and units, arguments as typed, times.
import { describe, expect, test } from 'vitest';
import { sinceMs } from '../../../cli/logs/since.ts';
import { plainJson } from '../../../cli/results/plain-json.ts';
import { argsText } from '../../../cli/text/args-text.ts';
import { ago, clock, count, counted, cut, rate } from '../../../cli/text/format.ts';
import { findStep, stepLabels, unitLabel } from '../../../cli/text/step-labels.ts';
import { encodeValue } from '../../../src/model/values.ts';
import { mapStep, planOf, taskStep } from '../../support/plans.ts';

describe('steps', () => {
  const inner = (id: string, ...names: string[]) =>
    mapStep(id, 'List', {
      body: { steps: names.map((name) => taskStep(`${id}/${name}`, { name })), inputs: ['item'], terminating: [] },
    });
  const plan = planOf(taskStep('List'), inner('one', 'Work'), inner('two', 'Load', 'Store'), inner('three', 'List'));

  test('go by their id, a map of one task by that task, unless another step is called so', () => {
    expect(stepLabels(plan)).toEqual(['List', 'Work', 'two', 'three']);
  });

  test('are found by label, id, or a task within', () => {
    expect(['List', 'Work', 'one', 'Store', 'three'].map((text) => findStep(plan, text))).toEqual([0, 1, 1, 2, 3]);
    expect(() => findStep(plan, 'Wrok')).toThrow('the run has no step Wrok');
  });

  test('of a map have numbered units', () => {
    const labels = stepLabels(plan);
    expect(unitLabel(plan, labels, 1, 7)).toBe('Work/7');
    expect(unitLabel(plan, labels, 0, 0)).toBe('List');
  });
});

test('arguments are shown as they would be typed', () => {
  const args = { multiplier: 3, name: "o'brien", dry: false, wet: true, many: ['a', 'b c'] };
  expect(argsText(encodeValue(args))).toBe(" --multiplier 3 --name 'o'\\''brien' --no-dry --wet --many a --many 'b c'");
  expect(argsText('{}')).toBe('');
});

test('values that JSON does not have are shown as what comes nearest', () => {
  const value = {
    when: new Date(0),
    big: 10n,
    bytes: new Uint8Array([1, 2]),
    map: new Map([['a', new Set([1])]]),
    nan: Number.NaN,
  };
  expect(plainJson(value)).toEqual({ when: '1970-01-01T00:00:00.000Z', big: '10', bytes: 'AQI=', map: [['a', [1]]], nan: 'NaN' });
});

test('--since takes durations and dates', () => {
  expect(sinceMs('10m', 1_000_000)).toBe(400_000);
  expect(sinceMs('90', 100_000)).toBe(10_000);
  expect(sinceMs('2026-01-31', 0)).toBe(Date.parse('2026-01-31'));
  expect(() => sinceMs('noon', 0)).toThrow("--since must be a duration or a date, not 'noon'");
});

test('numbers and times read well', () => {
  expect([count(12_480), counted(1, 'unit'), counted(2, 'unit')]).toEqual(['12,480', '1 unit', '2 units']);
  expect([rate(0.42), rate(12.4), rate(8_400)]).toEqual(['0.42/s', '12/s', '8,400/s']);
  expect([clock(7_900), clock(750_000), clock(3_729_000)]).toEqual(['0:07', '12:30', '1:02:09']);
  expect([ago(1_000), ago(300_000), ago(86_400_000)]).toEqual(['just now', '5 min ago', '1 day ago']);
  expect([cut('short', 5), cut('too long', 5), cut('日本語', 4)]).toEqual(['short', 'too …', '日…']);
});
