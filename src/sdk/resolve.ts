// Where the inputs of one step come from: bound values, the steps piped directly into it, the enclosing subworkflow, defaults.
import { isOutflowError, OutflowError } from '../model/errors.ts';
import { encodeValue } from '../model/values.ts';
import type { Input, Source } from '../plan/plan.ts';
import type { InputDefinition } from './definition.ts';
import type { Lowering } from './lowering.ts';
import { check, issuesText } from './schema.ts';

/** The outputs of the steps piped directly into a step: by output name, the step that gives it. */
export type Upstream = ReadonlyMap<string, string>;

/** What is known around a step. */
export interface Surroundings {
  upstream: Upstream;
  /** The steps piped directly into it, and what each gives. */
  offers: readonly { step: string; outputs: readonly string[] }[];
  /** Names that the enclosing subworkflow gives: empty at the top. */
  outer: ReadonlySet<string>;
  /** The earlier step of the workflow that gives an output of this name, for a hint. */
  giverOf(name: string): string | undefined;
}

/** A wanted input: its definition, or for a map's arrays and shared inputs only what is known of them. */
export interface Wanted {
  name: string;
  definition?: InputDefinition;
  type?: string | undefined;
}

/** A name's source in the surroundings; undefined where nobody gives it. */
export function sourceOf(name: string, { upstream, outer }: Surroundings): Source | undefined {
  const step = upstream.get(name);
  if (step !== undefined) return { kind: 'step', step, output: name };
  return outer.has(name) ? { kind: 'outer', name } : undefined;
}

/** The inputs of a task, generator or reduce. Throws `missing-input` with all that is missing, `bad-definition` for a bound value. */
export async function resolveInputs(
  id: string,
  inputs: Readonly<Record<string, InputDefinition>>,
  bound: Readonly<Record<string, unknown>>,
  around: Surroundings,
  lowering: Lowering,
): Promise<Input[]> {
  const resolved: Input[] = [];
  const missing: Wanted[] = [];
  for (const [name, definition] of Object.entries(inputs)) {
    const type = lowering.typeOf(definition.schema, 'input');
    const source = Object.hasOwn(bound, name)
      ? await boundSource(id, name, definition, bound[name])
      : (sourceOf(name, around) ?? ((await hasDefault(definition, lowering)) ? ({ kind: 'default' } as const) : undefined));
    if (source === undefined) missing.push({ name, definition, type });
    else resolved.push({ name, source, ...(type === undefined ? {} : { type }) });
  }
  if (missing.length > 0) throw missingInput(`step ${id}`, missing, around);
  return resolved;
}

async function hasDefault(definition: InputDefinition, lowering: Lowering): Promise<boolean> {
  if (definition.fallback !== undefined) return true;
  return definition.iterateOn === undefined && (await lowering.isOptional(definition.schema));
}

async function boundSource(id: string, name: string, definition: InputDefinition, value: unknown): Promise<Source> {
  const what = `the value bound to input \`${name}\` of step ${id}`;
  const outcome = await check(definition.schema, value);
  if (!outcome.ok) throw new OutflowError('bad-definition', `${what} does not fit its schema: ${issuesText(outcome.issues)}`);
  try {
    return { kind: 'bound', value: encodeValue(value) };
  } catch (error) {
    if (isOutflowError(error)) throw new OutflowError('bad-definition', `${what}: ${error.message}`, { hint: error.hint });
    throw error;
  }
}

/** The error that says which inputs of which step are missing and what upstream offers. */
export function missingInput(what: string, missing: readonly Wanted[], { offers, outer, giverOf }: Surroundings): OutflowError {
  const names = missing.map(({ name, type }) => `\`${name}\`${type === undefined ? '' : ` (${type})`}`).join(', ');
  const offered = offers.map(({ step, outputs }) => `${step} (${outputs.length === 0 ? 'no outputs' : outputs.join(', ')})`);
  const around = outer.size === 0 ? [] : [`the map around it offers ${[...outer].join(', ')}`];
  const upstream = offered.length === 0 ? 'nothing is piped into it' : `piped into it: ${offered.join(', ')}`;
  const message = `${what} lacks the input${missing.length === 1 ? '' : 's'} ${names}: ${[upstream, ...around].join('; ')}`;
  const first = missing[0] as Wanted;
  const array = first.definition?.iterateOn;
  const giver = giverOf(first.name);
  let hint = `pipe in a task with an output named \`${first.name}\`, bind a value in the call ({ ${first.name}: … }), or give the input a default`;
  if (giver !== undefined)
    hint = `${giver} gives \`${first.name}\` but is not piped directly into this step: use join(…, …).pipe(…)`;
  if (array !== undefined)
    hint = `\`${first.name}\` is declared with iterateOn('${array}', …): put its task into a mapTask, or bind a value to it`;
  return new OutflowError('missing-input', message, { hint });
}
