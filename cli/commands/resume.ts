// `outflow resume`: finishes a run that lost its coordinator, or attaches to one that is live.
import * as Flags from '@oclif/core/flags';
import { OutflowCommand } from '../base-command.ts';
import { withStore } from '../open-store.ts';
import { quietFlag } from '../pipeline/flags.ts';
import { tellOfLeftJobs } from '../pipeline/left-jobs.ts';
import { takeOver } from '../pipeline/take-over.ts';
import { assertNotEnded, findRun, requiredRun } from '../run-arg.ts';
import { holdOf } from '../watch/holder.ts';
import type { Outcome } from '../watch/outcome.ts';
import { watchAndTell } from '../watch/watch-and-tell.ts';

export default class Resume extends OutflowCommand {
  static override summary = 'Finish a run that lost its coordinator, or attach to a live one.';
  static override description =
    'A settled unit is not run again. The run is watched as by `run`; with --no-watch it goes on by itself.';
  static override examples = ['<%= config.bin %> resume last', '<%= config.bin %> resume 7k2m --no-watch'];
  static override args = requiredRun;
  static override flags = {
    watch: Flags.boolean({ allowNo: true, default: true, description: 'Watch it to its end.' }),
    ...quietFlag,
  };

  override async run(): Promise<Outcome | { run: string; state: string }> {
    const { args, flags } = await this.parse(Resume);
    return withStore(async (store, url) => {
      const startedMs = Date.now();
      const summary = await findRun(store, args.run);
      await tellOfLeftJobs(summary);
      assertNotEnded(summary);
      const { record, plan } = summary;
      const hold = holdOf(summary);
      if (hold.kind === 'nobody') say(`run ${record.id} was orphaned: going on with it`);
      else say(`run ${record.id} is live${hold.kind === 'elsewhere' ? ` on ${hold.host}` : ''}: watching it`);
      const address = hold.kind === 'nobody' ? await takeOver(summary, hold, url) : undefined;
      if (!flags.watch) {
        say(`follow it: outflow status ${record.id}`);
        return { run: record.id, state: 'running' };
      }
      const watch = { store, record, plan, quiet: flags.quiet, json: this.jsonEnabled(), sinceMs: startedMs };
      return watchAndTell(address === undefined ? watch : { ...watch, address });
    });
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
