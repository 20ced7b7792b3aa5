// task(): the definition of a typed function, which is called in `setup` to make instances.
import type { TaskOptions as PlanOptions } from '../plan/plan.ts';
import { nextOrder, record } from './ambient.ts';
import { type Chain, chainOfNode } from './chain.ts';
import {
  badDefinition,
  checkBoolean,
  checkChoice,
  checkCount,
  checkDuration,
  checkFunction,
  checkInputs,
  checkOptions,
  checkShape,
  checkStepName,
  shown,
} from './checks.ts';
import type { Context } from './context.ts';
import { type Node, TASK, type TaskDefinition } from './definition.ts';
import type { Shape } from './schema.ts';
import type {
  AcceptedValues,
  InputShape,
  InputValues,
  Iterated,
  MaybePromise,
  NeedsOf,
  OutputValues,
  Returned,
  Show,
  Types,
  UnknownInput,
} from './types.ts';

/** A number of seconds, or a text such as `250ms`, `1.5s`, `5m`, `2h30m`. At most 24 days. */
export type Duration =
  | number
  | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`
  | `${number}${'m' | 'h' | 'd'}${number}${'s' | 'm' | 'h'}`;

/** The options that every task takes besides its inputs, outputs and function. */
export interface TaskOptions {
  /** How long one try of the task may take; then its signal is aborted and it fails with the cause `timeout`. Default: without limit. */
  readonly timeout?: Duration;
  /** How often, and after what delay, the unit is tried again when this task fails by itself. Losing a node or an agent spends none. Default: never. */
  readonly retries?: { readonly max: number; readonly delay?: Duration };
  /** Environment variables for the unit, on top of the submitter's. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether each unit with this task gets a fresh process. Default: false. */
  readonly isolate?: boolean;
  /**
   * With the Slurm backend: `'allocation'` runs the task on a compute node, as the units of maps are; by default it runs beside
   * the coordinator, on the host that submitted. Changes nothing within a map, or on another backend.
   */
  readonly runOn?: 'allocation';
}

/** What `task()` takes. */
export interface TaskSpec<I extends InputShape, O extends Shape, A extends Shape> extends TaskOptions {
  /** Its name in plans, logs and addresses; one definition a name. */
  readonly name: string;
  /** The command's arguments that it reads as `context.args`. Default: none. */
  readonly args?: A;
  /** A schema a name, or `iterateOn(…)`, or `input(schema, { default })`. Default: none. */
  readonly inputs?: I;
  /** A schema a name. Default: none. */
  readonly outputs?: O;
  /**
   * The work. Returns the outputs by name, or, where there is only one, its bare value: an object whose only member has the
   * output's name is always taken for the record of outputs. A unit may run more than once; one result counts.
   */
  run(inputs: InputValues<I>, context: Context<OutputValues<A>>): MaybePromise<Returned<O>>;
}

/** The values that a call may bind. */
type Bindable<Needs> = { [K in keyof Needs]?: Needs[K] extends Iterated<string, infer E> ? E : Needs[K] };
type OnlyKnown<B, Needs> = { [K in Exclude<keyof B, keyof Needs>]: UnknownInput<K, keyof Needs> };

/**
 * A task: call it in `setup` (or in the body of a `mapTask`) to make an instance of it. Inputs given in the call are bound
 * to that value, whatever is piped into the instance.
 *
 * @example
 * ```ts
 * const greet = Greet({ greeting: 'Hello' });
 * ```
 */
export interface Task<Needs extends object, Outputs extends object, Args extends object> {
  (): Chain<Types<Needs, {}, [Outputs], Args>>;
  <B extends Bindable<Needs>>(bound: B & OnlyKnown<B, Needs>): Chain<Types<Show<Omit<Needs, keyof B>>, {}, [Outputs], Args>>;
  readonly taskName: string;
}

const OPTIONS = ['name', 'args', 'inputs', 'outputs', 'run', 'timeout', 'retries', 'env', 'isolate', 'runOn'];

/**
 * Defines a task. Types of inputs, outputs and arguments are inferred from the schemas; values are checked by them again at
 * run time, in and out. Throws `bad-definition`.
 *
 * @example
 * ```ts
 * const Square = task({
 *   name: 'Square',
 *   inputs: { n: z.number() },
 *   outputs: { square: z.number() },
 *   run: ({ n }) => n * n,
 * });
 * ```
 */
export function task<I extends InputShape = {}, O extends Shape = {}, A extends Shape = {}>(
  spec: TaskSpec<I, O, A>,
): Task<NeedsOf<I>, OutputValues<O>, AcceptedValues<A>> {
  const definition = definitionOf(spec);
  const create = (bound?: unknown) => chainOfNode(record(instanceOf(definition, bound)));
  return Object.freeze(Object.assign(create, { taskName: definition.name, [TASK]: definition })) as unknown as Task<
    NeedsOf<I>,
    OutputValues<O>,
    AcceptedValues<A>
  >;
}

function definitionOf(spec: unknown): TaskDefinition {
  const given = checkOptions(spec, OPTIONS, 'task()');
  const name = checkStepName(given['name'], 'task()');
  const what = `task ${name}`;
  return {
    name,
    args: checkShape(given['args'], `argument of ${what}`),
    inputs: checkInputs(given['inputs'], `input of ${what}`),
    outputs: checkShape(given['outputs'], `output of ${what}`),
    options: optionsOf(given, what),
    run: checkFunction(given['run'], `\`run\` of ${what}`) as TaskDefinition['run'],
  };
}

