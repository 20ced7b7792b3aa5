// The inputs of steps, got ready for agents: elements of maps cut out of their arrays, large texts put away as blobs.
import { createHash } from 'node:crypto';
import { OutflowError } from '../model/errors.ts';
import { LIMITS } from '../model/limits.ts';
import { type BlobRef, blobRefs, encodeBlobRef, joinObject, kindOf } from '../model/values.ts';
import { type ElementList, elementsOf, sharedInputs } from '../plan/elements.ts';
import type { MapStep, Step, ValueText } from '../plan/plan.ts';
import type { Store } from '../store/store.ts';

/** A step that can be leased. */
export interface PreparedStep {
  total: number;
  /** Encoded object of the inputs that every unit gets. */
  shared: ValueText;
  /** Encoded object of the iterated inputs of element `index`; '' for a task step. */
  elementAt(index: number): ValueText;
}

/** Errors `not-an-array`, `unequal-lengths`, `value-too-large`; database errors. */
export async function prepareStep(store: Store, step: Step, inputs: Record<string, ValueText>): Promise<PreparedStep> {
  if (step.kind === 'task') {
    return { total: 1, shared: await inlineOrBlob(store, joinObject(inputs)), elementAt: () => '' };
  }
  const elements = elementsOf(step, await resolveArrays(store, step, inputs));
  const shared = await inlineOrBlob(store, joinObject(sharedInputs(step, inputs)));
  const large = await putLargeElements(store, elements);
  return { total: elements.length, shared, elementAt: (index) => large.get(index) ?? elements.at(index) };
}

async function resolveArrays(store: Store, step: MapStep, inputs: Record<string, ValueText>): Promise<Record<string, ValueText>> {
  const arrays =
    step.elements.kind === 'iterate' ? step.elements.over.map(({ array }) => array) : [step.elements.input as string];
  const resolved = { ...inputs };
  for (const name of arrays) {
    const text = inputs[name];
    if (text === undefined || kindOf(text) !== 'blob') continue;
    resolved[name] = await readBlob(store, blobRefs(text)[0] as BlobRef);
  }
  return resolved;
}

/** Elements too large for a message, as blob references by index. */
async function putLargeElements(store: Store, elements: ElementList): Promise<Map<number, ValueText>> {
  const large = new Map<number, ValueText>();
  for (let index = 0; index < elements.length; index++) {
    const text = elements.at(index);
    if (text.length >= LIMITS.inlineValueBytes) large.set(index, await inlineOrBlob(store, text));
  }
  return large;
}

/** The text itself, or where it is too large for a message or a row: a reference to it as a blob. */
async function inlineOrBlob(store: Store, text: ValueText): Promise<ValueText> {
  if (text.length < LIMITS.inlineValueBytes && Buffer.byteLength(text) < LIMITS.inlineValueBytes) return text;
  const bytes = Buffer.from(text);
  if (bytes.length > LIMITS.valueBytes)
    throw new OutflowError('value-too-large', `inputs of ${bytes.length} bytes are more than ${LIMITS.valueBytes}`);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await store.putBlob(sha256, bytes.length, chunksOf(bytes));
  return encodeBlobRef({ hash: sha256, size: bytes.length });
}

function* chunksOf(bytes: Buffer): Iterable<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += LIMITS.blobChunkBytes)
    yield bytes.subarray(offset, offset + LIMITS.blobChunkBytes);
}

async function readBlob(store: Store, ref: BlobRef): Promise<ValueText> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.getBlob(ref.hash)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
