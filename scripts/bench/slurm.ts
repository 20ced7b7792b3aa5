// The measurements on a Slurm cluster with at least four nodes of six CPUs, such as `scripts/slurm-cluster up` makes.
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Bench } from './bench.ts';
import { type Figure, type Measurement, mapSeconds, NEWEST, repeat } from './local.ts';

const UNITS = 10_000;
const JOBS = 200;
const RUN = ['run', 'onSlurm', '--backend', 'slurm', '--max-allocations', '4', '--sbatch', 'cpus-per-task=6'];

function slurm(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8' });
}

/** Jobs of that name that wait or run; those that Slurm still cleans up after do not count. */
function unfinished(name: string): number {
  const states = slurm('squeue', '-h', '-r', '-o', '%T', `--name=${name}`);
  return states.split('\n').filter((state) => state !== '' && state !== 'COMPLETING').length;
}

async function gone(bench: Bench, name: string): Promise<void> {
  await bench.until(async () => (unfinished(name) === 0 ? true : undefined), 120);
}

/** Of this site's own ways to run small work: an array of jobs, and steps within one allocation, sixteen at a time. */
async function jobArrayRate(bench: Bench): Promise<number> {
  const begun = performance.now();
  slurm('sbatch', '-J', 'outflow-bench', `--array=0-${JOBS - 1}`, '-o', '/dev/null', '--mem=10', '--wrap', 'true');
  await gone(bench, 'outflow-bench');
  return JOBS / ((performance.now() - begun) / 1000);
}

async function stepRate(bench: Bench, directory: string): Promise<number> {
  const steps = `seq ${JOBS} | xargs -P16 -I{} srun -n1 -c1 --mem=10 --exact true`;
  const output = path.join(directory, 'steps.out');
  const script = `date +%s%3N; ${steps}; date +%s%3N`;
  slurm('sbatch', '-J', 'outflow-bench', '-c6', '-o', output, '--wrap', script);
  await gone(bench, 'outflow-bench');
  const [from = 0, to = 0] =
    readFileSync(output, 'utf8')
      .match(/^\d{13}$/gm)
      ?.map(Number) ?? [];
  return JOBS / ((to - from) / 1000);
}

interface OnSlurm {
  rate: number;
  firstUnitSeconds: number;
  jobsGoneSeconds: number;
}

async function onSlurm(bench: Bench): Promise<OnSlurm> {
  await bench.run([...RUN, '--count', String(UNITS)]);
  const [row] = await bench.query<{ id: string; run_dir: string; ended: string; first: string }>(
    `select run.id, run.run_dir, extract(epoch from run_end.ended_at) * 1000 as ended,
            (select min(started_at_ms) from outflow.unit where unit.run = run.key and step = 1) as first
       from outflow.run join outflow.run_end on run_end.run = run.key where run.key = (${NEWEST})`,
  );
  if (row === undefined) throw new Error('the run has left no trace');
  await bench.until(async () => (unfinishedOf(row.id) === 0 ? true : undefined), 60);
  const jobsGoneSeconds = (Date.now() - Number(row.ended)) / 1000;
  const started = readdirSync(path.join(row.run_dir, 'jobs')).map((file) =>
    Number(/^\d{13}$/m.exec(readFileSync(path.join(row.run_dir, 'jobs', file), 'utf8'))?.[0] ?? Number.POSITIVE_INFINITY),
  );
  return {
    rate: UNITS / (await mapSeconds(bench)),
    firstUnitSeconds: (Number(row.first) - Math.min(...started)) / 1000,
    jobsGoneSeconds,
  };
}

function unfinishedOf(run: string): number {
  const jobs = slurm('squeue', '-h', '-r', '-o', '%T %j').split('\n');
  return jobs.filter((job) => job.includes(` outflow-${run}-`) && !job.startsWith('COMPLETING')).length;
}

const onCluster: Measurement = {
  name: 'slurm',
  what: `${UNITS.toLocaleString('en')} units that do nothing on 4 nodes, beside Slurm's own ways to run ${JOBS}`,
  missing() {
    const asked = spawnSync('sinfo', ['-h', '-o', '%D'], { encoding: 'utf8' });
    return asked.status === 0 ? undefined : 'no Slurm answers here';
  },
  async measure(bench): Promise<Figure[]> {
    const runs = await repeat(3, () => onSlurm(bench));
    const arrays = await repeat(1, () => jobArrayRate(bench));
    const steps = await repeat(1, () => stepRate(bench, bench.home));
    const rates = runs.map(({ rate }) => rate);
    return [
      { name: 'units, map known to last result', unit: '/s', values: rates, goal: '' },
      { name: `job array of ${JOBS}`, unit: '/s', values: arrays, goal: '' },
      { name: `${JOBS} steps by srun`, unit: '/s', values: steps, goal: '' },
      {
        name: 'units to job array',
        unit: '×',
        values: rates.map((rate) => rate / (arrays[0] as number)),
        goal: '≥ 100 ×',
      },
      {
        name: 'allocation starts to first unit',
        unit: 's',
        values: runs.map(({ firstUnitSeconds }) => firstUnitSeconds),
        goal: '< 1.5 s',
      },
      {
        name: 'run ends to no job left',
        unit: 's',
        values: runs.map(({ jobsGoneSeconds }) => jobsGoneSeconds),
        goal: '< 5 s',
      },
    ];
  },
};

export const SLURM: readonly Measurement[] = [onCluster];
