// From a command and its arguments to a checked plan, and the functions its steps execute.
import { AssertionError } from '../base/assert.ts';
import type { Plan } from '../plan/plan.ts';
import type { CommandDefinition, TaskDefinition } from './definition.ts';

/** What a step executes: the definition, and the arguments it reads, parsed by its own schemas. */
export interface StepFunction {
  definition: TaskDefinition;
  args: Record<string, unknown>;
}

export interface BuiltPlan {
  plan: Plan;
  /** By step id, inner steps included; the generator and reduce of any map are at `<map>/generate` and `<map>/reduce`. */
  functions: ReadonlyMap<string, StepFunction>;
}

/** Runs `setup` with `args` (decoded values; defaults are filled in) and checks what it returns. Throws `OutflowError` of exit kind pipeline or usage. */
export function buildPlan(
  _name: string,
  _definition: CommandDefinition,
  _args: Readonly<Record<string, unknown>>,
): Promise<BuiltPlan> {
  throw new AssertionError('not yet');
}
