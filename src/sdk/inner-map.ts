// A map within a map: its elements run inside their unit, on the unit's CPUs.
import { LIMITS } from '../model/limits.ts';
import type { Failure } from '../model/states.ts';
import { GENERATED_OUTPUT, type MapStep, RAW_OUTPUT } from '../plan/plan.ts';
import { cancelled, failureOf, TaskError, UnitError } from './failure.ts';

type Values = Readonly<Record<string, unknown>>;

export interface InnerMapHost {
  /** Elements that may run at the same time: the unit's CPUs. */
  limit: number;
  isCancelled(): boolean;
  /** Runs the map's generator or reduce, by id. */
  runFunction(id: string, inputs: Values): Promise<Record<string, unknown>>;
  runElement(outer: Values): Promise<Record<string, unknown>[]>;
}

/** The map's outputs by name. Rejects with `UnitError`, after all elements that were started have ended. */
export async function runInnerMap(step: MapStep, inputs: Values, host: InnerMapHost): Promise<Record<string, unknown>> {
  const elements = await elementsOf(step, inputs, host);
  const results = await runElements(step, inputs, elements, host);
  if (step.outputName === undefined) return {};
  if (step.reduce === 'concatenate') return { [step.outputName]: results };
  return host.runFunction(`${step.id}/reduce`, { ...inputs, [RAW_OUTPUT]: results });
}

async function elementsOf(step: MapStep, inputs: Values, host: InnerMapHost): Promise<Values[]> {
  if (step.elements.kind === 'generated') {
    return (await host.runFunction(`${step.id}/generate`, inputs))[GENERATED_OUTPUT] as Values[];
  }
  const arrays = step.elements.over.map(({ input, array }) => ({ input, array, values: inputs[array] }));
  for (const { array, values } of arrays) {
    if (!Array.isArray(values)) throw invalid(step, `map ${step.id} iterates over ${array}, which is not an array`);
  }
  const lengths = arrays.map(({ array, values }) => ({ array, length: (values as unknown[]).length }));
  const length = lengths[0]?.length ?? 0;
  if (lengths.some((each) => each.length !== length)) {
    const told = lengths.map((each) => `${each.array} has ${each.length}`).join(', ');
    throw invalid(step, `map ${step.id} iterates over arrays of unequal lengths: ${told}`);
  }
  return Array.from({ length }, (_, i) =>
    Object.fromEntries(arrays.map(({ input, values }) => [input, (values as unknown[])[i]])),
  );
}

function invalid(step: MapStep, message: string): UnitError {
  const error = new TaskError('invalid-input', message);
  return new UnitError(failureOf(error, step.id), error);
}

/** What each element gave, in their order; with `keep`, the failure where it failed. */
async function runElements(step: MapStep, inputs: Values, elements: readonly Values[], host: InnerMapHost): Promise<unknown[]> {
  const results: unknown[] = new Array(elements.length);
  const failures: { index: number; error: unknown }[] = [];
  let next = 0;
  let isStopped = false;
  const worker = async () => {
    while (next < elements.length && !isStopped) {
      const index = next++;
      if (host.isCancelled()) {
        isStopped = true;
        failures.push({ index, error: cancelled() });
        return;
      }
      try {
        results[index] = await host.runElement({ ...inputs, ...elements[index] });
      } catch (error) {
        if (step.onFailure === 'keep') results[index] = failureOf(error);
        else failures.push({ index, error });
        if (step.onFailure === 'abort') isStopped = true;
      }
    }
  };
  const workers = Math.min(Math.max(1, host.limit), step.simultaneousTasks ?? Number.POSITIVE_INFINITY, elements.length);
  await Promise.all(Array.from({ length: workers }, worker));
  if (failures.length > 0) throw elementsFailed(step, failures);
  return results;
}

/** The failure of a map some of whose elements failed: names them, and carries what the first of them said. */
function elementsFailed(step: MapStep, failures: { index: number; error: unknown }[]): UnitError {
  failures.sort((a, b) => a.index - b.index);
  const named = failures.slice(0, LIMITS.namedFailures).map(({ index }) => index);
  const more = failures.length - named.length;
  const first = failures[0] as { error: unknown };
  const failure: Failure = failureOf(first.error);
  const which = `element${failures.length === 1 ? '' : 's'} ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return new UnitError({ ...failure, message: `${which} of map ${step.id} failed: ${failure.message}` }, first.error);
}
