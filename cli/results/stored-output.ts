// The stored outputs of steps and units, with the blobs they refer to.
import { OutflowError } from '../../src/model/errors.ts';
import { blobRefs, decodeValue } from '../../src/model/values.ts';
import type { Plan, ValueText } from '../../src/plan/plan.ts';
import type { Store } from '../../src/store/store.ts';
import { counted } from '../text/format.ts';
import { stepLabels } from '../text/step-labels.ts';
import { plainJson } from './plain-json.ts';

export interface OutputQuery {
  store: Store;
  run: string;
  plan: Plan;
  step: number;
  index?: number;
}

/** The encoded outputs (an object; of a map's unit, an array) of a step or of one of its units. Error `unknown-step`. */
export async function storedOutput({ store, run, plan, step, index }: OutputQuery): Promise<ValueText> {
  const { kind } = plan.workflow.steps[step] ?? {};
  const label = stepLabels(plan)[step];
  if (index !== undefined || kind === 'task') {
    const output = await store.unitOutput(run, step, index ?? 0);
    if (output !== null) return output;
    if (index !== undefined) await checkUnit({ store, run, plan, step, index });
    const unit = kind === 'map' ? `${label}/${index}` : label;
    throw new OutflowError('unknown-step', `${unit} has no result (yet)`, {
      hint: `see how far the run is: outflow status ${run}`,
    });
  }
  const summary = (await store.stepSummaries(run)).find((one) => one.step === step);
  if (summary?.outputs) return summary.outputs;
  throw new OutflowError('unknown-step', `${label} has no result (yet)`, {
    hint: `see how far the run is: outflow status ${run}`,
  });
}

/** Error `unknown-unit`: the step has fewer units, as far as it is known how many. */
export async function checkUnit({ store, run, plan, step, index = 0 }: OutputQuery): Promise<void> {
  const total = (await store.stepSummaries(run)).find((one) => one.step === step)?.total ?? null;
  if (total === null || index < total) return;
  const label = stepLabels(plan)[step];
  throw new OutflowError('unknown-unit', `step ${label} of run ${run} has no unit ${index}`, {
    hint:
      total === 0
        ? 'it has none'
        : `it has ${counted(total, 'unit')}, ${label}/0${total === 1 ? '' : ` to ${label}/${total - 1}`}`,
  });
}

/** The value as plain JSON, its blobs read from the store. */
export async function decoded(store: Store, output: ValueText): Promise<unknown> {
  const blobs = new Map<string, string>();
  for (const { hash } of blobRefs(output)) blobs.set(hash, await readBlob(store, hash));
  return plainJson(decodeValue(output, ({ hash }) => blobs.get(hash) ?? 'null'));
}

async function readBlob(store: Store, sha256: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.getBlob(sha256)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
