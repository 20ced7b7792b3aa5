// What the hosts and the CLI use of the SDK; users import `src/index.ts`.
export { type BuiltPlan, buildPlan } from './build-plan.ts';
export { type CommandDescription, commandsOf, describeCommand, type FlagDescription } from './commands.ts';
export type { Database, LogFields, Logger } from './context.ts';
export type { StepFunction } from './definition.ts';
export { failureOf, TaskError, UnitError } from './failure.ts';
export { runTask } from './run-task.ts';
export {
  type RunningTask,
  runUnit,
  type TaskScope,
  type UnitContext,
  type UnitHooks,
  type UnitOutputs,
  type UnitRun,
} from './run-unit.ts';
