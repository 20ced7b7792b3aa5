// mapTask(): a subworkflow that runs once for each element.
import { normalDirectives } from '../plan/directive-names.ts';
import { ON_FAILURE, type OnFailure } from '../plan/plan.ts';
import { prologueLines } from '../plan/prologue.ts';
import { nextOrder, record, recordBody } from './ambient.ts';
import { type AnyChain, type Chain, chainOfNode, graphOfResult } from './chain.ts';
import {
  badDefinition,
  checkBoolean,
  checkChoice,
  checkCount,
  checkDuration,
  checkFunction,
  checkInputs,
  checkMemberName,
  checkMemory,
  checkOptions,
  checkShape,
  checkStepName,
  shown,
} from './checks.ts';
import type { Context } from './context.ts';
import type { GeneratorDefinition, MapDefinition, MapResources, ReduceDefinition } from './definition.ts';
import type { Memory, SbatchOptions } from './sbatch-options.ts';
import { isSchema, type Schema, type Shape } from './schema.ts';
import type { Duration } from './task.ts';
import type {
  AcceptedValues,
  ChainsOf,
  ChainTypes,
  ElementOf,
  InputShape,
  InputValues,
  IteratedLeft,
  Lifted,
  MaybePromise,
  Merge,
  NeedsBeside,
  NeedsOf,
  OpenNeeds,
  Show,
  Types,
  UnitResult,
} from './types.ts';

/** No custom generator. */
export interface SplitArrays {
  readonly generator: 'split';
}

/** A generator that takes inputs of its own and declares what its elements hold. */
export interface GeneratorSpec<GI extends InputShape, GE extends Shape> {
  /** What it takes from outside. Default: none. */
  readonly inputs?: GI;
  /** What each element holds: these names serve the body's inputs. */
  readonly elements: GE;
  run(inputs: InputValues<GI>, context: Context): MaybePromise<readonly AcceptedValues<GE>[]>;
}

/** A reduce that takes inputs of its own or declares its output's schema. */
export interface ReduceSpec<B, Fail extends OnFailure, RI extends InputShape, R> {
  /** What it takes besides the outputs. Default: none. */
  readonly inputs?: RI;
  /** Checks what `run` returns. Default: unchecked. */
  readonly output?: Schema<unknown, R>;
  run(outputs: UnitResult<B, Fail>[], inputs: InputValues<RI>, context: Context): MaybePromise<R>;
}

/** What `mapTask()` takes besides its body. */
export interface MapOptions<
  B,
  Name extends string,
  NoOutputs extends boolean,
  Fail extends OnFailure,
  E,
  GI extends InputShape,
  GE extends Shape,
  RI extends InputShape,
  R,
> {
  /** Name of its only output. Default: `map_output`. */
  readonly outputName?: Name;
  /** Whether the units' outputs are dropped: the map then has no output. Default: false. */
  readonly noOutputs?: NoOutputs;
  /** CPUs that each unit owns while it runs. Default: 1. Not for a map within a map. */
  readonly cpusPerTask?: number;
  /** How many of its units may run at the same time. Default: as many as there are CPUs. */
  readonly simultaneousTasks?: number;
  /** `finish`: the other elements go on, then the step fails. `abort`: stop at the first failure. `keep`: the failure, as plain data, takes the element's place. Default: `finish`. */
  readonly onFailure?: Fail;
  /** Name of the step. Default: the output's name. */
  readonly name?: string;
  /**
   * Memory that each unit owns while it runs, as Slurm writes it: `4G`, `500M`; a bare number is MiB. Units are packed by it, and
   * one that uses more ends with the cause `out-of-memory`. Default: neither. Not for a map within a map.
   */
  readonly memPerTask?: Memory;
  /** GPUs that each unit owns while it runs; it sees no others. Default: 0. Not for a map within a map. */
  readonly gpusPerTask?: number;
  /**
   * What a unit takes at most, for the Slurm backend: none is started that could not end within its allocation. It may take
   * longer all the same; what ends it is `timeout` of a task. Default: learnt from the units that ran. Not for a
   * map within a map.
   */
  readonly timePerTask?: Duration;
  /**
   * Options of sbatch for the allocations of this map: `{ partition: 'short', time: '2:00:00' }`. They win over the
   * environment's SBATCH_* and the configuration. Other backends ignore them. Not for a map within a map.
   */
  readonly sbatch?: SbatchOptions;
  /**
   * Lines of shell that run in each allocation before the agent (`module load gcc`), whose environment units get; one that fails
   * ends the allocation. After those of the configuration. Other backends ignore them. Not for a map within a map.
   */
  readonly prologue?: string | readonly string[];
  /**
   * Makes the elements, in place of splitting the arrays of the iterated inputs. A function gives the iterated inputs of
   * each element; one that takes inputs, or serves other inputs of the body, is an object that declares `elements`.
   */
  readonly generator?:
    | ((context: Context) => MaybePromise<readonly (E & ElementOf<OpenNeeds<ChainsOf<B>>>)[]>)
    | GeneratorSpec<GI, GE>;
  /** Makes the output from what the units gave, in place of the array of all of it. */
  readonly reduce?: ((outputs: UnitResult<B, Fail>[], context: Context) => MaybePromise<R>) | ReduceSpec<B, Fail, RI, R>;
}

