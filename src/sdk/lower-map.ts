// A map as plan steps: its elements, its shared inputs, its body; at the top its custom generator and reduce as steps of their own.
import { OutflowError } from '../model/errors.ts';
import { type Elements, GENERATED_OUTPUT, type Input, type MapStep, RAW_OUTPUT, type Step, type TaskStep } from '../plan/plan.ts';
import { badDefinition } from './checks.ts';
import type { GeneratorDefinition, MapDefinition, ReduceDefinition, TaskDefinition } from './definition.ts';
import { type IteratedName, iteratedInputs } from './iterated.ts';
import type { Lowering } from './lowering.ts';
import { generatorTask, reduceTask } from './map-functions.ts';
import { missingInput, resolveInputs, type Surroundings, sourceOf } from './resolve.ts';
import { type Lowered, type LowerWorkflow, type Place, taskStep } from './task-step.ts';

export async function lowerMap(
  id: string,
  map: MapDefinition,
  after: string[],
  around: Surroundings,
  place: Place,
  lowerBody: LowerWorkflow,
): Promise<Lowered> {
  const isInner = place.prefix !== '';
  if (isInner) refuseResources(id, map);
  const iterated = iteratedInputs(id, map);
  const held = elementNames(id, map, iterated);
  const body = await lowerBody(map.body, map.created, {
    prefix: `${id}/`,
    where: `the body of map ${id}`,
    outer: new Set([...held, ...around.upstream.keys(), ...around.outer]),
    lowering: place.lowering,
  });
  if (!isInner) checkEnvironments(id, body.steps, new Map());
  const step: MapStep = {
    kind: 'map',
    id,
    name: id.slice(id.lastIndexOf('/') + 1),
    after,
    inputs: [
      ...(map.generator === undefined ? arrayInputs(id, iterated, around, place.lowering) : []),
      ...sharedNames(body.inputs, held, around),
    ],
    outputs: map.outputName === undefined ? [] : [{ name: map.outputName }],
    body,
    elements:
      map.generator === undefined
        ? { kind: 'iterate', over: iterated.map(({ input, array }) => ({ input, array })) }
        : { kind: 'generated' },
    ...(map.outputName === undefined ? {} : { outputName: map.outputName }),
    reduce: map.reduce === undefined ? 'concatenate' : 'custom',
    ...resourcesOf(map),
    ...(map.simultaneousTasks === undefined ? {} : { simultaneousTasks: map.simultaneousTasks }),
    onFailure: map.onFailure,
  };
  step.inputs = unique(step.inputs);
  const outputs = map.outputName === undefined ? [] : [map.outputName];
  const steps = isInner
    ? await withInnerFunctions(step, map, held, around, place)
    : await withSteps(step, map, held, around, place);
  return { steps, last: (steps.at(-1) as Step).id, outputs };
}

function resourcesOf(map: MapDefinition): Pick<MapStep, 'cpusPerTask'> & Partial<MapStep> {
  const { cpusPerTask = 1, memPerTask, gpusPerTask, timePerTask, sbatch, prologue } = map;
  return {
    cpusPerTask,
    ...(memPerTask === undefined ? {} : { memPerTaskMib: memPerTask }),
    ...(gpusPerTask === undefined ? {} : { gpusPerTask }),
    ...(timePerTask === undefined ? {} : { timePerTaskMs: timePerTask }),
    ...(sbatch === undefined ? {} : { sbatch: { ...sbatch } }),
    ...(prologue === undefined ? {} : { prologue: [...prologue] }),
  };
}

function refuseResources(id: string, map: MapDefinition): void {
  for (const option of ['cpusPerTask', 'memPerTask', 'gpusPerTask', 'timePerTask', 'sbatch', 'prologue'] as const) {
    if (map[option] === undefined) continue;
    throw new OutflowError('nested-resources', `map ${id} is within another map and sets \`${option}\``, {
      hint: `a map within a map runs within its unit, on the unit's CPUs: set \`${option}\` on the outermost map`,
    });
  }
}

/** The names that an element holds. Throws `no-iterated-input`, or `missing-input` where a generator leaves one out. */
function elementNames(id: string, map: MapDefinition, iterated: readonly IteratedName[]): string[] {
  const declared = map.generator?.elements;
  const names = declared === undefined ? iterated.map(({ input }) => input) : Object.keys(declared);
  if (names.length === 0) {
    const hint =
      map.generator === undefined
        ? "declare an input of a task in it as iterateOn('array_name', schema), or give the map a `generator`"
        : 'declare what the elements hold: generator: { elements: { name: schema }, run: … }';
    throw new OutflowError(
      'no-iterated-input',
      `map ${id} has nothing to iterate: no task in it has an input declared with iterateOn`,
      { hint },
    );
  }
  const left = iterated.filter(({ input }) => !names.includes(input)).map(({ input }) => `\`${input}\``);
  if (left.length > 0) {
    throw new OutflowError('missing-input', `the generator of map ${id} does not give the iterated input ${left.join(', ')}`, {
      hint: `its elements hold ${names.join(', ')}: add it to \`elements\``,
    });
  }
  return names;
}

