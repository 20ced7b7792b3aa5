// The hash of a plan, and a sum of it: the same for the same code and arguments, wherever and whenever they are made.
import type { Input, Output, Plan, Step, Workflow } from './plan.ts';

/** `bundleHash`: the SHA-256 of the pipeline's bundle. `digest`: SHA-256 of a text, in hexadecimal; this floor has none of its own. */
export function planHash(plan: Plan, bundleHash: string, digest: (text: string) => string): string {
  return digest(`outflow plan 1\n${bundleHash}\n${stableJson(plan)}`);
}

/**
 * Tells apart what one `setup` built here and there. Each task host makes it: SHA-256 takes 5 ms to load, types as text 3 ms. Who
 * tries can make two plans of one sum; the same code twice does not, but once in 2^53.
 */
export function planSum(plan: Plan): string {
  const text = stableJson(withoutTypes(plan));
  let [low, high] = [0x6c8e9cf5, 0x3c6ef372];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    low = Math.imul(low ^ code, 0x9e3779b1);
    high = Math.imul(high ^ code, 0x5f356495);
  }
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  return ((high >>> 11) * 2 ** 32 + (low >>> 0)).toString(16);
}

/** As `buildPlan` gives it where nobody asks for types. */
export function withoutTypes(plan: Plan): Plan {
  return { ...plan, workflow: untyped(plan.workflow) };
}

function untyped(workflow: Workflow): Workflow {
  const bare = <T extends Input | Output>({ type: _, ...rest }: T): Omit<T, 'type'> => rest;
  const steps = workflow.steps.map((step) => ({
    ...step,
    inputs: step.inputs.map(bare),
    outputs: step.outputs.map(bare),
    ...(step.kind === 'map' ? { body: untyped(step.body) } : {}),
  }));
  return { ...workflow, steps: steps as Step[] };
}

/** JSON with sorted keys, and without those that are undefined. */
function stableJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stableJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${stableJson(field)}`).join(',')}}`;
}
