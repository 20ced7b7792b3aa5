// Encoded values taken apart and put together as text, without parsing them: what the coordinator does with a map's arrays.
import { assert } from '../base/assert.ts';

/** The elements of an encoded array: the text and where each begins. A million elements cost 4 MB beside their text. */
export interface ElementSlices {
  readonly length: number;
  /** The encoded element `i`, without surrounding whitespace. */
  at(i: number): string;
}

const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;

function isSpace(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
}

/** Index after the string whose opening quote is at `open`. */
function skipString(text: string, open: number): number {
  let at = open;
  for (;;) {
    at = text.indexOf('"', at + 1);
    assert(at !== -1, 'an encoded value ends within a string');
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return at + 1;
  }
}

/** Index of the comma or closing bracket that ends the value beginning at `from`. */
function skipValue(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 44 && code !== 91 && code !== 93 && code !== 123 && code !== 125) continue;
    if (code === QUOTE) at = skipString(text, at) - 1;
    else if (code === 91 || code === 123) depth++;
    else if (code === 93 || code === 125) {
      if (depth === 0) return at;
      depth--;
    } else if (code === COMMA && depth === 0) return at;
  }
  assert(false, 'an encoded value ends within an array or object');
}

export type ValueKind =
  | 'array'
  | 'object'
  | 'string'
  | 'number'
  | 'boolean'
  | 'null'
  | 'date'
  | 'bigint'
  | 'bytes'
  | 'map'
  | 'set'
  | 'blob';

const TAG_KINDS: readonly (readonly [tag: string, kind: ValueKind])[] = [
  ['$date"', 'date'],
  ['$bigint"', 'bigint'],
  ['$bytes"', 'bytes'],
  ['$map"', 'map'],
  ['$set"', 'set'],
  ['$number"', 'number'],
  ['$blob"', 'blob'],
];

/** What an encoded value is, from its first characters. */
export function kindOf(text: string): ValueKind {
  const start = skipSpace(text, 0);
  switch (text[start]) {
    case '[':
      return 'array';
    case '{': {
      const key = skipSpace(text, start + 1);
      if (text.charCodeAt(key) !== QUOTE) return 'object';
      return TAG_KINDS.find(([tag]) => text.startsWith(tag, key + 1))?.[1] ?? 'object';
    }
    case '"':
      return 'string';
    case 't':
    case 'f':
      return 'boolean';
    case 'n':
      return 'null';
    default:
      return 'number';
  }
}

function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

class Slices implements ElementSlices {
  readonly #text: string;
  /** Element i lies between `#starts[i]` and the comma (or bracket) before `#starts[i + 1]`. */
  readonly #starts: Uint32Array;

  constructor(text: string, starts: Uint32Array) {
    this.#text = text;
    this.#starts = starts;
  }

  get length(): number {
    return this.#starts.length - 1;
  }

  at(i: number): string {
    const start = this.#starts[i];
    const next = this.#starts[i + 1];
    assert(start !== undefined && next !== undefined, `element ${i} of ${this.length}`);
    return trimmed(this.#text, start, next - 1);
  }
}

/** One pass over the text: about 15 ms for a million small elements. `text` must be an encoded array. */
export function splitArray(text: string): ElementSlices {
  const open = skipSpace(text, 0);
  assert(text[open] === '[', 'splitArray takes an encoded array');
  let starts = new Uint32Array(64);
  let count = 0;
  let at = open + 1;
  if (text[skipSpace(text, at)] === ']') return new Slices(text, new Uint32Array([at]));
  for (;;) {
    if (count + 2 > starts.length) {
      const larger = new Uint32Array(starts.length * 2);
      larger.set(starts);
      starts = larger;
    }
    starts[count++] = at;
    const end = skipValue(text, at);
    at = end + 1;
    if (text.charCodeAt(end) === COMMA) continue;
    starts[count] = at;
    return new Slices(text, starts.slice(0, count + 1));
  }
}

/** The members of an encoded object as encoded values, by their (unescaped) names. */
export function splitObject(text: string): Record<string, string> {
  const open = skipSpace(text, 0);
  assert(text[open] === '{', 'splitObject takes an encoded object');
  const parts: Record<string, string> = {};
  let at = skipSpace(text, open + 1);
  while (text[at] !== '}') {
    const keyEnd = skipString(text, at);
    const key = JSON.parse(text.slice(at, keyEnd)) as string;
    const colon = skipSpace(text, keyEnd);
    assert(text[colon] === ':', 'splitObject takes an encoded object');
    const end = skipValue(text, colon + 1);
    setMember(parts, key.startsWith('$$') ? key.slice(1) : key, trimmed(text, colon + 1, end));
    at = text.charCodeAt(end) === COMMA ? skipSpace(text, end + 1) : end;
  }
  return parts;
}

/** Sets an own member, whatever its name: `__proto__` too is only a name. */
export function setMember<T>(object: Record<string, T>, key: string, value: T): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  else object[key] = value;
}

/** The encoded form of a member's name, with its colon. */
export function encodedKey(key: string): string {
  return `${JSON.stringify(key.startsWith('$') ? `$${key}` : key)}:`;
}

/** An encoded object from encoded members. */
export function joinObject(parts: Readonly<Record<string, string>>): string {
  return `{${Object.entries(parts)
    .map(([key, text]) => encodedKey(key) + text)
    .join(',')}}`;
}

/** An encoded array from encoded elements. */
export function joinArray(elements: Iterable<string>): string {
  return `[${Array.isArray(elements) ? elements.join(',') : [...elements].join(',')}]`;
}