type BodyNeeds<N, E, GE extends Shape> = [E] extends [SplitArrays]
  ? keyof GE extends never
    ? Lifted<N>
    : NeedsBeside<N, GE>
  : NeedsBeside<N, E>;

type Mapped<
  T extends ChainTypes,
  Name extends string,
  NoOutputs extends boolean,
  E,
  GI extends InputShape,
  GE extends Shape,
  RI extends InputShape,
  R,
> = Types<
  Merge<BodyNeeds<OpenNeeds<T>, E, GE>, Merge<NeedsOf<GI>, NeedsOf<RI>>>,
  {},
  [NoOutputs extends true ? {} : Show<{ [K in Name]: R }>],
  T['reads']
>;

const OPTIONS = [
  'outputName',
  'noOutputs',
  'cpusPerTask',
  'memPerTask',
  'gpusPerTask',
  'timePerTask',
  'simultaneousTasks',
  'onFailure',
  'name',
  'sbatch',
  'prologue',
  'generator',
  'reduce',
];

/**
 * Runs a subworkflow once for each element, as many at a time as there are CPUs. By default the arrays of the inputs
 * declared with `iterateOn` are split and zipped, and the output is, in input order, an array an element of an array a
 * terminating task of that task's outputs: `[[{…}],[{…}]]`. All other inputs of the body go unchanged to each element.
 * Throws `bad-definition`.
 *
 * @example
 * ```ts
 * const squares = mapTask({ outputName: 'squares', cpusPerTask: 1 }, () => Square());
 * return Numbers().pipe(squares).pipe(Print());
 * ```
 */
export function mapTask<
  const B extends AnyChain | readonly [AnyChain, ...AnyChain[]],
  const Name extends string = 'map_output',
  NoOutputs extends boolean = false,
  Fail extends OnFailure = 'finish',
  E = SplitArrays,
  GI extends InputShape = {},
  GE extends Shape = {},
  RI extends InputShape = {},
  R = UnitResult<B, Fail>[],
>(
  options: MapOptions<B, Name, NoOutputs, Fail, E, GI, GE, RI, R>,
  body: () => B & IteratedLeft<OpenNeeds<ChainsOf<B>>, GE>,
): Chain<Mapped<ChainsOf<B>, Name, NoOutputs, E, GI, GE, RI, R>> {
  const definition = definitionOf(options, body);
  return chainOfNode(record({ kind: 'map', order: nextOrder(), definition }));
}

