// Encoded values taken apart as text.
import { expect, test } from 'vitest';
import { encodedKey, joinArray, joinObject, kindOf, splitArray, splitObject } from '../../../src/model/values.ts';

function elements(text: string): string[] {
  const slices = splitArray(text);
  return Array.from({ length: slices.length }, (_, i) => slices.at(i));
}

test.each([
  ['[]', []],
  [' [ ] ', []],
  ['[1]', ['1']],
  [' [ 1 ,\n"a,]\\"[" , {"b":[1,2]} ,[[]]\t]\n', ['1', '"a,]\\"["', '{"b":[1,2]}', '[[]]']],
  ['["\\\\","\\\\\\""]', ['"\\\\"', '"\\\\\\""']],
  ['[{"$map":[[1,2]]},-1.5e-3,null]', ['{"$map":[[1,2]]}', '-1.5e-3', 'null']],
])('%j has its elements', (text, expected) => {
  expect(elements(text)).toEqual(expected);
});

test.each([
  ['{}', {}],
  [' { "a" : 1 , "$$b":"}," ,"c\\"":{"d":[ ]} } ', { a: '1', $b: '"},"', 'c"': '{"d":[ ]}' }],
])('%j has its members', (text, expected) => {
  expect(splitObject(text)).toEqual(expected);
});

test('a member named __proto__ stays a member', () => {
  expect(Object.entries(splitObject('{"__proto__":[1]}'))).toEqual([['__proto__', '[1]']]);
});

test('members and elements are put together as they were taken apart', () => {
  expect(joinObject({ a: '1', $b: '[2]' })).toBe('{"a":1,"$$b":[2]}');
  expect(joinArray(new Set(['1', '"x"']))).toBe('[1,"x"]');
  expect(encodedKey('$x')).toBe('"$$x":');
});

test.each([
  ['[1]', 'array'],
  [' {"a":1}', 'object'],
  ['{}', 'object'],
  ['{"$$date":1}', 'object'],
  ['{ "$set":[]}', 'set'],
  ['{"$blob":""}', 'blob'],
  ['"x"', 'string'],
  ['-1', 'number'],
  ['{"$number":"NaN"}', 'number'],
  ['false', 'boolean'],
  ['null', 'null'],
] as const)('%s is a value of kind %s', (text, kind) => {
  expect(kindOf(text)).toBe(kind);
});

test.each(['[1', '["a', '[{"a":1}'])('the torn text %j is noticed', (text) => {
  expect(() => splitArray(text)).toThrow('an encoded value ends');
});
