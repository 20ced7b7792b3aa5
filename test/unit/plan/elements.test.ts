// The elements of maps from the encoded texts of their inputs.
import { expect, test } from 'vitest';
import { elementsOf, sharedInputs } from '../../../src/plan/elements.ts';
import type { MapStep } from '../../../src/plan/plan.ts';
import { mapStep, step, workflow } from './workflows.ts';

const over = (...names: [input: string, array: string][]) =>
  mapStep({ kind: 'iterate', over: names.map(([input, array]) => ({ input, array })) }, workflow([step('t')]));
const generated = mapStep({ kind: 'generated', input: 'elements' }, workflow([step('t')]));

function all(map: MapStep, inputs: Record<string, string>): string[] {
  const list = elementsOf(map, inputs);
  return Array.from({ length: list.length }, (_, i) => list.at(i));
}

test('several arrays are zipped into element objects', () => {
  expect(all(over(['a', 'as'], ['$b', 'bs']), { as: '[1, {"x":2}]', bs: '["p","q"]' })).toEqual([
    '{"a":1,"$$b":"p"}',
    '{"a":{"x":2},"$$b":"q"}',
  ]);
});

test('one array may serve two inputs', () => {
  expect(all(over(['a', 'as'], ['b', 'as']), { as: '[1]' })).toEqual(['{"a":1,"b":1}']);
});

test('tags and blobs within elements pass on as they are', () => {
  expect(all(over(['a', 'as']), { as: '[{"$date":null},{"$blob":"00","size":1}]' })).toEqual([
    '{"a":{"$date":null}}',
    '{"a":{"$blob":"00","size":1}}',
  ]);
});

test('an empty array has no elements', () => {
  expect(elementsOf(over(['a', 'as']), { as: ' [ ] ' }).length).toBe(0);
});

test('generated elements are the objects themselves', () => {
  expect(all(generated, { elements: '[{"a":1}, {}]' })).toEqual(['{"a":1}', '{}']);
});

test.each([
  ['{"x":1}', 'an object'],
  ['3', 'a number'],
  ['null', 'null'],
  ['{"$set":[1]}', 'a set'],
  ['"[1]"', 'a string'],
])('iterating over %s is an error that says what it is', (text, what) => {
  expect(() => elementsOf(over(['a', 'as']), { as: text })).toThrow(
    expect.objectContaining({ code: 'not-an-array', message: `map map iterates over as, which is ${what} and not an array` }),
  );
});

test('arrays of unequal lengths are told by their lengths', () => {
  expect(() => elementsOf(over(['a', 'as'], ['b', 'bs'], ['c', 'cs']), { as: '[1]', bs: '[1,2]', cs: '[]' })).toThrow(
    expect.objectContaining({
      code: 'unequal-lengths',
      message: 'map map iterates over arrays of unequal lengths: as has 1, bs has 2, cs has 0',
    }),
  );
});

test('a generated element that is no object is an error', () => {
  expect(() => elementsOf(generated, { elements: '[{},3]' })).toThrow(
    expect.objectContaining({ message: expect.stringContaining('gave number as element 1') }),
  );
});

test('shared inputs are those that the body reads and no element holds', () => {
  const body = { ...workflow([step('t')]), inputs: ['a', 'k', 'absent'] };
  const map = { ...over(['a', 'as']), body };
  expect(sharedInputs(map, { as: '[1]', a: '0', k: '2', other: '3' })).toEqual({ k: '2' });
});

test('a million elements are not made before they are asked for', () => {
  const list = elementsOf(over(['n', 'ns']), { ns: JSON.stringify(Array.from({ length: 1_000_000 }, (_, i) => i)) });
  expect([list.length, list.at(0), list.at(999_999)]).toEqual([1_000_000, '{"n":0}', '{"n":999999}']);
});