function definitionOf(options: unknown, body: () => unknown): MapDefinition {
  const given = checkOptions(options, OPTIONS, 'mapTask()');
  const noOutputs = checkBoolean(given['noOutputs'], '`noOutputs` of a map');
  const outputName = given['outputName'] ?? 'map_output';
  if (typeof outputName !== 'string') throw badDefinition(`\`outputName\` of a map must be a text, not ${shown(outputName)}`);
  checkMemberName(outputName, 'the output of a map');
  const name = checkStepName(given['name'] ?? outputName, 'mapTask()');
  const what = `map ${name}`;
  const simultaneousTasks = checkCount(given['simultaneousTasks'], 1, `\`simultaneousTasks\` of ${what}`);
  const generator = generatorOf(given['generator'], what);
  const reduce = reduceOf(given['reduce'], what);
  if (noOutputs && reduce !== undefined)
    throw badDefinition(`${what} has \`noOutputs\` and a \`reduce\``, 'drop one of them: a reduce works on the outputs');
  const { result, created } = recordBody(checkFunction(body, `the body of ${what}`));
  return {
    name,
    onFailure: checkChoice(given['onFailure'], ON_FAILURE, `\`onFailure\` of ${what}`) ?? 'finish',
    body: graphOfResult(result, `the body of ${what}`),
    created,
    ...(noOutputs ? {} : { outputName }),
    ...resourcesOf(given, what),
    ...(simultaneousTasks === undefined ? {} : { simultaneousTasks }),
    ...(generator === undefined ? {} : { generator }),
    ...(reduce === undefined ? {} : { reduce }),
  };
}

/** What units and allocations are given. Throws `bad-definition`, `bad-directive`. */
function resourcesOf(given: Readonly<Record<string, unknown>>, what: string): MapResources {
  const { memPerTask, timePerTask, sbatch, prologue } = given;
  const cpusPerTask = checkCount(given['cpusPerTask'], 1, `\`cpusPerTask\` of ${what}`);
  const gpusPerTask = checkCount(given['gpusPerTask'], 0, `\`gpusPerTask\` of ${what}`);
  return {
    ...(cpusPerTask === undefined ? {} : { cpusPerTask }),
    ...(memPerTask === undefined ? {} : { memPerTask: checkMemory(memPerTask, `\`memPerTask\` of ${what}`) }),
    ...(gpusPerTask === undefined ? {} : { gpusPerTask }),
    ...(timePerTask === undefined ? {} : { timePerTask: checkDuration(timePerTask, `\`timePerTask\` of ${what}`) }),
    ...(sbatch === undefined ? {} : { sbatch: normalDirectives(sbatch, `\`sbatch\` of ${what}`) }),
    ...(prologue === undefined ? {} : { prologue: prologueLines(prologue, `\`prologue\` of ${what}`) }),
  };
}

function generatorOf(value: unknown, what: string): GeneratorDefinition | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'function')
    return { inputs: {}, run: (_inputs, context) => (value as (context: Context) => unknown)(context) };
  const given = checkOptions(value, ['inputs', 'elements', 'run'], `\`generator\` of ${what}`);
  const elements = checkShape(given['elements'], `element member of ${what}`);
  if (Object.keys(elements).length === 0)
    throw badDefinition(`\`generator\` of ${what} declares no \`elements\``, 'write elements: { name: schema, … }');
  const inputs = checkInputs(given['inputs'], `input of the generator of ${what}`);
  refuseIterated(inputs, `the generator of ${what}`);
  return { inputs, elements, run: checkFunction(given['run'], `\`generator.run\` of ${what}`) as GeneratorDefinition['run'] };
}

function reduceOf(value: unknown, what: string): ReduceDefinition | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'function')
    return {
      inputs: {},
      run: (outputs, _inputs, context) => (value as (outputs: unknown, context: Context) => unknown)(outputs, context),
    };
  const given = checkOptions(value, ['inputs', 'output', 'run'], `\`reduce\` of ${what}`);
  const { output } = given;
  if (output !== undefined && !isSchema(output))
    throw badDefinition(`\`reduce.output\` of ${what} is ${shown(output)}, not a schema`);
  const inputs = checkInputs(given['inputs'], `input of the reduce of ${what}`);
  refuseIterated(inputs, `the reduce of ${what}`);
  return {
    inputs,
    ...(output === undefined ? {} : { output }),
    run: checkFunction(given['run'], `\`reduce.run\` of ${what}`) as ReduceDefinition['run'],
  };
}

function refuseIterated(inputs: Readonly<Record<string, { iterateOn?: string }>>, what: string): void {
  for (const [name, { iterateOn }] of Object.entries(inputs)) {
    if (iterateOn !== undefined)
      throw badDefinition(`${what} iterates its input \`${name}\``, 'it runs once, for the whole map: take the array itself');
  }
}
