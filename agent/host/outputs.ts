// From a unit's outputs to the text of its result; large values go to files, which the agent uploads.
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isOutflowError } from '../../src/model/errors.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { encodeBlobRef, encodeValue, joinObject } from '../../src/model/values.ts';
import type { UnitOutputs } from '../../src/sdk/internal.ts';

export interface EncodedOutputs {
  text: string;
  /** Hashes of the blobs that `text` refers to. */
  blobs: readonly string[];
}

const NO_BLOBS: readonly string[] = [];

/** A map's element is one value as a whole; of a task step, each named output is one. */
export function encodeOutputs(outputs: UnitOutputs, blobDir: string): EncodedOutputs {
  if (Array.isArray(outputs)) return withBlob(encodeValue(outputs), blobDir);
  const whole = encodeWhole(outputs);
  if (whole !== undefined && isInline(whole)) return { text: whole, blobs: NO_BLOBS };
  const blobs: string[] = [];
  const members: Record<string, string> = {};
  for (const [name, value] of Object.entries(outputs)) {
    if (value === undefined) continue;
    const encoded = withBlob(encodeValue(value), blobDir);
    blobs.push(...encoded.blobs);
    members[name] = encoded.text;
  }
  return { text: joinObject(members), blobs };
}

/** Undefined where the outputs are too large together; each may still be small enough. */
function encodeWhole(outputs: Record<string, unknown>): string | undefined {
  try {
    return encodeValue(outputs);
  } catch (error) {
    if (isOutflowError(error) && error.code === 'value-too-large' && Object.keys(outputs).length > 1) return undefined;
    throw error;
  }
}

function withBlob(text: string, blobDir: string): EncodedOutputs {
  if (isInline(text)) return { text, blobs: NO_BLOBS };
  const bytes = Buffer.from(text);
  const { createHash } = process.getBuiltinModule('node:crypto'); // only then: 5 ms of a host's start
  const hash = createHash('sha256').update(bytes).digest('hex');
  const file = path.join(blobDir, hash);
  if (!existsSync(file)) {
    const aside = `${file}.${process.pid}`;
    writeFileSync(aside, bytes, { mode: 0o600 });
    renameSync(aside, file);
  }
  return { text: encodeBlobRef({ hash, size: bytes.length }), blobs: [hash] };
}

function isInline(text: string): boolean {
  if (text.length * 3 < LIMITS.inlineValueBytes) return true;
  return text.length < LIMITS.inlineValueBytes && Buffer.byteLength(text) < LIMITS.inlineValueBytes;
}
