// One execution of a task at its border: inputs are checked, the user's function runs, outputs are checked.
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { shown } from './checks.ts';
import type { Context } from './context.ts';
import type { InputDefinition, TaskDefinition } from './definition.ts';
import { TaskError } from './failure.ts';
import { check, pathText, type Schema } from './schema.ts';

/** Names and schemas in arrays: made once per definition, walked once per unit. */
interface Border {
  inputs: readonly (readonly [name: string, definition: InputDefinition])[];
  outputs: readonly (readonly [name: string, schema: Schema])[];
}

const borders = new WeakMap<TaskDefinition, Border>();

function borderOf(definition: TaskDefinition): Border {
  let border = borders.get(definition);
  if (border === undefined) {
    border = { inputs: Object.entries(definition.inputs), outputs: Object.entries(definition.outputs) };
    borders.set(definition, border);
  }
  return border;
}

/** Rejects with `TaskError` (`invalid-input`, `invalid-output`) or whatever the user's function threw. */
export async function runTask(
  definition: TaskDefinition,
  inputs: Readonly<Record<string, unknown>>,
  context: Context<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const border = borderOf(definition);
  const given: Record<string, unknown> = {};
  for (const [name, { schema, fallback }] of border.inputs) {
    let value = inputs[name];
    if (value === undefined && fallback !== undefined) value = fresh(fallback.value);
    const result = check(schema, value);
    const outcome = result instanceof Promise ? await result : result;
    if (!outcome.ok) throw new TaskError('invalid-input', problemText('input', name, value, outcome.issues));
    given[name] = outcome.value;
  }
  const returned = recordOf(border.outputs, await definition.run(given, context));
  const outputs: Record<string, unknown> = {};
  for (const [name, schema] of border.outputs) {
    const value = returned[name];
    const result = check(schema, value);
    const outcome = result instanceof Promise ? await result : result;
    if (!outcome.ok) throw new TaskError('invalid-output', problemText('output', name, value, outcome.issues));
    if (outcome.value !== undefined) outputs[name] = outcome.value;
  }
  return outputs;
}

/** A default of its own for each unit: one may change what it is given. */
function fresh(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? structuredClone(value) : value;
}

/**
 * What a task returned as a record of its outputs. With one output, an object whose only member has the output's name is
 * the record; all else is the bare value. The same for every value, so that no data can change the meaning.
 */
function recordOf(outputs: Border['outputs'], returned: unknown): Record<string, unknown> {
  const only = outputs.length === 1 ? outputs[0] : undefined;
  if (only !== undefined) {
    if (isObject(returned)) {
      const names = Object.keys(returned);
      if (names.length === 1 && names[0] === only[0]) return returned;
    }
    return { [only[0]]: returned };
  }
  if (outputs.length === 0) {
    if (returned === undefined || returned === null || (isObject(returned) && Object.keys(returned).length === 0)) return {};
    throw new TaskError('invalid-output', `it returned ${shown(returned)}, but declares no outputs`);
  }
  const declared = outputs.map(([name]) => name);
  if (!isObject(returned))
    throw new TaskError('invalid-output', `it returned ${shown(returned)}, not an object of its outputs ${declared.join(', ')}`);
  const unknown = Object.keys(returned).find((name) => !declared.includes(name));
  if (unknown !== undefined)
    throw new TaskError('invalid-output', `it returned the unknown output \`${unknown}\`; declared are ${declared.join(', ')}`);
  return returned;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function problemText(what: string, name: string, value: unknown, issues: readonly StandardSchemaV1.Issue[]): string {
  if (value === undefined) return `${what} \`${name}\` is missing`;
  const shownIssues = issues.slice(0, 3).map(({ message, path }) => `\`${joined(name, pathText(path))}\`: ${message}`);
  const more = issues.length - shownIssues.length;
  return `${what} ${shownIssues.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

function joined(name: string, path: string): string {
  return path === '' || path.startsWith('[') ? name + path : `${name}.${path}`;
}
