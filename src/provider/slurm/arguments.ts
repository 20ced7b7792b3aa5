// The options of sbatch for a growth step: on the command line, where they beat SBATCH_* and the script.
import type { Directive } from '../../plan/slurm.ts';
import type { JobRequest } from './job-request.ts';

/** Options that say how much memory; Slurm takes one of them. */
const MEMORY = ['mem', 'mem-per-cpu', 'mem-per-gpu'];
/** Options that ask for GPUs. */
const GPUS = ['gres', 'gpus', 'gpus-per-node', 'gpus-per-task', 'gpus-per-socket'];

/** The user's come first, so that ours win where both are said. */
export function sbatchArguments(job: JobRequest): string[] {
  const { directives, shape } = job;
  const isSaid = (names: string[]): boolean => directives.some((directive) => names.includes(directive.name));
  const excluded = [
    ...directives.filter((it) => it.name === 'exclude').map((it) => String(it.value)),
    ...(job.excludeNodes ?? []),
  ];
  const options: [string, string | number | true][] = [
    ...directives
      .filter((it) => it.name !== 'exclude')
      .map(({ name, value }: Directive): [string, Directive['value']] => [name, value]),
    ...pair('exclude', excluded.length > 0 && excluded.join(',')),
    ['job-name', job.name],
    ['array', `0-${job.array - 1}`],
    ['nodes', shape.nodes],
    ['ntasks-per-node', 1],
    ...pair('cpus-per-task', !isSaid(['cpus-per-task']) && shape.cpus),
    ...pair('mem', !isSaid(MEMORY) && shape.memoryMib !== null && `${shape.memoryMib}M`),
    ...pair('gres', !isSaid(GPUS) && shape.gpus > 0 && `gpu:${shape.gpus}`),
    // A job of several nodes goes on when one of them dies.
    ...pair('no-kill', shape.nodes > 1),
    ['no-requeue', true],
    // All of sbatch's environment, which is clean: NONE would strip PATH from srun too.
    ['export', 'ALL'],
    ['propagate', 'NONE'],
    ['open-mode', 'append'],
    ['chdir', job.outputDir],
    ['output', `${job.outputDir.replaceAll('%', '%%')}/slurm-${job.name}.%a.out`],
  ];
  return options.map(([name, value]) => (value === true ? `--${name}` : `--${name}=${value}`));
}

function pair(name: string, value: string | number | boolean): [string, string | number | true][] {
  return value === false ? [] : [[name, value]];
}
