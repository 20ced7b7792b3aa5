// `outflow logs`: the lines of a run's tasks, while it runs and after, read from the store alone.
import { setTimeout as sleep } from 'node:timers/promises';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { EXIT_CODES, OutflowError } from '../../src/model/errors.ts';
import { parseAddress } from '../../src/model/ids.ts';
import { LIMITS } from '../../src/model/limits.ts';
import type { LogQuery } from '../../src/store/types.ts';
import { OutflowCommand } from '../base-command.ts';
import { unitFailures } from '../logs/failures.ts';
import { JsonLines, TextLines } from '../logs/line-formats.ts';
import { sinceMs } from '../logs/since.ts';
import { withStore } from '../open-store.ts';
import { checkUnit } from '../results/stored-output.ts';
import { findRun } from '../run-arg.ts';
import { findStep } from '../text/step-labels.ts';
import { style } from '../text/style.ts';
import { holdOf } from '../watch/holder.ts';
import { LogTail } from '../watch/log-tail.ts';

const POLL_MS = 200;

export default class Logs extends OutflowCommand {
  static override summary = "Print the lines of a run's tasks.";
  static override description =
    'What tasks logged and what they printed, in the order it was stored; no coordinator is needed. With -f: until the run has ended.';
  static override examples = [
    '<%= config.bin %> logs last -f',
    '<%= config.bin %> logs 7k2m/Compute/2',
    '<%= config.bin %> logs 7k2m --failed',
    "<%= config.bin %> logs 7k2m --grep 'not found' --since 10m",
  ];
  static override args = {
    run: Args.string({ description: 'RUN, RUN/STEP or RUN/STEP/INDEX.', ignoreStdin: true, default: 'last' }),
  };
  static override flags = {
    follow: Flags.boolean({ char: 'f', description: 'Go on until the run has ended.' }),
    step: Flags.string({ helpValue: 'STEP', description: 'Only lines of this step.' }),
    unit: Flags.integer({ helpValue: 'INDEX', min: 0, description: 'Only lines of this unit of the step.' }),
    failed: Flags.boolean({ description: 'Only lines of units that failed, and why they did.' }),
    grep: Flags.string({ helpValue: 'REGEX', description: 'Only lines that match (a POSIX regular expression).' }),
    since: Flags.string({ helpValue: 'TIME', description: 'Only lines since: 10m, 2h (ago), or a date and time.' }),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Logs);
    const address = parseAddress(args.run);
    const asJson = this.jsonEnabled();
    await withStore(async (store) => {
      const { record, plan } = await findRun(store, address.run);
      const query: Omit<LogQuery, 'limit'> = { run: record.id };
      const [step, index] = [flags.step ?? address.step, flags.unit ?? address.index];
      if (index !== undefined && step === undefined)
        throw new OutflowError('bad-flag', '--unit needs --step', { hint: this.usageHint });
      if (step !== undefined) query.step = findStep(plan, step);
      if (index !== undefined) {
        query.index = index;
        await checkUnit({ store, run: record.id, plan, step: query.step as number, index });
      }
      if (flags.failed) query.failedOnly = true;
      if (flags.grep !== undefined) query.grep = flags.grep;
      if (flags.since !== undefined) query.sinceMs = sinceMs(flags.since, Date.now());

      const printer = asJson ? new JsonLines(record.id, plan, flags.follow) : new TextLines(plan);
      const tail = new LogTail(store, query, (line) => printer.print(line));
      let heldAtMs = performance.now();
      for (let ended = !flags.follow; ; await sleep(POLL_MS)) {
        const hold = ended ? undefined : holdOf(await store.findRun(record.id));
        await tail.read();
        const isOrphan = hold?.kind === 'nobody' && !(hold.mayWake && performance.now() - heldAtMs < LIMITS.runLeaseMs);
        if (hold?.kind !== 'nobody') heldAtMs = performance.now();
        if (isOrphan) {
          process.stderr.write(
            `${style('yellow', 'orphaned:')} nobody works on run ${record.id}; finish it: outflow resume ${record.id}\n`,
          );
          process.exitCode = EXIT_CODES.infrastructure.code;
        }
        ended ||= hold?.kind === 'ended' || isOrphan;
        if (ended) break;
      }
      if (flags.failed) for await (const failure of unitFailures(store, query, plan)) printer.failure(failure);
      printer.end();
    });
  }
}
