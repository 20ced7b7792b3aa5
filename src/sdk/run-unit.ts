// One unit: a task step, or one element of a map with its whole subworkflow.
import { assert } from '../base/assert.ts';
import { decodeValue } from '../model/values.ts';
import type { Step, TaskStep, Workflow } from '../plan/plan.ts';
import { Stepper } from '../plan/stepper.ts';
import type { Context, Database, Logger } from './context.ts';
import type { StepFunction, TaskDefinition } from './definition.ts';
import { cancelled, failureOf, UnitError } from './failure.ts';
import { runInnerMap } from './inner-map.ts';
import { runTask } from './run-task.ts';

/** A task's context, but for what differs between the tasks of one unit. `db` and `databases` may be getters: they are read when the task reads them. */
export type UnitContext = Omit<Context, 'args' | 'step'>;

export interface RunningTask {
  /** Step id of the task; `<map>/generate` and `<map>/reduce` for those of inner maps. */
  id: string;
  definition: TaskDefinition;
}

/** What a hook may put in place for one task. */
export interface TaskScope {
  signal?: AbortSignal;
  log?: Logger;
}

export interface UnitHooks {
  /**
   * Surrounds each execution of a task: calls `run` once and settles as it does, or rejects earlier (a timeout:
   * `TaskError('timeout', …)`). What `run` rejects with is what the user's code threw.
   */
  runTask?(task: RunningTask, run: (scope?: TaskScope) => Promise<Record<string, unknown>>): Promise<Record<string, unknown>>;
}

export interface UnitRun {
  /** A step of the plan's top workflow. */
  step: Step;
  functions: ReadonlyMap<string, StepFunction>;
  /** Decoded: a task step's inputs; for an element, the map's shared inputs. */
  inputs: Readonly<Record<string, unknown>>;
  /** Decoded; of a map's unit only. */
  element?: Readonly<Record<string, unknown>>;
  context: UnitContext;
  hooks?: UnitHooks;
}

/** A task step's outputs by name; for a map's element, one such record a terminating task. */
export type UnitOutputs = Record<string, unknown> | Record<string, unknown>[];

/** Executes the unit. Rejects with `UnitError`, after all that it started has ended. */
export async function runUnit(unit: UnitRun): Promise<UnitOutputs> {
  const { step, inputs, element } = unit;
  if (step.kind === 'task') return runStep(step.id, inputs, unit);
  const outer = element === undefined ? inputs : { ...inputs, ...element };
  return runBody(step.body, outer, unit);
}

/** Runs one workflow within a unit; a record of outputs a terminating step. */
function runBody(body: Workflow, outer: Readonly<Record<string, unknown>>, unit: UnitRun): Promise<Record<string, unknown>[]> {
  const only = body.steps.length === 1 ? body.steps[0] : undefined;
  return only?.kind === 'task' ? runOnly(only, outer, unit) : walk(body, outer, unit);
}

/** The body of a single task, which is what most maps have: about a microsecond less than by the stepper. */
async function runOnly(
  step: TaskStep,
  outer: Readonly<Record<string, unknown>>,
  unit: UnitRun,
): Promise<Record<string, unknown>[]> {
  const inputs: Record<string, unknown> = {};
  for (const { name, source } of step.inputs) {
    if (source.kind === 'outer') inputs[name] = outer[source.name];
    else if (source.kind === 'bound') inputs[name] = decodeValue(source.value);
  }
  return [await runStep(step.id, inputs, unit)];
}

async function walk(body: Workflow, outer: Readonly<Record<string, unknown>>, unit: UnitRun): Promise<Record<string, unknown>[]> {
  const stepper = new Stepper<unknown>(body, outer, decodeValue);
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const start = (step: Step) => {
    const run = execute(step, stepper.inputsOf(step.id), unit)
      .then((outputs) => stepper.succeed(step.id, outputs))
      .catch((error: unknown) => {
        failures.push(error); // no more steps are started; the running ones end first
      })
      .finally(() => running.delete(run));
    running.add(run);
  };
  do {
    if (failures.length === 0 && unit.context.signal.aborted) failures.push(cancelled());
    if (failures.length === 0) stepper.ready().forEach(start);
    if (running.size > 0) await Promise.race(running);
  } while (running.size > 0 || (failures.length === 0 && !stepper.isDone));
  if (failures.length > 0) throw failures[0];
  return stepper.outputsOfTerminating() as Record<string, unknown>[];
}

function execute(step: Step, inputs: Readonly<Record<string, unknown>>, unit: UnitRun): Promise<Record<string, unknown>> {
  if (step.kind === 'task') return runStep(step.id, inputs, unit);
  return runInnerMap(step, inputs, {
    limit: unit.context.cpus,
    isCancelled: () => unit.context.signal.aborted,
    runFunction: (id, given) => runStep(id, given, unit),
    runElement: (outer) => runBody(step.body, outer, unit),
  });
}

/** One task, generator or reduce, by step id, within its hook; whatever it throws becomes a `UnitError` that names it. */
async function runStep(id: string, inputs: Readonly<Record<string, unknown>>, unit: UnitRun): Promise<Record<string, unknown>> {
  const step = unit.functions.get(id);
  assert(step !== undefined, `the plan has no function for step ${id}`);
  const { definition, args } = step;
  try {
    if (unit.hooks?.runTask === undefined)
      return await runTask(definition, inputs, new TaskContext(unit.context, id, args, undefined));
    return await unit.hooks.runTask({ id, definition }, (scope) =>
      runTask(definition, inputs, new TaskContext(unit.context, id, args, scope)),
    );
  } catch (error) {
    throw new UnitError(failureOf(error, id), error);
  }
}

/** A task's view of its unit's context. Getters, so that making one costs nothing and `db` is opened by those that read it. */
class TaskContext implements Context<Record<string, unknown>> {
  readonly args: Record<string, unknown>;
  readonly step: string;
  readonly #unit: UnitContext;
  readonly #scope: TaskScope | undefined;

  constructor(unit: UnitContext, step: string, args: Record<string, unknown>, scope: TaskScope | undefined) {
    this.#unit = unit;
    this.step = step;
    this.args = args;
    this.#scope = scope;
  }

  get log(): Logger {
    return this.#scope?.log ?? this.#unit.log;
  }
  get cpus(): number {
    return this.#unit.cpus;
  }
  get signal(): AbortSignal {
    return this.#scope?.signal ?? this.#unit.signal;
  }
  get db(): Database {
    return this.#unit.db;
  }
  get databases(): Readonly<Record<string, Database>> {
    return this.#unit.databases;
  }
  get run(): string {
    return this.#unit.run;
  }
  get index(): number {
    return this.#unit.index;
  }
  get attempt(): number {
    return this.#unit.attempt;
  }
  get workdir(): string {
    return this.#unit.workdir;
  }
}
