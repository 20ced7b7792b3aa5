// Watches a run to its end and says how it ended; the exit code follows from what the store says.
import type { Plan } from '../../src/plan/plan.ts';
import type { Store } from '../../src/store/store.ts';
import type { RunRecord } from '../../src/store/types.ts';
import { surviveBrokenPipe } from '../text/broken-pipe.ts';
import { paintFor } from '../text/style.ts';
import { choosePrinter } from './choose-printer.ts';
import { holdOf } from './holder.ts';
import { exitCodeOfRun, type Outcome, outcomeLines, outcomeOf } from './outcome.ts';
import { watchRun } from './watch-run.ts';

export interface WatchAndTell {
  store: Store;
  record: RunRecord;
  plan: Plan;
  quiet: boolean;
  json: boolean;
  address?: string;
  sinceMs?: number;
  endInterruption?: () => boolean;
}

/** Sets the process's exit code. */
export async function watchAndTell({ record, quiet, json, ...watch }: WatchAndTell): Promise<Outcome> {
  surviveBrokenPipe();
  const printer = await choosePrinter({ quiet, json });
  const summary = await watchRun({ ...watch, run: record.id, backend: record.backend, printer });
  const isOrphan = holdOf(summary).kind === 'nobody';
  const outcome = await outcomeOf(watch.store, isOrphan ? { ...summary, state: 'orphaned' } : summary, watch.plan);
  process.exitCode = exitCodeOfRun(outcome.state);
  if (!json) process.stderr.write(`${outcomeLines(outcome, paintFor(process.stderr)).join('\n')}\n`);
  return outcome;
}
