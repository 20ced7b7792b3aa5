// The generator and the reduce of a map as task definitions, so that they run at the same checked border as tasks.
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { GENERATED_OUTPUT, RAW_OUTPUT, type TaskOptions } from '../plan/plan.ts';
import type { Context } from './context.ts';
import type { GeneratorDefinition, MapDefinition, ReduceDefinition, TaskDefinition } from './definition.ts';
import { check, type Schema } from './schema.ts';

const OPTIONS: TaskOptions = { retries: { max: 0, delayMs: 0 }, isolate: false };

/** The definition of `<map>/generate`: its output is the array of elements. `names`: what each element must hold. */
export function generatorTask(map: MapDefinition, generator: GeneratorDefinition, names: readonly string[]): TaskDefinition {
  return {
    name: `${map.name}/generate`,
    args: {},
    inputs: generator.inputs,
    outputs: { [GENERATED_OUTPUT]: elementsSchema(generator, names) },
    options: OPTIONS,
    run: async (inputs, context) => ({ [GENERATED_OUTPUT]: await generator.run(inputs, context) }),
  };
}

/** The definition of `<map>/reduce`: from the raw outputs of all units to the map's output. */
export function reduceTask(map: MapDefinition, reduce: ReduceDefinition, outputName: string): TaskDefinition {
  return {
    name: `${map.name}/reduce`,
    args: {},
    inputs: { ...reduce.inputs, [RAW_OUTPUT]: { schema: anything } },
    outputs: { [outputName]: reduce.output ?? anything },
    options: OPTIONS,
    run: async ({ [RAW_OUTPUT]: outputs, ...inputs }, context: Context) => ({
      [outputName]: await reduce.run(outputs, inputs, context),
    }),
  };
}

function schemaOf(
  validate: (value: unknown) => StandardSchemaV1.Result<unknown> | Promise<StandardSchemaV1.Result<unknown>>,
): Schema {
  return { '~standard': { version: 1, vendor: 'outflow', validate } };
}

/** Anything but nothing. */
const anything = schemaOf((value) => (value === undefined ? { issues: [{ message: 'nothing was returned' }] } : { value }));

/** An array of objects that hold all of `names`; checked by the generator's own schemas where it declares them. */
function elementsSchema({ elements }: GeneratorDefinition, names: readonly string[]): Schema {
  return schemaOf((value) => {
    if (!Array.isArray(value)) return { issues: [{ message: 'a generator returns an array of objects, one an element' }] };
    for (let i = 0; i < value.length; i++) {
      const element: unknown = value[i];
      const isObject = typeof element === 'object' && element !== null && !Array.isArray(element);
      if (!isObject) return { issues: [{ message: 'each element is an object that holds inputs by name', path: [i] }] };
      if (elements !== undefined) continue; // its schemas decide
      const missing = names.find((name) => (element as Record<string, unknown>)[name] === undefined);
      if (missing !== undefined) return { issues: [{ message: 'the element lacks this input', path: [i, missing] }] };
    }
    return elements === undefined ? { value } : checkElements(value, Object.entries(elements));
  });
}

async function checkElements(
  values: readonly Record<string, unknown>[],
  schemas: [string, Schema][],
): Promise<StandardSchemaV1.Result<unknown>> {
  const checkedValues: Record<string, unknown>[] = [];
  for (const [i, element] of values.entries()) {
    const unknownName = Object.keys(element).find((name) => !schemas.some(([known]) => known === name));
    if (unknownName !== undefined)
      return { issues: [{ message: 'this name is not among the declared `elements`', path: [i, unknownName] }] };
    const checkedElement: Record<string, unknown> = {};
    for (const [name, schema] of schemas) {
      const result = check(schema, element[name]);
      const outcome = result instanceof Promise ? await result : result;
      if (!outcome.ok)
        return { issues: outcome.issues.map(({ message, path }) => ({ message, path: [i, name, ...(path ?? [])] })) };
      if (outcome.value !== undefined) checkedElement[name] = outcome.value;
    }
    checkedValues.push(checkedElement);
  }
  return { value: checkedValues };
}
