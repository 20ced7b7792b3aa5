// The value codec: JSON with in-place tags, so that an element decodes alone and concatenated texts are valid.
// Tags: {"$date":…} {"$bigint":…} {"$bytes":…} {"$map":[[k,v]…]} {"$set":[…]} {"$number":"NaN"} {"$blob":…,"size":…};
// a key of the user's that begins with `$` gets one more. Values without any of it are plain JSON, written by JSON.stringify.
import { OutflowError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { setMember } from './value-text.ts';

export {
  type ElementSlices,
  encodedKey,
  joinArray,
  joinObject,
  kindOf,
  splitArray,
  splitObject,
} from './value-text.ts';

export interface ValueLimits {
  /** Largest encoded size in bytes of UTF-8. */
  valueBytes: number;
  /** Levels of nesting. */
  valueDepth: number;
}

/** The encoded text of `value`. Throws `bad-value`, `value-too-deep` or `value-too-large`, with the path in the message. */
export function encodeValue(value: unknown, limits: ValueLimits = LIMITS): string {
  const walk: Walk = { path: [], ancestors: [], size: 0, limits };
  const untagged = isPlain(value, 0, walk);
  let text: string;
  try {
    text = JSON.stringify(untagged ? value : tagged(value));
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(limits); // longer than a string can be
    throw error;
  }
  if (text.length * 3 > limits.valueBytes && utf8Bytes(text) > limits.valueBytes) throw tooLarge(limits);
  return text;
}

interface Walk {
  path: (string | number)[];
  ancestors: unknown[];
  /** A lower bound of the encoded size. */
  size: number;
  limits: ValueLimits;
}

/** Checks the whole value; whether it is its own JSON, without any tag. */
function isPlain(value: unknown, depth: number, walk: Walk): boolean {
  switch (typeof value) {
    case 'string':
      walk.size += value.length;
      if (walk.size > walk.limits.valueBytes) throw tooLarge(walk.limits);
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'boolean':
      return true;
    case 'bigint':
      return false;
    case 'object':
      return value === null || isPlainObject(value, depth, walk);
    default:
      throw bad(typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`, depth, walk);
  }
}

function isPlainObject(value: object, depth: number, walk: Walk): boolean {
  if (depth >= walk.limits.valueDepth) throw tooDeep(value, depth, walk);
  walk.ancestors[depth] = value;
  if (Array.isArray(value)) return areElementsPlain(value, depth, walk);
  if (isRecord(value)) return areMembersPlain(value as Record<string, unknown>, depth, walk);
  switch (classOf(value)) {
    case 'Date':
      return false;
    case 'Map':
      areElementsPlain([...(value as Map<unknown, unknown>)], depth, walk);
      return false;
    case 'Set':
      areElementsPlain([...(value as Set<unknown>)], depth, walk);
      return false;
    case 'Uint8Array':
      walk.size += (value as Uint8Array).length;
      if (walk.size > walk.limits.valueBytes) throw tooLarge(walk.limits);
      return false;
    default:
      throw bad(describeInstance(value), depth, walk);
  }
}

function areElementsPlain(elements: readonly unknown[], depth: number, walk: Walk): boolean {
  let plain = true;
  walk.size += elements.length;
  if (walk.size > walk.limits.valueBytes) throw tooLarge(walk.limits);
  for (let i = 0; i < elements.length; i++) {
    walk.path[depth] = i;
    if (!isPlain(elements[i], depth + 1, walk)) plain = false;
  }
  return plain;
}

function areMembersPlain(value: Record<string, unknown>, depth: number, walk: Walk): boolean {
  let plain = true;
  for (const key of Object.keys(value)) {
    const member = value[key];
    if (member === undefined) continue; // left out, as JSON does
    walk.path[depth] = key;
    walk.size += key.length + 3;
    if (key.charCodeAt(0) === 36) plain = false;
    if (!isPlain(member, depth + 1, walk)) plain = false;
  }
  if (walk.size > walk.limits.valueBytes) throw tooLarge(walk.limits);
  return plain;
}

/** Plain objects of any realm: without a prototype, or with one that has none itself. */
function isRecord(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return (
    Object.getPrototypeOf(prototype) === null &&
    classOf(value) === 'Object' &&
    Object.hasOwn(prototype as object, 'hasOwnProperty')
  );
}

function classOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** A copy that JSON.stringify writes as it should be. Only for values that `isPlain` has checked. */
function tagged(value: unknown): unknown {
  if (typeof value === 'number')
    return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: Object.is(value, -0) ? '-0' : String(value) };
  if (typeof value === 'bigint') return { $bigint: String(value) };
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return Array.from(value, tagged);
  switch (isRecord(value) ? 'Object' : classOf(value)) {
    case 'Date':
      return { $date: Number.isNaN((value as Date).getTime()) ? null : (value as Date).toISOString() };
    case 'Map':
      return { $map: Array.from(value as Map<unknown, unknown>, tagged) };
    case 'Set':
      return { $set: Array.from(value as Set<unknown>, tagged) };
    case 'Uint8Array':
      return { $bytes: toBase64(value as Uint8Array) };
  }
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    setMember(copy, key.charCodeAt(0) === 36 ? `$${key}` : key, tagged((value as Record<string, unknown>)[key]));
  }
  return copy;
}

/** A value that is stored elsewhere, by the SHA-256 (hex) of its encoded text. */
export interface BlobRef {
  hash: string;
  /** Bytes of the encoded text. */
  size: number;
}

const BLOB = /\{"\$blob":"([0-9a-f]{64})","size":(\d+)\}/g;

export function encodeBlobRef(ref: BlobRef): string {
  return `{"$blob":"${ref.hash}","size":${ref.size}}`;
}

/** The blobs that an encoded value refers to, in order, each once. (Within a string the quotes would be escaped.) */
export function blobRefs(text: string): BlobRef[] {
  if (!text.includes('{"$blob":')) return [];
  const found = new Map<string, BlobRef>();
  for (const [, hash, size] of text.matchAll(BLOB)) found.set(hash as string, { hash: hash as string, size: Number(size) });
  return [...found.values()];
}

/** The value of an encoded text. `resolveBlob` gives the text of a blob; without it, a reference throws. */
export function decodeValue(text: string, resolveBlob?: (ref: BlobRef) => string): unknown {
  const value: unknown = JSON.parse(text);
  return text.includes('"$') ? revived(value, resolveBlob) : value;
}

type Resolve = ((ref: BlobRef) => string) | undefined;

function revived(value: unknown, resolve: Resolve): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = revived(value[i], resolve);
    return value;
  }
  const record = value as Record<string, unknown>;
  const keys = Object.keys(record);
  const first = keys[0];
  if (first?.charCodeAt(0) === 36 && first.charCodeAt(1) !== 36) return untagged(first, record, resolve);
  if (keys.some((key) => key.charCodeAt(0) === 36)) {
    const copy: Record<string, unknown> = {};
    for (const key of keys) setMember(copy, key.charCodeAt(0) === 36 ? key.slice(1) : key, revived(record[key], resolve));
    return copy;
  }
  for (const key of keys) setMember(record, key, revived(record[key], resolve));
  return record;
}

function untagged(tag: string, record: Record<string, unknown>, resolve: Resolve): unknown {
  const content = record[tag];
  switch (tag) {
    case '$date':
      return new Date(content === null ? Number.NaN : (content as string));
    case '$bigint':
      return BigInt(content as string);
    case '$number':
      return Number(content);
    case '$bytes':
      return fromBase64(content as string);
    case '$map':
      return new Map(revived(content, resolve) as [unknown, unknown][]);
    case '$set':
      return new Set(revived(content, resolve) as unknown[]);
    case '$blob': {
      const ref = { hash: content as string, size: record['size'] as number };
      if (resolve === undefined) throw new OutflowError('internal', `the blob ${ref.hash} of an encoded value is not at hand`);
      return decodeValue(resolve(ref), resolve);
    }
    default:
      throw new OutflowError('bad-value', `an encoded value holds the unknown tag ${tag}`, {
        hint: 'was it written by a newer version of outflow?',
      });
  }
}

function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += 0x2000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x2000));
  return btoa(binary);
}

function fromBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) continue;
    bytes += code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 1 : 2; // a pair of surrogates is 4 bytes
  }
  return bytes;
}

function pathText(depth: number, walk: Walk): string {
  if (depth === 0) return '';
  const shown = walk.path.slice(0, Math.min(depth, 12)).map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`));
  return ` at ${shown.join('')}${depth > 12 ? '…' : ''}`;
}

function describeInstance(value: object): string {
  const name: unknown = (value as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === 'string' && name !== '' ? `an instance of ${name}` : 'an object with a prototype of its own';
}

function bad(what: string, depth: number, walk: Walk): OutflowError {
  return new OutflowError('bad-value', `${what}${pathText(depth, walk)} is not a value that can be passed on`, {
    hint: 'values are JSON data, Date, bigint, Uint8Array, Map and Set; use null for what is absent',
  });
}

function tooDeep(value: object, depth: number, walk: Walk): OutflowError {
  const loop = walk.ancestors.indexOf(value);
  if (loop !== -1) {
    const from = walk.ancestors.indexOf(value, loop + 1);
    return bad('an object that contains itself', from === -1 ? depth : from, walk);
  }
  return new OutflowError(
    'value-too-deep',
    `the value is nested deeper than ${walk.limits.valueDepth} levels${pathText(depth, walk)}`,
    {
      hint: 'pass it on as a string or as bytes, or in a flatter shape',
    },
  );
}

function tooLarge(limits: ValueLimits): OutflowError {
  const size =
    limits.valueBytes >= 1024 * 1024 ? `${Math.round(limits.valueBytes / 1024 / 1024)} MiB` : `${limits.valueBytes} bytes`;
  return new OutflowError(
    'value-too-large',
    `the value is larger than ${size} in its encoded form (the outputs of a map: set \`noOutputs\`, or give it a \`reduce\` that makes less of them)`,
    { hint: 'write the data to a file and pass its path on' },
  );
}
