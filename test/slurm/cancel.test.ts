// A cancelled run leaves nothing in Slurm, wherever its allocations stand.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { endStatesOf, jobsGone, liveJobsOf, type NotedRuns, notesIn, useNotedRuns } from '../support/noted-runs.ts';
import { describeSlurm, type SlurmWorld } from '../support/slurm.ts';
import { until } from '../support/until.ts';

describeSlurm('a cancelled run on Slurm', () => {
  let world: SlurmWorld;
  let runs: NotedRuns;
  useNotedRuns((made) => {
    ({ world, runs } = made);
  });

  /** Its end is told first; Slurm hears of it within a moment. */
  async function gone(run: string): Promise<void> {
    expect(await runs.state(run)).toBe('cancelled');
    await jobsGone(run);
  }

  test('by `outflow cancel`, while some allocations run and others wait', async () => {
    const notes = world.write('notes', '');
    // 40 units of 5 CPUs: one a node, of which four run at a time.
    const run = await runs.submit('noted', ['--count', '40', '--ms', '60000', '--notes', notes, '--cpus', '5']);
    await until(async () => notesIn(notes).length === 4);
    const jobs = await liveJobsOf(run);
    expect(jobs.map(({ state }) => state).sort()).toEqual([...Array(6).fill('PENDING'), ...Array(4).fill('RUNNING')]);
    const { exitCode, stdout } = await world.run(['cancel', run]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.stringMatching(/was cancelled after/) });
    await gone(run);
    expect(await runs.units(run)).toHaveLength(4);
    for (const unit of await runs.units(run)) expect(unit).toMatchObject({ state: 'cancelled', attempt: 1 });
    // Those that waited were never started; agents that ran left by themselves.
    expect((await endStatesOf(run)).filter((state) => state !== 'CANCELLED')).toEqual(Array(4).fill('COMPLETED'));
  });

  test('by Ctrl-C in `run`, while its units run', async () => {
    const notes = world.write('notes-run', '');
    const pipeline = path.join(world.clone, 'test/fixtures/slurm/noted.ts');
    const args = ['--count', '2', '--ms', '60000', '--notes', notes, '--backend', 'slurm', '-p', pipeline];
    const running = world.start(['run', 'noted', ...args]);
    await until(() => notesIn(notes).length === 2);
    running.kill('SIGINT');
    const { exitCode, stderr } = await running;
    expect({ exitCode, stderr }).toEqual({ exitCode: 130, stderr: expect.stringMatching(/was cancelled after/) });
    const run = /run (\w{8})/.exec(String(stderr))?.[1] as string;
    await gone(run);
    expect((await runs.units(run)).map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
  });

  test('while its allocations run but no agent has said hello', async () => {
    const notes = world.write('notes-starting', '');
    const run = await runs.submit('noted', ['--notes', notes, '--prologue', 'sleep 60']);
    await until(async () => (await liveJobsOf(run)).some(({ state }) => state === 'RUNNING'));
    expect((await world.run(['cancel', run])).exitCode).toBe(0);
    await gone(run);
    expect(await endStatesOf(run)).toEqual(['CANCELLED']);
    expect(await runs.units(run)).toEqual([]);
  });

  test('at once, while sbatch may be under way', async () => {
    const notes = world.write('notes-early', '');
    const run = await runs.submit('noted', ['--count', '40', '--notes', notes, '--ms', '60000', '--cpus', '5']);
    expect((await world.run(['cancel', run])).exitCode).toBe(0);
    await gone(run);
    await until(async () => !isAlive(await runs.coordinator(run)));
    await gone(run);
  });
});

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}
