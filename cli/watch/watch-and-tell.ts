// Watches a run to its end and says how it ended; the exit code follows from what the store says.
import { ERROR_CODES, isOutflowError, OutflowError } from '../../src/model/errors.ts';
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
export async function watchAndTell(options: WatchAndTell): Promise<Outcome> {
  try {
    return await watchAndTellEnd(options);
  } catch (error) {
    throw withRun(error, options.record.id);
  }
}

/** Without its database it cannot be told how the run stands; it has been accepted all the same, so it is not to be started again. */
function withRun(error: unknown, run: string): unknown {
  if (!isOutflowError(error) || ERROR_CODES[error.code] !== 'database') return error;
  const hint = `run ${run} goes on when its database is back; or, if its coordinator is gone by then: outflow resume ${run}`;
  return new OutflowError(error.code, error.message, { hint: error.hint ? `${error.hint}\n${hint}` : hint, cause: error });
}

async function watchAndTellEnd({ record, quiet, json, ...watch }: WatchAndTell): Promise<Outcome> {
  surviveBrokenPipe();
  const printer = await choosePrinter({ quiet, json });
  const summary = await watchRun({ ...watch, run: record.id, backend: record.backend, printer });
  const isOrphan = holdOf(summary).kind === 'nobody';
  const outcome = await outcomeOf(watch.store, isOrphan ? { ...summary, state: 'orphaned' } : summary, watch.plan);
  process.exitCode = exitCodeOfRun(outcome.state);
  if (!json) process.stderr.write(`${outcomeLines(outcome, paintFor(process.stderr)).join('\n')}\n`);
  return outcome;
}
