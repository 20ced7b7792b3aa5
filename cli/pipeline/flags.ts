// The flags that plan, run and submit share.
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BACKENDS } from '../../src/plan/plan.ts';

export const commandArg = {
  command: Args.string({ description: 'A command of the pipeline file.', ignoreStdin: true }),
};

export const pipelineFlags = {
  pipeline: Flags.string({
    char: 'p',
    helpValue: 'FILE',
    description: 'The pipeline file. Default: ./pipeline.ts, or what the nearest outflow.config names.',
  }),
  backend: Flags.string({
    char: 'b',
    options: ['default', ...BACKENDS],
    helpValue: BACKENDS.join('|'),
    description: 'Where units run: one at a time here, on all CPUs here, or (not in this version yet) in Slurm allocations.',
  }),
  workers: Flags.integer({
    char: 'w',
    min: 1,
    helpValue: 'N',
    description: 'CPU slots of the parallel backend. Default: all CPUs of this machine.',
  }),
};

export const quietFlag = {
  quiet: Flags.boolean({ char: 'q', description: "Show the tasks' own lines and the outcome, no progress." }),
};
