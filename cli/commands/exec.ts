// `outflow exec`: a shell, or a command, beside a unit that runs: on its node, with its environment, on its CPUs.
import * as Args from '@oclif/core/args';
import { OutflowError } from '../../src/model/errors.ts';
import { parseAddress } from '../../src/model/ids.ts';
import { OutflowCommand } from '../base-command.ts';
import { Collected } from '../exec/collected.ts';
import { exitCodeOfProcess, refusalOf } from '../exec/endings.ts';
import { runExec } from '../exec/run-exec.ts';
import { withStore } from '../open-store.ts';
import { assertNotEnded, findRun } from '../run-arg.ts';
import { surviveBrokenPipe } from '../text/broken-pipe.ts';
import { findStep } from '../text/step-labels.ts';
import { dialHolder } from '../watch/dial-holder.ts';

interface ExecData {
  exitCode: number;
  signal: string | null;
  stdout: string;
  stderr: string;
}

export default class Exec extends OutflowCommand {
  static override summary = 'Open a shell, or run a command, beside a unit that runs.';
  static override description =
    "On the unit's node, in its working directory, with its environment and on its CPUs. The exit code is that of the command. In a pipe there is no terminal: stdin, stdout and stderr are the command's own.";
  static override examples = [
    '<%= config.bin %> exec 7k2m/Compute/2',
    '<%= config.bin %> exec 7k2m/Compute/2 -- nvidia-smi',
    '<%= config.bin %> exec last/Compute/2 -- cat model.log > model.log',
  ];
  static override strict = false;
  static override args = {
    unit: Args.string({ description: 'RUN/STEP/INDEX.', required: true, ignoreStdin: true }),
    command: Args.string({ description: 'What to run, after `--`. Default: the shell.', ignoreStdin: true }),
  };

  override async run(): Promise<ExecData | undefined> {
    const { args, argv } = await this.parse(Exec);
    const { run, step: stepText, index: indexText } = parseAddress(args.unit);
    if (stepText === undefined)
      throw new OutflowError('bad-argument', `${args.unit} names no unit`, { hint: 'name one as RUN/STEP/INDEX' });
    const { summary, step, index } = await withStore(async (store) => {
      const found = await findRun(store, run);
      assertNotEnded(found);
      const ordinal = findStep(found.plan, stepText);
      if (indexText === undefined && found.plan.workflow.steps[ordinal]?.kind === 'map')
        throw new OutflowError('bad-argument', `${stepText} has many units`, { hint: `name one of them: ${args.unit}/0` });
      return { summary: found, step: ordinal, index: indexText ?? 0 };
    });
    const client = await dialHolder(summary);
    try {
      surviveBrokenPipe();
      const collected = this.jsonEnabled() ? new Collected() : undefined;
      const end = await runExec({ client, step, index, argv: argv.slice(1) as string[], collected });
      if (end.unitState !== '') throw refusalOf(end, summary, { step, index });
      if (end.error !== '')
        throw new OutflowError('agent-failed', end.error, { hint: `see: outflow agents ${summary.record.id}` });
      process.exitCode = exitCodeOfProcess(end);
      return collected && { exitCode: process.exitCode, signal: end.signal || null, ...collected.texts() };
    } finally {
      client.close();
    }
  }
}
