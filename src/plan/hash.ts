// The hash of a plan: the same for the same code and arguments, wherever and whenever it is made.
import type { Plan } from './plan.ts';

/** `bundleHash`: the SHA-256 of the pipeline's bundle. `digest`: SHA-256 of a text, in hexadecimal; this floor has none of its own. */
export function planHash(plan: Plan, bundleHash: string, digest: (text: string) => string): string {
  return digest(`outflow plan 1\n${bundleHash}\n${stableJson(plan)}`);
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
