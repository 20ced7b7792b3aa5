// Tells in words where two plans of the same command and arguments differ.
import type { Plan } from '../plan/plan.ts';

/** Undefined: they are equal. */
export function planDifference(first: Plan, second: Plan): string | undefined {
  return difference(first, second, '');
}

function difference(first: unknown, second: unknown, at: string): string | undefined {
  if (Object.is(first, second)) return undefined;
  if (Array.isArray(first) && Array.isArray(second)) return ofArrays(first, second, at);
  if (isRecord(first) && isRecord(second)) {
    for (const key of new Set([...Object.keys(first), ...Object.keys(second)])) {
      const found = difference(first[key], second[key], at === '' ? key : `${at}.${key}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return `${at.replace(/^workflow\./, '')} is ${show(first)} the first time and ${show(second)} the second`;
}

function ofArrays(first: unknown[], second: unknown[], at: string): string | undefined {
  const [names, others] = [first.map(nameOf), second.map(nameOf)];
  const lacks = names.find((name) => name !== undefined && !others.includes(name));
  if (lacks !== undefined) return `${within(at, lacks)} is there the first time only`;
  const extra = others.find((name) => name !== undefined && !names.includes(name));
  if (extra !== undefined) return `${within(at, extra)} is there the second time only`;
  for (let index = 0; index < Math.max(first.length, second.length); index += 1) {
    const name = names[index];
    const found = difference(first[index], second[index], name === undefined ? `${at}[${index}]` : within(at, name));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Steps are known by their id alone; inputs and outputs belong to one. */
function within(at: string, name: string): string {
  return name.startsWith('step ') ? name : `${at.replace(/[.]?(inputs|outputs)$/, '')}, ${name}`;
}

/** `step Compute`, `input word`: what a person calls an item of the plan. */
function nameOf(item: unknown): string | undefined {
  if (!isRecord(item)) return undefined;
  if (typeof item['id'] === 'string') return `step ${item['id']}`;
  return typeof item['name'] === 'string' ? `${'source' in item ? 'input' : 'output'} ${item['name']}` : undefined;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'not there';
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
