// Units of different sizes on one node: what each owns, and that no node gives more than it was granted.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Outcome } from '../../cli/watch/outcome.ts';
import { describeSlurm, makeSlurmWorld, type SlurmWorld, scontrolShow } from '../support/slurm.ts';
import { byHost, jobsOf, onSlurm, peak, succeed } from '../support/slurm-runs.ts';

describeSlurm('units on a node', () => {
  let world: SlurmWorld;
  beforeAll(() => {
    world = makeSlurmWorld();
  });
  afterAll(() => world.end());

  const ONE_NODE = ['--max-allocations', '1', '--sbatch', 'cpus-per-task=8'];
  const most = (numbers: number[]): number => Math.max(...numbers);

  test('of 1, 2 and 4 CPUs share it, never more than 8 CPUs at once, and each sees its own number', async () => {
    const { units, outputs } = await succeed(world, ['sizes', '--count', '8', '--ms', '200', ...ONE_NODE]);
    expect(Object.values(outputs).map((step) => step.length)).toEqual([8, 8, 8]);
    expect(byHost(units).size).toBe(1);
    for (const [name, cpus] of Object.entries({ ones: 1, twos: 2, fours: 4 })) {
      for (const unit of outputs[name] ?? []) expect(unit.cpus).toEqual([cpus, cpus, cpus, cpus]);
    }
    const used = peak(units, ({ cpus }) => cpus[0] as number);
    expect(used).toBeLessThanOrEqual(8);
    expect(used).toBeGreaterThan(4);
  });

  test('of 3 CPUs never share a core: each is granted 2 cores of 2 threads', async () => {
    const { run, units } = await succeed(world, [
      ...['probe', '--count', '4', '--cpus', '3', '--ms', '600'],
      ...['--max-allocations', '1', '--sbatch', 'constraint=slow'],
    ]);
    const [job] = await jobsOf(run);
    expect(await scontrolShow('job', job?.id ?? '')).toMatchObject({ 'CPUs/Task': '8' });
    expect(units.map(({ host, cpus }) => [host, ...cpus])).toEqual(Array(4).fill(['node3', 3, 3, 3, 3]));
    expect(peak(units, () => 1)).toBe(2);
  });

  test('have GPUs of their own, and no more at once than there are', async () => {
    const { units } = await succeed(world, ['probe', '--count', '6', '--gpus', '2', '--ms', '600', '--max-allocations', '1']);
    expect(new Set(units.map(({ host }) => host))).toEqual(new Set(['node2']));
    expect(new Set(units.map(({ gpus }) => gpus))).toEqual(new Set(['0,1', '2,3']));
    for (const [, unitsOfPair] of Map.groupBy(units, ({ gpus }) => gpus)) expect(peak(unitsOfPair, () => 1)).toBe(1);
    expect(peak(units, () => 2)).toBe(4);
  });

  test('see no GPU where they asked for none', async () => {
    const { units } = await succeed(world, ['probe', '--count', '1', '--sbatch', 'gres=gpu:2']);
    expect(units.map(({ host, gpus }) => [host, gpus])).toEqual([['node2', '']]);
  });

  test('wait for memory as they do for CPUs', async () => {
    const args = ['probe', '--count', '8', '--mem', '3000', '--ms', '200', ...ONE_NODE, '--sbatch', 'mem=7000'];
    const { units } = await succeed(world, args);
    expect(peak(units, () => 3000)).toBe(6000);
  });

  test('one over its memory ends alone, with its peak and what to change', async () => {
    const { stdout } = await world.run(['run', 'hog', '--count', '4', ...onSlurm(world), '--json']);
    const { state, failedUnits, run } = JSON.parse(stdout) as Outcome;
    expect({ state, failedUnits }).toMatchObject({
      state: 'failed',
      failedUnits: { total: 1, first: [{ unit: 'Hog/1', cause: 'out-of-memory' }] },
    });
    const [, used] = /used (\d+) MiB of memory, more than its memPerTask of 400 MiB/.exec(failedUnits.first[0]!.message) ?? [];
    expect(Number(used)).toBeGreaterThan(400);
    const { results } = await world.json<{ results: object }>(['results', run, 'Hog/3']);
    expect(results).toEqual({ 'Hog/3': [{ hogged: 3 }] });
  });

  test('simultaneousTasks counts over all agents', async () => {
    const args = ['probe', '--count', '24', '--cpus', '2', '--simultaneous', '5', '--ms', '600', '--sbatch', 'cpus-per-task=4'];
    const { units } = await succeed(world, args);
    expect(byHost(units).size).toBeGreaterThan(1);
    expect(peak(units, () => 1)).toBe(5);
    expect(most([...byHost(units).values()].map((onHost) => peak(onHost, () => 1)))).toBeLessThanOrEqual(5);
  });
});
