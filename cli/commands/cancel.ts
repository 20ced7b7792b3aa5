// `outflow cancel`: ends a run; the wish is stored first, so that it holds whatever becomes of its coordinator.
import { setTimeout as sleep } from 'node:timers/promises';
import * as Flags from '@oclif/core/flags';
import { isOutflowError, OutflowError } from '../../src/model/errors.ts';
import { LIMITS } from '../../src/model/limits.ts';
import type { CoordinatorClient } from '../../src/rpc/client.ts';
import { dialFirst } from '../../src/rpc/dial.ts';
import type { Store } from '../../src/store/store.ts';
import type { RunSummary } from '../../src/store/types.ts';
import { OutflowCommand } from '../base-command.ts';
import { withStore } from '../open-store.ts';
import { tellOfLeftJobs } from '../pipeline/left-jobs.ts';
import { takeOver } from '../pipeline/take-over.ts';
import { assertNotEnded, findRun, requiredRun } from '../run-arg.ts';
import { paintFor } from '../text/style.ts';
import { type Hold, holdOf, type Target, targetOf } from '../watch/holder.ts';
import { outcomeLine } from '../watch/render-lines.ts';

const POLL_MS = 100;
/** Units get their grace, then the coordinator writes the end. */
const PATIENCE_MS = 3 * LIMITS.cancelGraceMs;

export default class Cancel extends OutflowCommand {
  static override summary = 'End a run.';
  static override description =
    'Its units get a signal and time to end; nothing is left running. A run without a coordinator is ended as well.';
  static override examples = ['<%= config.bin %> cancel last', '<%= config.bin %> cancel 7k2m --now'];
  static override args = requiredRun;
  static override flags = { now: Flags.boolean({ description: 'Give the units no time.' }) };

  override async run(): Promise<{ run: string; state: string }> {
    const { args, flags } = await this.parse(Cancel);
    return withStore(async (store, url) => {
      const summary = await findRun(store, args.run);
      await tellOfLeftJobs(summary);
      assertNotEnded(summary);
      const run = summary.record.id;
      await store.requestCancel(run);
      await nudge(summary, flags.now, url);
      const end = await waitForEnd(store, run);
      if (holdOf(end).kind === 'nobody')
        throw new OutflowError('coordinator-failed', `run ${run} is orphaned: its coordinator has gone before its end`, {
          hint: `cancel it again: outflow cancel ${run}`,
        });
      if (!this.jsonEnabled()) process.stdout.write(`${textOf(end)}\n`);
      return { run, state: end.state };
    });
  }
}

/** Lets the holder know, or makes one that finishes the cancel. One that cannot be reached looks at the store by itself. */
async function nudge(summary: RunSummary, now: boolean, url: string): Promise<void> {
  const hold = holdOf(summary);
  const target = hold.kind === 'nobody' ? await taken(summary, hold, url) : targetOf(hold);
  if (target === undefined) return;
  let client: CoordinatorClient | undefined;
  try {
    client = await dialFirst(target.addresses, target.tls);
    await client.cancel({ now });
  } catch {
    // The wish is stored: the coordinator looks at it, or has ended.
  } finally {
    client?.close();
  }
}

/** Undefined: somebody was faster, and sees the wish as well, or has ended the run by now. */
async function taken(summary: RunSummary, hold: Hold & { kind: 'nobody' }, url: string): Promise<Target | undefined> {
  try {
    return { addresses: [await takeOver(summary, hold, url)] };
  } catch (error) {
    if (isOutflowError(error) && (error.code === 'run-is-live' || error.code === 'run-has-ended')) return undefined;
    throw error;
  }
}

async function waitForEnd(store: Store, run: string): Promise<RunSummary> {
  const giveUpAtMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const summary = await store.findRun(run);
    if (summary.endedAt !== null || Date.now() > giveUpAtMs) return summary;
    await sleep(POLL_MS);
  }
}

function textOf({ record, state, endedAt }: RunSummary): string {
  if (endedAt === null) return `run ${record.id} is cancelling; see it: outflow status ${record.id}`;
  return outcomeLine(record.id, state, endedAt.getTime() - record.createdAt.getTime(), paintFor(process.stdout));
}
