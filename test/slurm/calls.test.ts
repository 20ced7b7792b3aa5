// What a run costs Slurm: a number of calls that does not depend on the number of units.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeSlurm, makeSlurmWorld, type SlurmWorld } from '../support/slurm.ts';
import { jobsOf, succeed } from '../support/slurm-runs.ts';
import { until } from '../support/until.ts';

describeSlurm('the load on Slurm', () => {
  let world: SlurmWorld;
  beforeAll(() => {
    world = makeSlurmWorld();
  });
  afterAll(() => world.end());

  /** As the run's log says at its end. */
  const callsFor = async (count: number): Promise<{ calls: number; jobs: number }> => {
    const { run, units } = await succeed(world, ['probe', '--count', String(count), '--ms', '0', '--max-allocations', '2']);
    expect(units).toHaveLength(count);
    const log = path.join(world.home, 'runs', run, 'coordinator.log');
    const calls = await until(() => /Slurm was called (\d+) times/.exec(readFileSync(log, 'utf8'))?.[1]);
    return { calls: Number(calls), jobs: (await jobsOf(run)).length };
  };

  test('is the same for 100 units and for 10,000', async () => {
    const few = await callsFor(100);
    const many = await callsFor(10_000);
    expect(many.jobs).toBe(few.jobs);
    // The end of a job is looked for once a second; that may be one look sooner or later.
    expect(Math.abs(many.calls - few.calls)).toBeLessThanOrEqual(3);
    expect(many.calls).toBeLessThan(20);
  });
});
