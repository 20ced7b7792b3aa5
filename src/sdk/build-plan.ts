// From a command and its arguments to a checked plan, and the functions its steps execute.
import { isOutflowError, OutflowError } from '../model/errors.ts';
import { encodeValue } from '../model/values.ts';
import type { Plan } from '../plan/plan.ts';
import { recordSetup } from './ambient.ts';
import { graphOfResult } from './chain.ts';
import { describeCommand } from './commands.ts';
import type { CommandDefinition, StepFunction } from './definition.ts';
import { flagProblem } from './flag.ts';
import { lowerWorkflow } from './lower.ts';
import { Lowering } from './lowering.ts';

export interface BuiltPlan {
  plan: Plan;
  /** By step id, inner steps included; the generator and reduce of any map are at `<map>/generate` and `<map>/reduce`. */
  functions: ReadonlyMap<string, StepFunction>;
}

/**
 * Runs `setup` with `args` (decoded values; defaults are filled in) and checks what it returns. `withTypes`: inputs and outputs say
 * their types, for people. Throws `OutflowError` of exit kind pipeline or usage.
 */
export async function buildPlan(
  name: string,
  definition: CommandDefinition,
  args: Readonly<Record<string, unknown>>,
  { withTypes = true }: { withTypes?: boolean } = {},
): Promise<BuiltPlan> {
  describeCommand(name, definition);
  const values = checkedArgs(name, definition, args);
  const { result, created } = await recordSetup(() => definition.setup({ ...values })).catch((error: unknown) => {
    throw isOutflowError(error) ? error : setupError(name, error);
  });
  const where = `setup of command ${name}`;
  const lowering = new Lowering({ command: name, declared: Object.keys(definition.args), args: values, withTypes });
  const workflow = await lowerWorkflow(graphOfResult(result, where), created, { prefix: '', where, outer: new Set(), lowering });
  const plan: Plan = {
    version: 1,
    command: name,
    args: encodeValue(values),
    workflow,
    ...(definition.backend === undefined ? {} : { backend: definition.backend }),
  };
  return { plan, functions: lowering.functions };
}

function setupError(name: string, error: unknown): OutflowError {
  const message = typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
  return new OutflowError('setup-throws', `setup of command ${name} threw: ${message}`, {
    hint: 'setup only builds the workflow; what may fail belongs into a task',
    cause: error,
  });
}

/** The arguments with defaults filled in. Throws `missing-argument`, `bad-argument`. */
function checkedArgs(
  command: string,
  { args: flags }: CommandDefinition,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const help = { hint: `see \`outflow run ${command} --help\`` };
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(flags, name))
      throw new OutflowError('bad-argument', `command ${command} has no argument \`${name}\``, help);
  }
  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(flags)) {
    const value = given[name] ?? flag.default ?? (flag.multiple ? [] : undefined);
    const isMissing = value === undefined || (flag.multiple && Array.isArray(value) && value.length === 0);
    if (flag.required && isMissing)
      throw new OutflowError('missing-argument', `command ${command} needs the argument --${name}`, help);
    if (value === undefined) continue;
    const problem = flagProblem(flag, value);
    if (problem !== undefined)
      throw new OutflowError('bad-argument', `argument --${name} of command ${command} ${problem}`, help);
    values[name] = value;
  }
  return values;
}
