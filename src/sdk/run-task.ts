// One execution of a task at its border: inputs are checked, the user's function runs, outputs are checked.
import { AssertionError } from '../base/assert.ts';
import type { Context } from './context.ts';
import type { TaskDefinition } from './definition.ts';

/** Rejects with `TaskError` (`invalid-input`, `invalid-output`) or whatever the user's function threw. */
export function runTask(
  _definition: TaskDefinition,
  _inputs: Readonly<Record<string, unknown>>,
  _context: Context<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  throw new AssertionError('not yet');
}
