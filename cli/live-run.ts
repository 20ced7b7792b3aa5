// The run of commands that are about what happens now: the one that is named, else the only live one.
import * as Args from '@oclif/core/args';
import { OutflowError } from '../src/model/errors.ts';
import type { Plan } from '../src/plan/plan.ts';
import type { Store } from '../src/store/store.ts';
import type { RunSummary } from '../src/store/types.ts';
import { findRun, liveRunHelp } from './run-arg.ts';
import { holdOf } from './watch/holder.ts';

export const liveRun = { run: Args.string({ description: liveRunHelp, ignoreStdin: true }) };

/** Runs that may be live, of the newest ones. */
const NEWEST = 1_000;

/** Errors `unknown-run` (none is live), `ambiguous-run` (several are). */
export async function findLiveRun(store: Store, text: string | undefined): Promise<RunSummary & { plan: Plan }> {
  if (text !== undefined) return findRun(store, text);
  const live = (await store.listRuns({ limit: NEWEST })).filter((summary) => {
    const { kind } = holdOf(summary);
    return kind === 'here' || kind === 'elsewhere';
  });
  const [only] = live;
  if (only === undefined) throw new OutflowError('unknown-run', 'no run is live', { hint: 'all runs: outflow runs' });
  if (live.length > 1) {
    const named = live.slice(0, 10).map(({ record }) => `${record.id} (${record.command})`);
    throw new OutflowError('ambiguous-run', `${live.length} runs are live`, { hint: `name one of them: ${named.join(', ')}` });
  }
  return { ...only, plan: JSON.parse(only.record.plan) as Plan };
}
