// The flags that plan, run and submit share.
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BACKENDS } from '../../src/plan/plan.ts';
import { SHIPPING } from '../../src/plan/slurm.ts';

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
    description: 'Where units run: one at a time here, on all CPUs here, or in Slurm allocations.',
  }),
  workers: Flags.integer({
    char: 'w',
    min: 1,
    helpValue: 'N',
    description: 'CPU slots of the parallel backend. Default: all CPUs of this machine.',
  }),
  sbatch: Flags.string({
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'NAME=VALUE',
    description:
      'Slurm: an option of sbatch for all allocations; wins over what the pipeline says. NAME alone, or NAME=false to take it back. May be repeated.',
  }),
  'max-allocations': Flags.integer({
    min: 1,
    helpValue: 'N',
    description: 'Slurm: allocations that may wait and run at a time. Default: 10.',
  }),
  'nodes-per-allocation': Flags.integer({
    min: 1,
    helpValue: 'N',
    description: 'Slurm: nodes of one allocation, for sites that allow few jobs. Default: 1.',
  }),
  ship: Flags.string({
    options: [...SHIPPING],
    helpValue: SHIPPING.join('|'),
    description:
      "Slurm: how nodes get outflow's executable: they run a copy of it on the shared file system, or sbcast puts one on their own disks. Default: path.",
  }),
  listen: Flags.string({
    helpValue: 'HOST:PORTS',
    description:
      'Slurm: where agents find this host: HOST:PORT, HOST:FROM-TO or :FROM-TO. Default: a free port on all interfaces.',
  }),
};

export const quietFlag = {
  quiet: Flags.boolean({ char: 'q', description: "Show the tasks' own lines and the outcome, no progress." }),
};
