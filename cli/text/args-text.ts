// A command's arguments as they would be typed again.
import { decodeValue } from '../../src/model/values.ts';
import type { ValueText } from '../../src/plan/plan.ts';

/** ` --multiplier 3 --name 'a b'`; empty without arguments. */
export function argsText(encoded: ValueText): string {
  const args = decodeValue(encoded) as Record<string, unknown>;
  return Object.entries(args)
    .flatMap(([name, value]) => (Array.isArray(value) ? value.map((one) => argText(name, one)) : [argText(name, value)]))
    .join('');
}

function argText(name: string, value: unknown): string {
  if (typeof value === 'boolean') return ` --${value ? '' : 'no-'}${name}`;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return ` --${name} ${/^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`}`;
}
