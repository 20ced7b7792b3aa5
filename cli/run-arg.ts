// The RUN argument of the commands that are about one run.
import * as Args from '@oclif/core/args';
import { OutflowError } from '../src/model/errors.ts';
import type { Plan } from '../src/plan/plan.ts';
import type { Store } from '../src/store/store.ts';
import type { RunSummary } from '../src/store/types.ts';
import { holdOf } from './watch/holder.ts';

const description = 'A run: its id, any unambiguous beginning of it, or `last`.';

export const liveRunHelp = `${description} Default: the only live one.`;
export const requiredRun = { run: Args.string({ description, required: true, ignoreStdin: true }) };
export const newestRun = { run: Args.string({ description: `${description} Default: last.`, ignoreStdin: true }) };

/** The run, with its plan; one whose holder's process is gone is orphaned, whatever its lease says. */
export async function findRun(store: Store, text: string): Promise<RunSummary & { plan: Plan }> {
  const summary = await store.findRun(text);
  return { ...withTrueState(summary), plan: JSON.parse(summary.record.plan) as Plan };
}

export function withTrueState(summary: RunSummary): RunSummary {
  return holdOf(summary).kind === 'nobody' ? { ...summary, state: 'orphaned' } : summary;
}

/** Error `run-has-ended`. */
export function assertNotEnded({ record, state, endedAt }: RunSummary): void {
  if (endedAt === null) return;
  throw new OutflowError('run-has-ended', `run ${record.id} has ended: ${state}`, {
    hint: `see it: outflow status ${record.id}`,
  });
}
