// Allocations of a size that Slurm takes: as its partitions say beforehand, or as it says when it is asked.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeSlurm, makeSlurmWorld, type SlurmWorld, scontrolShow, slurm } from '../support/slurm.ts';
import { byHost, jobsOf, onSlurm, resultsOf, succeed } from '../support/slurm-runs.ts';

describeSlurm('the size of allocations', () => {
  let world: SlurmWorld;
  beforeAll(() => {
    world = makeSlurmWorld();
  });
  afterAll(() => world.end());

  const most = ['--max-allocations', '1'];
  /** The job that ran: Slurm lists one that it has refused for a while, too. */
  const granted = async (run: string) => {
    const job = (await jobsOf(run)).find(({ nodes }) => nodes !== '');
    return await scontrolShow('job', job?.id ?? '');
  };

  test('is halved where Slurm refuses what its nodes show, and the user is told', async () => {
    // Of the 8 CPUs of node3, two on each core, half may be had.
    const args = ['probe', '--count', '8', '--sbatch', 'nodelist=node3', '--sbatch', 'hint=nomultithread', ...most];
    const { stdout, stderr } = await world.run(['run', ...args, ...onSlurm(world), '--json']);
    const { run, state } = JSON.parse(stdout);
    expect({ state, stderr }).toMatchObject({
      state: 'succeeded',
      stderr: expect.stringMatching(
        /Slurm refused allocations for 8 units a node \(.*Requested node configuration is not available\); asking for half of it/,
      ),
    });
    expect(await granted(run)).toMatchObject({ 'CPUs/Task': '4' });
    expect((await resultsOf(world, run)).units).toHaveLength(8);
  });

  test('is that of the nodes that are named', async () => {
    const { run, units } = await succeed(world, ['probe', '--count', '12', '--sbatch', 'nodelist=node4', ...most]);
    expect([...byHost(units).keys()]).toEqual(['node4']);
    expect(await granted(run)).toMatchObject({ 'CPUs/Task': '6' });
  });

  test.each([
    ['CPUs', ['MaxCPUsPerNode=3'], [], '3'],
    ['memory', ['MaxMemPerNode=4000'], ['--mem', '1200'], '3'],
    ['memory, by what comes with each CPU', ['MaxMemPerNode=4000', 'DefMemPerCPU=1900'], ['--mem', '0'], '2'],
  ])('is no more %s of a node than the partition allows', async (_what, limits, args, cpus) => {
    await slurm('scontrol', ['create', 'partitionname=narrow', 'nodes=node[1-4]', 'MaxTime=10', ...limits]);
    try {
      const { run, units } = await succeed(world, ['probe', '--count', '6', ...args, '--sbatch', 'partition=narrow', ...most]);
      expect(units).toHaveLength(6);
      expect(await granted(run)).toMatchObject({ 'CPUs/Task': cpus });
    } finally {
      await world.cancelJobs();
      await slurm('scontrol', ['delete', 'partitionname=narrow']);
    }
  });
});
