// A coordinator that is killed in mid-run: its allocations go on, the next one finds them all, and nothing is run or asked for twice.
import { chmodSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { endStatesOf, jobsGone, jobsOf, liveJobsOf, type NotedRuns, notesIn, useNotedRuns } from '../support/noted-runs.ts';
import { describeSlurm, type SlurmWorld } from '../support/slurm.ts';
import { until } from '../support/until.ts';

describeSlurm('a run on Slurm whose coordinator is killed', () => {
  let world: SlurmWorld;
  let runs: NotedRuns;
  useNotedRuns((made) => {
    ({ world, runs } = made);
  });

  async function kill(run: string): Promise<void> {
    process.kill(await runs.coordinator(run), 'SIGKILL');
    expect(await runs.state(run)).toBe('orphaned');
  }
  const sizes = (count: number, notes: string) => ['--count', `${count}`, '--held', '--cpus', '5', '--notes', notes];
  const joinFile = (run: string) => readFileSync(path.join(world.home, 'runs', run, 'join.json'), 'utf8');

  test('resumed with agents at work and allocations that wait: agents rejoin, no unit runs twice', async () => {
    const notes = world.write('both', '');
    const run = await runs.submit('noted', sizes(8, notes));
    await until(() => notesIn(notes).length === 4);
    const before = await jobsOf(run);
    expect(before.map(({ state }) => state).sort()).toEqual([...Array(4).fill('PENDING'), ...Array(4).fill('RUNNING')]);
    const firstJoin = joinFile(run);
    await kill(run);
    world.write('both.go', ''); // agents finish what they hold, with nobody to tell
    await until(() => notesIn(notes).filter(({ what }) => what === 'end').length >= 4);

    const { exitCode, stderr } = await world.run(['resume', run]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining('succeeded') });
    expect(await runs.units(run)).toEqual(Array.from({ length: 8 }, (_, index) => ({ index, state: 'succeeded', attempt: 1 })));
    expect(await runs.attempts(run)).toEqual([]);
    expect(notesIn(notes)).toHaveLength(16);
    expect(JSON.parse(joinFile(run)).tls.ca).not.toEqual(JSON.parse(firstJoin).tls.ca);
    await jobsGone(run);
    expect(new Set((await jobsOf(run)).map(({ name }) => name))).toEqual(new Set([before[0]?.name]));
  });

  test('killed while sbatch is under way: the job is found by its name', async () => {
    const notes = world.write('asked', '');
    // Slurm has the job, and its answer never arrives.
    chmodSync(world.write('bin/sbatch', '#!/bin/sh\n/usr/bin/sbatch "$@" >/dev/null\nexec sleep 5\n'), 0o755);
    const run = await runs.submit('noted', sizes(1, notes), { PATH: `${world.dir}/bin:/usr/bin:/bin` });
    await until(async () => (await liveJobsOf(run)).length === 1);
    await kill(run);
    world.write('asked.go', '');
    expect((await world.run(['resume', run])).exitCode).toBe(0);
    expect(await endStatesOf(run)).toEqual(['COMPLETED']);
    expect(notesIn(notes)).toHaveLength(2);
  });

  test('with its agents, too: after `resume` new ones finish it, and no job is left', async () => {
    const notes = world.write('crash', '');
    const run = await runs.submit('noted', sizes(2, notes));
    await until(() => notesIn(notes).length === 2);
    await kill(run);
    await world.cancelJobs();
    world.write('crash.go', '');
    expect((await world.run(['resume', run])).exitCode).toBe(0);
    expect((await runs.units(run)).map(({ state }) => state)).toEqual(['succeeded', 'succeeded']);
    expect((await runs.attempts(run)).filter(({ loss }) => loss !== null)).toEqual([]);
    expect(notesIn(notes).filter(({ what }) => what === 'begin')).toHaveLength(4);
    await jobsGone(run);
  });

  test('cancelled as an orphan: its jobs are gone', async () => {
    const notes = world.write('orphan', '');
    const run = await runs.submit('noted', sizes(6, notes));
    await until(() => notesIn(notes).length === 4);
    await kill(run);
    const { exitCode, stdout } = await world.run(['cancel', run]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.stringContaining('was cancelled') });
    expect(await runs.state(run)).toBe('cancelled');
    await jobsGone(run);
    expect((await runs.units(run)).filter(({ state }) => state !== 'cancelled')).toEqual([]);
  });
});
