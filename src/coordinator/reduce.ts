// The default reduce: the outputs of a map's units, in input order, as one encoded array. Streamed from the store; from 1 MiB on
// it goes through a file into a blob, so that its size is no matter of memory.
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import { OutflowError } from '../model/errors.ts';
import { LIMITS } from '../model/limits.ts';
import { encodeBlobRef, joinObject } from '../model/values.ts';
import type { MapStep, ValueText } from '../plan/plan.ts';
import type { Store } from '../store/store.ts';

export interface ReduceOptions {
  run: string;
  ordinal: number;
  step: MapStep;
  /** `onFailure: 'keep'`: a failed element's failure takes its place. */
  keepFailures: boolean;
  /** For the file, removed after. */
  directory: string;
}

/** The encoded object of the map's outputs. Error `value-too-large`. */
export async function reduceMap(store: Store, options: ReduceOptions): Promise<ValueText> {
  const name = options.step.outputName as string;
  let inline: string[] = [];
  let inlineBytes = 0;
  let file: Awaited<ReturnType<typeof open>> | undefined;
  const where = path.join(options.directory, `reduce-${options.ordinal}-${randomBytes(4).toString('hex')}.tmp`);
  const hash = createHash('sha256');
  let size = 0;
  const flush = async (): Promise<void> => {
    file ??= await open(where, 'wx', 0o600);
    const bytes = Buffer.from(inline.join(''));
    inline = [];
    inlineBytes = 0;
    size += bytes.length;
    hash.update(bytes);
    if (size > LIMITS.valueBytes) throw tooLarge(options.step);
    await file.writeFile(bytes);
  };
  try {
    let first = true;
    const add = (text: string): void => {
      inline.push(text);
      inlineBytes += text.length;
    };
    add('[');
    for await (const page of store.unitOutputs(options.run, options.ordinal)) {
      for (const unit of page) {
        const text = unit.output ?? (options.keepFailures ? unit.failure : null);
        if (text === null)
          throw new OutflowError('internal', `unit ${options.run}/${options.step.id}/${unit.index} has no output to reduce`);
        if (!first) add(',');
        first = false;
        add(text);
      }
      if (inlineBytes >= LIMITS.inlineValueBytes) await flush();
    }
    add(']');
    if (file === undefined && Buffer.byteLength(inline.join('')) < LIMITS.inlineValueBytes)
      return joinObject({ [name]: inline.join('') });
    await flush();
    const sha256 = hash.digest('hex');
    await store.putBlob(sha256, size, createReadStream(where, { highWaterMark: LIMITS.blobChunkBytes }));
    return joinObject({ [name]: encodeBlobRef({ hash: sha256, size }) });
  } finally {
    await file?.close();
    await rm(where, { force: true });
  }
}

function tooLarge(step: MapStep): OutflowError {
  return new OutflowError(
    'value-too-large',
    `the outputs of all units of ${step.id} together are more than ${LIMITS.valueBytes} bytes`,
    {
      hint: 'give the map `noOutputs: true` and keep results elsewhere, or a `reduce` that makes less of them',
    },
  );
}
