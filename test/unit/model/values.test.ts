// The value codec: what is encoded how, and which values are refused with what message.
import { expect, test } from 'vitest';
import { blobRefs, decodeValue, encodeBlobRef, encodeValue } from '../../../src/model/values.ts';

const HASH = 'ab'.repeat(32);

test.each([
  ['JSON data', [1, 'a', true, null, { b: [] }], '[1,"a",true,null,{"b":[]}]'],
  ['a Date', new Date(0), '{"$date":"1970-01-01T00:00:00.000Z"}'],
  ['an invalid Date', new Date(Number.NaN), '{"$date":null}'],
  ['a bigint', 12n, '{"$bigint":"12"}'],
  ['bytes', new Uint8Array([1, 2, 255]), '{"$bytes":"AQL/"}'],
  ['a Map', new Map([['a', 1n]]), '{"$map":[["a",{"$bigint":"1"}]]}'],
  ['a Set', new Set([1, 2]), '{"$set":[1,2]}'],
  ['NaN', Number.NaN, '{"$number":"NaN"}'],
  ['an infinity', Number.NEGATIVE_INFINITY, '{"$number":"-Infinity"}'],
  ['minus zero', -0, '{"$number":"-0"}'],
  ['a member with $', { $date: 1, b: 2 }, '{"$$date":1,"b":2}'],
  ['a member of $ alone', { $$: 1 }, '{"$$$":1}'],
  ['a string with $', '$5', '"$5"'],
  ['a string with NUL and half a surrogate pair', 'a\u0000\ud800', '"a\\u0000\\ud800"'],
])('%s is encoded in place and decoded again', (_what, value, text) => {
  expect(encodeValue(value)).toBe(text);
  expect(decodeValue(text)).toEqual(value);
});

test('undefined members of objects are left out', () => {
  expect(encodeValue({ a: undefined, b: 1, c: { d: undefined, e: 1n } })).toBe('{"b":1,"c":{"e":{"$bigint":"1"}}}');
});

test('a member named __proto__ is a member like any other', () => {
  const value = JSON.parse('{"__proto__":{"polluted":1},"$a":{"__proto__":[1]}}');
  const back = decodeValue(encodeValue(value)) as object;
  expect(Object.keys(back)).toEqual(['__proto__', '$a']);
  expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
  expect((back as { polluted?: unknown }).polluted).toBeUndefined();
});

class Point {
  x = 1;
}
const loop: Record<string, unknown> = {};
loop['self'] = [loop];

test.each([
  ['undefined in an array', { a: [1, undefined] }, 'undefined at .a[1]'],
  ['undefined itself', undefined, 'undefined is not'],
  ['a hole in an array', new Array(2), 'undefined at [0]'],
  ['a function', { a: { b: () => 1 } }, 'a function at .a.b'],
  ['a symbol', [Symbol('s')], 'a symbol at [0]'],
  ['a class instance', { a: { b: [0, 0, 0, new Point()] } }, 'an instance of Point at .a.b[3]'],
  ['an error', [new RangeError('no')], 'an instance of RangeError at [0]'],
  ['a typed array that is not of bytes', new Float64Array(1), 'an instance of Float64Array'],
  ['an object that contains itself', loop, 'an object that contains itself'],
])('%s is refused, with its path', (_what, value, message) => {
  expect(() => encodeValue(value)).toThrow(
    expect.objectContaining({ code: 'bad-value', message: expect.stringContaining(message) }),
  );
});

test('a value 20,000 levels deep is refused without overflowing the stack', () => {
  let deep: unknown = 1;
  for (let i = 0; i < 20_000; i++) deep = [deep];
  expect(() => encodeValue(deep)).toThrow(
    expect.objectContaining({ code: 'value-too-deep', message: expect.stringContaining('[0][0]') }),
  );
});

test('a value of just the allowed depth passes', () => {
  let deep: unknown = 1n;
  for (let i = 0; i < 1000; i++) deep = [deep];
  expect(decodeValue(encodeValue(deep))).toEqual(deep);
});

test.each([
  ['characters', 'x'.repeat(101)],
  ['bytes of UTF-8', '€'.repeat(40)],
  ['bytes', new Uint8Array(101)],
  ['numbers', new Array(60).fill(1)],
])('a value too large in %s is refused, naming what helps', (_what, value) => {
  const limits = { valueBytes: 100, valueDepth: 10 };
  expect(() => encodeValue(value, limits)).toThrow(
    expect.objectContaining({ code: 'value-too-large', message: expect.stringMatching(/100 bytes.*`noOutputs`.*`reduce`/) }),
  );
});

test('a value of 300 MB is refused before it is written', () => {
  const part = 'x'.repeat(1_000_000);
  expect(() => encodeValue(new Array(300).fill(part))).toThrow(expect.objectContaining({ code: 'value-too-large' }));
});

test('blobs are found and resolved wherever they stand', () => {
  const text = `[${encodeBlobRef({ hash: HASH, size: 7 })},{"a":${encodeBlobRef({ hash: HASH, size: 7 })}}]`;
  expect(blobRefs(text)).toEqual([{ hash: HASH, size: 7 }]);
  expect(decodeValue(text, () => '[1,{"$bigint":"2"}]')).toEqual([[1, 2n], { a: [1, 2n] }]);
});

test('a string or member that looks like a blob is none', () => {
  const text = encodeValue([encodeBlobRef({ hash: HASH, size: 7 }), { $blob: HASH, size: 7 }]);
  expect(blobRefs(text)).toEqual([]);
  expect(decodeValue(text)).toEqual([encodeBlobRef({ hash: HASH, size: 7 }), { $blob: HASH, size: 7 }]);
});

test('a blob without a resolver and an unknown tag are refused', () => {
  expect(() => decodeValue(encodeBlobRef({ hash: HASH, size: 7 }))).toThrow(HASH);
  expect(() => decodeValue('{"$new":1}')).toThrow('unknown tag $new');
});
