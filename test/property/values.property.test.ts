// Whatever the value: it comes back, its texts can be concatenated, and taking texts apart and together changes nothing.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeValue, encodeValue, joinArray, joinObject, splitArray, splitObject } from '../../src/model/values.ts';

const key = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('$date', '$$', '$blob', '__proto__', 'a'));

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, false),
    fc.string({ unit: 'binary' }),
    fc.string().map((text) => `$${text}`),
    fc.constantFrom('\ud800', '\udfff a', '\u0000', '{"$blob":'),
    fc.double(),
    fc.constantFrom(-0, Number.NaN, Number.POSITIVE_INFINITY),
    fc.bigInt(),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array(),
    fc.array(tie('value')),
    fc.dictionary(key, tie('value')),
    fc.array(fc.tuple(tie('value'), tie('value'))).map((pairs) => new Map(pairs)),
    fc.array(tie('value')).map((members) => new Set(members)),
  ),
}));

const space = fc.constantFrom('', ' ', '\n', '\t ');

test('every value comes back as it was', () => {
  fc.assert(
    fc.property(value, (given) => {
      expect(decodeValue(encodeValue(given))).toStrictEqual(normal(given));
    }),
  );
});

test('an encoded text never holds NUL or a lone surrogate', () => {
  fc.assert(
    fc.property(value, (given) => {
      const text = encodeValue(given);
      expect(text.includes('\u0000') || !text.isWellFormed()).toBe(false);
    }),
  );
});

test('texts of elements and members, concatenated, are the text of the whole', () => {
  fc.assert(
    fc.property(fc.array(value), fc.dictionary(key, value), (elements, members) => {
      expect(joinArray(elements.map((element) => encodeValue(element)))).toBe(encodeValue(elements));
      const parts = Object.fromEntries(Object.entries(members).map(([name, member]) => [name, encodeValue(member)]));
      expect(joinObject(parts)).toBe(encodeValue(members));
    }),
  );
});

test('an array taken apart, with any whitespace, gives its elements', () => {
  fc.assert(
    fc.property(fc.array(value), space, (elements, gap) => {
      const texts = elements.map((element) => encodeValue(element));
      const slices = splitArray(`${gap}[${gap}${texts.join(`${gap},${gap}`)}${gap}]${gap}`);
      expect(Array.from({ length: slices.length }, (_, i) => slices.at(i))).toEqual(texts);
    }),
  );
});

test('any JSON, however it is spaced, is taken apart into its parts', () => {
  fc.assert(
    fc.property(fc.dictionary(key, fc.jsonValue()), fc.constantFrom(0, 1, 4), (object, indent) => {
      const parts = splitObject(JSON.stringify(object, null, indent));
      const names = Object.keys(object).map((name) => (name.startsWith('$$') ? name.slice(1) : name));
      expect(Object.keys(parts).sort()).toEqual([...new Set(names)].sort());
      for (const [name, member] of Object.entries(object))
        if (!name.startsWith('$')) expect(JSON.parse(parts[name] as string)).toEqual(JSON.parse(JSON.stringify(member)));
    }),
  );
});

test('members taken apart and put together are the same text', () => {
  fc.assert(
    fc.property(fc.dictionary(key, value), (members) => {
      const text = encodeValue(members);
      expect(joinObject(splitObject(text))).toBe(text);
    }),
  );
});

/** What comes back: JSON's own -0 in keys aside, objects without a prototype get the usual one. */
function normal(given: unknown): unknown {
  if (Array.isArray(given)) return given.map(normal);
  if (given instanceof Map) return new Map([...given].map(([k, v]) => [normal(k), normal(v)]));
  if (given instanceof Set) return new Set([...given].map(normal));
  if (typeof given !== 'object' || given === null || given instanceof Date || given instanceof Uint8Array) return given;
  const copy: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(given)) {
    Object.defineProperty(copy, name, { value: normal(member), writable: true, enumerable: true, configurable: true });
  }
  return copy;
}
