// The user's pipeline within a host: imported once, its plan built once and compared with the run's.
import { importBundle, keepBundles } from '../../src/loader/import-bundle.ts';
import { isOutflowError, OutflowError } from '../../src/model/errors.ts';
import type { Failure } from '../../src/model/states.ts';
import { decodeValue } from '../../src/model/values.ts';
import { planSum } from '../../src/plan/hash.ts';
import type { Step } from '../../src/plan/plan.ts';
import { buildPlan, commandsOf, type StepFunction } from '../../src/sdk/internal.ts';
import type { BeginMessage } from '../wire/messages.ts';
import { failureFrom, stackText } from './failures.ts';

export interface LoadedPipeline {
  /** Steps of the top workflow, by id. */
  steps: ReadonlyMap<string, Step>;
  functions: ReadonlyMap<string, StepFunction>;
}

export async function loadPipeline(begin: BeginMessage): Promise<LoadedPipeline> {
  const commands = commandsOf(await importBundle(begin.bundlePath, begin.pipelineDir));
  const definition = commands[begin.command];
  if (definition === undefined) throw new OutflowError('unknown-command', `the pipeline has no command ${begin.command}`);
  const args = decodeValue(begin.args) as Record<string, unknown>;
  const { plan, functions } = await buildPlan(begin.command, definition, args, { withTypes: false });
  if (begin.planSum !== '' && planSum(plan) !== begin.planSum) {
    throw new OutflowError(
      'setup-not-deterministic',
      `setup of ${begin.command} built another workflow than the one that was planned`,
      {
        hint: 'setup must give the same workflow each time for the same arguments: no clock, no random numbers, no files or variables that differ between machines',
      },
    );
  }
  keepBundles();
  return { steps: new Map(plan.workflow.steps.map((step) => [step.id, step])), functions };
}

/** Why no unit can run here, as the failure of the units that would have. */
export function setupFailure(thrown: unknown): Failure {
  const { message } = failureFrom(thrown);
  const code = isOutflowError(thrown) ? `${thrown.code}: ` : '';
  // An error of ours tells of the user's by its cause.
  const users = isOutflowError(thrown) ? thrown.cause : thrown;
  const stack = stackText((users as { stack?: string } | null | undefined)?.stack);
  return { cause: 'setup-failed', message: `the pipeline could not be set up: ${code}${message}`, ...(stack ? { stack } : {}) };
}
