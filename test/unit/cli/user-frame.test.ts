// Where a failure began, out of a stack.
import { expect, test } from 'vitest';
import { userFrame } from '../../../cli/text/user-frame.ts';

test.each([
  ['    at Object.run (/some where/a (b)/pipeline.ts:60:15)', '/some where/a (b)/pipeline.ts:60:15'],
  ['Error: x\n    at /some where/pipeline.ts:3:1\n    at run (/other.ts:1:1)', '/some where/pipeline.ts:3:1'],
  ['    at async Promise.all (index 0)\n    at async f (file:///a/b.ts:7)', '/a/b.ts:7'],
  ['    at new Thing (/a/b.ts:7:9)', '/a/b.ts:7:9'],
])('%s', (stack, place) => {
  expect(userFrame(stack)).toBe(place);
});

test('a place below here is shown from here', () => {
  const stack = `Error: no\n    at run (${process.cwd()}/a/pipeline.ts:12:9)\n    at next (/x.ts:1:1)`;
  expect(userFrame(stack)).toBe('a/pipeline.ts:12:9');
});

test('a stack without a file has no place', () => {
  expect(userFrame('Error: x\n    at <anonymous>')).toBeUndefined();
  expect(userFrame('Error: x')).toBeUndefined();
  expect(userFrame(undefined)).toBeUndefined();
});

test("the user's own file is named rather than a package that it called", () => {
  expect(userFrame('    at f (/p/node_modules/a/i.js:1:2)\n    at run (/p/pipeline.ts:3:4)')).toMatch(/pipeline\.ts:3:4$/);
  expect(userFrame('    at f (/p/node_modules/a/i.js:1:2)')).toMatch(/i\.js:1:2$/);
});
