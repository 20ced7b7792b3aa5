// A coordinator that is killed after the end of its run, before its jobs are gone: the next command about the run ends them.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jobsGone } from '../support/noted-runs.ts';
import { asUser, describeSlurm, makeSlurmWorld, type SlurmWorld } from '../support/slurm.ts';
import { jobsLeft, succeed } from '../support/slurm-runs.ts';

describeSlurm('jobs that an ended run has left', () => {
  let world: SlurmWorld;
  beforeAll(() => {
    world = makeSlurmWorld();
  });
  afterAll(() => world.end());

  test.each(['cancel', 'resume'])('are ended by `%s`', async (verb) => {
    const { run } = await succeed(world, ['probe', '--count', '1']);
    await jobsGone(run);
    const forgotten = ['sbatch', '-J', `outflow-${run}-1-9`, '--array=0-1', '-o', '/dev/null', '--wrap', 'sleep 600'];
    await asUser(forgotten, { cwd: world.dir });
    expect(await jobsLeft(run)).toHaveLength(2);
    const { exitCode, stderr } = await world.run([verb, run]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`2 jobs that run ${run} had left in Slurm: cancelled`);
    expect(stderr).toContain('has ended: succeeded');
    expect(await jobsLeft(run)).toEqual([]);
  });
});