function arrayInputs(id: string, iterated: readonly IteratedName[], around: Surroundings, lowering: Lowering): Input[] {
  const inputs: Input[] = [];
  const missing: { name: string; type?: string }[] = [];
  for (const { array, definition } of iterated) {
    const element = lowering.typeOf(definition.schema, 'input');
    const type = element === undefined ? {} : { type: `array of ${element}` };
    const source = sourceOf(array, around);
    if (source === undefined) missing.push({ name: array, ...type });
    else inputs.push({ name: array, source, ...type });
  }
  if (missing.length > 0) throw missingInput(`map ${id}, which iterates over them,`, unique(missing), around);
  return inputs;
}

/** What the body takes from outside beside the elements: it was lowered with these names on offer, so all have a source. */
function sharedNames(names: readonly string[], held: readonly string[], around: Surroundings): Input[] {
  const inputs: Input[] = [];
  for (const name of names) {
    const source = held.includes(name) ? undefined : sourceOf(name, around);
    if (source !== undefined) inputs.push({ name, source });
  }
  return inputs;
}

function unique<T extends { name: string }>(items: readonly T[]): T[] {
  const byName = new Map<string, T>();
  for (const item of items) if (!byName.has(item.name)) byName.set(item.name, item);
  return [...byName.values()];
}

/** A map within a map: the host calls its generator and reduce within the unit, so the map takes their inputs too. */
async function withInnerFunctions(
  step: MapStep,
  map: MapDefinition,
  held: string[],
  around: Surroundings,
  place: Place,
): Promise<Step[]> {
  const own = [...step.inputs];
  for (const [id, definition] of functionsOf(step, map, held)) {
    await place.lowering.addFunction(id, definition);
    const { [RAW_OUTPUT]: _outputs, ...inputs } = definition.inputs;
    for (const input of await resolveInputs(id, inputs, {}, around, place.lowering))
      if (input.source.kind !== 'default') own.push(input);
  }
  step.inputs = unique(own);
  return [step];
}

/** A map at the top: its generator and reduce are units of their own. */
async function withSteps(step: MapStep, map: MapDefinition, held: string[], around: Surroundings, place: Place): Promise<Step[]> {
  const { lowering } = place;
  const steps: Step[] = [];
  for (const [id, definition] of functionsOf(step, map, held)) {
    await lowering.addFunction(id, definition);
    if (id.endsWith('/generate')) {
      const generate = taskStep(id, 'generate', definition, step.after, lowering);
      generate.inputs = await resolveInputs(id, definition.inputs, {}, around, lowering);
      step.elements = elementsFrom(step, generate);
      steps.push(generate, step);
    } else {
      if (steps.length === 0) steps.push(step);
      steps.push(await reduceStep(id, step, definition, around, place));
    }
  }
  return steps.length === 0 ? [step] : steps;
}

function functionsOf(step: MapStep, map: MapDefinition, held: readonly string[]): [string, TaskDefinition][] {
  const { generator, reduce, outputName } = map as {
    generator?: GeneratorDefinition;
    reduce?: ReduceDefinition;
    outputName: string;
  };
  return [
    ...(generator === undefined
      ? []
      : [[`${step.id}/generate`, generatorTask(map, generator, held)] as [string, TaskDefinition]]),
    ...(reduce === undefined ? [] : [[`${step.id}/reduce`, reduceTask(map, reduce, outputName)] as [string, TaskDefinition]]),
  ];
}

/** Feeds the generator's output to the map, under a name that none of the map's inputs has. */
function elementsFrom(step: MapStep, generate: TaskStep): Elements {
  let input: string = GENERATED_OUTPUT;
  while (step.inputs.some(({ name }) => name === input)) input += '_';
  step.inputs.push({ name: input, source: { kind: 'step', step: generate.id, output: GENERATED_OUTPUT } });
  step.after = [...step.after, generate.id];
  return { kind: 'generated', input };
}

async function reduceStep(
  id: string,
  step: MapStep,
  definition: TaskDefinition,
  around: Surroundings,
  place: Place,
): Promise<TaskStep> {
  step.outputName = RAW_OUTPUT;
  step.outputs = [{ name: RAW_OUTPUT }];
  const { [RAW_OUTPUT]: _outputs, ...inputs } = definition.inputs;
  const reduce = taskStep(id, 'reduce', definition, [step.id], place.lowering);
  reduce.inputs = [
    { name: RAW_OUTPUT, source: { kind: 'step', step: step.id, output: RAW_OUTPUT } },
    ...(await resolveInputs(id, inputs, {}, around, place.lowering)),
  ];
  for (const { source } of reduce.inputs)
    if (source.kind === 'step' && !reduce.after.includes(source.step)) reduce.after.push(source.step);
  return reduce;
}

/** The tasks of a unit share one process environment: two values for one name cannot both hold. */
function checkEnvironments(id: string, steps: readonly Step[], seen: Map<string, string>): void {
  for (const step of steps) {
    if (step.kind === 'map') checkEnvironments(id, step.body.steps, seen);
    else {
      for (const [name, value] of Object.entries(step.options.env ?? {})) {
        if ((seen.get(name) ?? value) !== value) {
          throw badDefinition(
            `tasks of map ${id} set the environment variable ${name} to different values`,
            'the tasks of one unit share its environment',
          );
        }
        seen.set(name, value);
      }
    }
  }
}
