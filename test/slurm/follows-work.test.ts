// Allocations follow the work: no more than it needs, none longer than it lasts.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { endStatesOf, jobsGone, jobsOf, liveJobsOf, type NotedRuns, notesIn, useNotedRuns } from '../support/noted-runs.ts';
import { describeSlurm, type SlurmWorld } from '../support/slurm.ts';
import { until } from '../support/until.ts';

describeSlurm('allocations follow the work', () => {
  let world: SlurmWorld;
  let runs: NotedRuns;
  useNotedRuns((made) => {
    ({ world, runs } = made);
  });

  test('units that fit one node ask for one; its agent leaves by itself when the run has ended', async () => {
    const notes = world.write('one', '');
    const run = await runs.submit('noted', ['--count', '3', '--cpus', '2', '--notes', notes]);
    expect(await runs.ended(run)).toBe('succeeded');
    expect(await jobsGone(run)).toBeLessThan(5_000);
    expect(await endStatesOf(run)).toEqual(['COMPLETED']);
    expect(new Set(notesIn(notes).map(({ job }) => job)).size).toBe(1);
    // Nobody can join any more, and no secret stays.
    const files = ['join.json', 'control.json', 'environment.json'].map((file) => path.join(world.home, 'runs', run, file));
    await until(() => !files.some((file) => existsSync(file)));
  });

  test('those that still wait when the work runs out are cancelled before the run ends', async () => {
    const notes = world.write('surplus', '');
    // 8 allocations of a unit each, of which 4 find a node.
    const run = await runs.submit('noted', ['--count', '8', '--cpus', '5', '--held', '--notes', notes]);
    await until(() => notesIn(notes).length === 4);
    expect(await liveJobsOf(run)).toHaveLength(8);
    // Four units are done on the first nodes, the others go there: nothing is left for allocations that wait.
    for (const { index } of notesIn(notes)) world.write(`surplus.go-${index}`, '');
    await until(async () => (await liveJobsOf(run)).length === 4);
    expect((await liveJobsOf(run)).map(({ state }) => state)).toEqual(Array(4).fill('RUNNING'));
    expect(await runs.state(run)).toBe('running');
    world.write('surplus.go', '');
    expect(await runs.ended(run)).toBe('succeeded');
    expect((await endStatesOf(run)).filter((state) => state !== 'CANCELLED')).toEqual(Array(4).fill('COMPLETED'));
  });

  test('an agent that no step can feed any more goes while other steps still run', async () => {
    const notes = world.write('apart', '');
    const run = await runs.submit('apart', ['--count', '2', '--cpus', '2', '--held', '--notes', notes]);
    await until(() => notesIn(notes).length === 2);
    await until(async () => {
      const jobs = await jobsOf(run);
      return jobs.length === 2 && jobs.some(({ partition, state }) => partition === 'batch' && state === 'COMPLETED');
    }, 15);
    expect(await runs.state(run)).toBe('running');
    expect((await liveJobsOf(run)).map(({ partition }) => partition)).toEqual(['debug']);
    world.write('apart.go', '');
    expect(await runs.ended(run)).toBe('succeeded');
    expect(await endStatesOf(run)).toEqual(['COMPLETED', 'COMPLETED']);
  });
});
