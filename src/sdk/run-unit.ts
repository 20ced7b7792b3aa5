// One unit: a task step, or one element of a map with its whole subworkflow.
import { AssertionError } from '../base/assert.ts';
import type { Step } from '../plan/plan.ts';
import type { StepFunction } from './build-plan.ts';
import type { Context, Logger } from './context.ts';
import type { TaskDefinition } from './definition.ts';

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
  /** Surrounds each execution of a task: calls `run` once and settles as it does, or rejects earlier (a timeout: `TaskError('timeout', …)`). */
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
export function runUnit(_unit: UnitRun): Promise<UnitOutputs> {
  throw new AssertionError('not yet');
}
