// What is asked of Slurm for the units of a run, and that all of it is used.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jobsGone } from '../support/noted-runs.ts';
import { describeSlurm, makeSlurmWorld, type SlurmWorld, scontrolShow } from '../support/slurm.ts';
import { byHost, jobsOf, onSlurm, type Sight, succeed } from '../support/slurm-runs.ts';

describeSlurm('allocations', () => {
  let world: SlurmWorld;
  beforeAll(() => {
    world = makeSlurmWorld();
  });
  afterAll(() => world.end());

  const jobIds = (units: readonly Sight[]) => new Set(units.map(({ job }) => job));

  test('1,000 units use all 4 nodes, and all results are right', async () => {
    const { run, units } = await succeed(world, ['probe', '--count', '1000', '--ms', '60', '--sbatch', 'cpus-per-task=6']);
    expect(units.map(({ number }) => number)).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    expect([...byHost(units).keys()].sort()).toEqual(['node1', 'node2', 'node3', 'node4']);
    await jobsGone(run);
  });

  test('maps whose directives are equal share allocations, others have their own', async () => {
    const { run, outputs } = await succeed(world, ['pools', '--count', '6', '--ms', '100', '--max-allocations', '2']);
    const { low, low_too, fast } = outputs as Record<'low' | 'low_too' | 'fast', Sight[]>;
    expect(new Set([...low, ...low_too].map(({ partition }) => partition))).toEqual(new Set(['low']));
    expect(new Set(fast.map(({ partition }) => partition))).toEqual(new Set(['batch']));
    for (const { host } of fast) expect(['node1', 'node2']).toContain(host);
    expect(jobIds([...low, ...low_too]).size).toBe(1);
    expect(jobIds([...low, ...low_too]).intersection(jobIds(fast))).toEqual(new Set());
    const partitions = new Set((await jobsOf(run)).map(({ partition }) => partition));
    expect(partitions).toEqual(new Set(['low', 'batch']));
  });

  test('nodesPerAllocation: one job has agents on both of its nodes', async () => {
    const args = [
      'probe',
      '--count',
      '24',
      '--cpus',
      '2',
      '--ms',
      '400',
      '--nodes-per-allocation',
      '2',
      '--max-allocations',
      '1',
    ];
    const { run, units } = await succeed(world, args);
    const [job, ...others] = await jobsOf(run);
    expect(others).toEqual([]);
    await jobsGone(run);
    expect(await scontrolShow('job', (job?.id ?? '').replace(/_.*/, ''))).toMatchObject({
      NumNodes: '2',
      JobState: expect.stringMatching(/^COMPLET(ED|ING)$/),
    });
    expect(byHost(units).size).toBe(2);
    expect(jobIds(units).size).toBe(1);
  });

  test('there are never more of them than maxAllocations', async () => {
    const args = ['probe', '--count', '30', '--cpus', '4', '--ms', '100', '--max-allocations', '2'];
    const { run, units } = await succeed(world, args);
    expect(await jobsOf(run)).toHaveLength(2);
    expect(jobIds(units).size).toBeLessThanOrEqual(2);
  });

  test("runOn: 'allocation' puts a single task on a compute node; others run where outflow was called", async () => {
    const { stdout } = await world.run(['run', 'there', ...onSlurm(world), '--json']);
    const { run, state } = JSON.parse(stdout) as { run: string; state: string };
    expect(state).toBe('succeeded');
    const { results } = await world.json<{ results: { There: { there: Sight; here: string } } }>(['results', run]);
    const { there, here } = results.There;
    expect(there).toMatchObject({ host: expect.stringMatching(/^node[1-4]$/), number: 4, partition: 'debug' });
    expect(here).not.toMatch(/^node/);
  });
});