function optionsOf(given: Readonly<Record<string, unknown>>, what: string): PlanOptions {
  const { timeout, env } = given;
  const retries =
    given['retries'] === undefined ? {} : checkOptions(given['retries'], ['max', 'delay'], `\`retries\` of ${what}`);
  const options: PlanOptions = {
    retries: {
      max: checkCount(retries['max'], 0, `\`retries.max\` of ${what}`) ?? 0,
      delayMs: retries['delay'] === undefined ? 0 : checkDuration(retries['delay'], `\`retries.delay\` of ${what}`),
    },
    isolate: checkBoolean(given['isolate'], `\`isolate\` of ${what}`),
  };
  if (timeout !== undefined) options.timeoutMs = checkDuration(timeout, `\`timeout\` of ${what}`);
  if (options.timeoutMs === 0) throw badDefinition(`\`timeout\` of ${what} is 0`, 'leave it out for no limit');
  const runOn = checkChoice(given['runOn'], ['allocation'] as const, `\`runOn\` of ${what}`);
  if (runOn !== undefined) options.runOn = runOn;
  if (env !== undefined) options.env = environmentOf(env, what);
  return options;
}

function environmentOf(env: unknown, what: string): Record<string, string> {
  if (typeof env !== 'object' || env === null)
    throw badDefinition(`\`env\` of ${what} must be an object of texts, not ${shown(env)}`);
  for (const [name, value] of Object.entries(env)) {
    const sound = typeof value === 'string' && !value.includes('\0') && name !== '' && !/[=\0]/.test(name);
    if (!sound)
      throw badDefinition(
        `\`env\` of ${what} cannot set ${shown(name)} to ${shown(value)}`,
        'names without `=`, values that are texts',
      );
  }
  return { ...env };
}

function instanceOf(definition: TaskDefinition, given: unknown): Node {
  const bound: Record<string, unknown> = {};
  if (given !== undefined) {
    const known = Object.keys(definition.inputs);
    if (typeof given !== 'object' || given === null)
      throw badDefinition(`${definition.name}() takes an object of inputs to bind, not ${shown(given)}`);
    for (const [name, value] of Object.entries(given)) {
      if (!known.includes(name)) {
        throw badDefinition(
          `task ${definition.name} has no input \`${name}\` to bind`,
          known.length === 0 ? 'it takes no inputs' : `its inputs are ${known.join(', ')}`,
        );
      }
      if (value !== undefined) bound[name] = value;
    }
  }
  return { kind: 'task', order: nextOrder(), definition, bound };
}
