// The tutorial as a user runs it.
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jobsGone } from '../support/noted-runs.ts';
import { describeSlurm, makeSlurmWorld, type SlurmWorld } from '../support/slurm.ts';

const RESULT =
  'Result of the mapped computation: [[{"computation_result":630}],[{"computation_result":645}],[{"computation_result":660}],[{"computation_result":675}]]';

describeSlurm('the tutorial', () => {
  let world: SlurmWorld;
  beforeAll(() => {
    world = makeSlurmWorld();
  });
  afterAll(() => world.end());

  const compute = (...args: string[]) =>
    world.run(['run', 'compute_data', '--multiplier', '15', ...args], { cwd: path.join(world.clone, 'examples/slurm') });

  test('prints the same result on Slurm as on one machine; each unit has its 5 CPUs', async () => {
    const { stdout, stderr, exitCode } = await compute('--backend', 'slurm');
    expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 0, stdout: RESULT });
    const lines = stderr.split('\n').filter((line) => line.startsWith('Compute/'));
    expect(lines.sort()).toEqual(
      [0, 1, 2, 3].map((index) => `Compute/${index} | 5 CPUs available, computation will last 1 seconds`),
    );
    const run = /run (\w{8})/.exec(stderr)?.[1] as string;
    await jobsGone(run);
  });

  test('on one machine, the results are known to the database by then', async () => {
    const { stdout, stderr } = await compute('--backend', 'parallel');
    expect(stdout).toBe(RESULT);
    expect(stderr).not.toContain('CPUs available');
  });
});
