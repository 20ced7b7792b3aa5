// Allocations that others end in mid-run are replaced; their units run again at no cost, and the true cause is told.
import { expect, test } from 'vitest';
import { endStatesOf, jobsOf, type NotedRuns, notesIn, useNotedRuns } from '../support/noted-runs.ts';
import { asUser, describeSlurm, type SlurmWorld } from '../support/slurm.ts';
import { until } from '../support/until.ts';

describeSlurm('an allocation that others end', () => {
  let world: SlurmWorld;
  let runs: NotedRuns;
  useNotedRuns((made) => {
    ({ world, runs } = made);
  });

  /** Units that need a node each and do not end before `letGo`; given when all of them run. */
  async function running(count: number, name: string, args: string[] = []) {
    const notes = world.write(name, '');
    const run = await runs.submit('noted', ['--count', `${count}`, '--held', '--cpus', '5', '--notes', notes, ...args]);
    await until(() => notesIn(notes).length === count);
    return { run, notes, letGo: () => world.write(`${name}.go`, '') };
  }

  test('by scancel', async () => {
    const { run, notes, letGo } = await running(3, 'scancel');
    const [, job] = await jobsOf(run);
    await asUser(['scancel', job!.id]);
    await until(() => notesIn(notes).length === 4);
    letGo();
    expect(await runs.ended(run)).toBe('succeeded');
    const attempts = await runs.attempts(run);
    expect(attempts).toMatchObject([{ attempt: 1, cause: 'cancelled', loss: null }]);
    const { index } = attempts[0]!;
    expect(await runs.units(run)).toEqual(
      [0, 1, 2].map((each) => ({ index: each, state: 'succeeded', attempt: each === index ? 2 : 1 })),
    );
    expect(await endStatesOf(run)).toEqual(['CANCELLED', 'COMPLETED', 'COMPLETED', 'COMPLETED']);
    const { stdout } = await world.run(['logs', run]);
    expect(stdout).toContain(
      `job ${job!.id} on ${job!.nodes} was cancelled (scancel, or by an administrator); what ran there is cut off, which spends no retry`,
    );
  });

  test.each(['low', 'low-cancel'])('by preemption, in partition %s', async (partition) => {
    const { run, notes, letGo } = await running(1, partition, ['--sbatch', `partition=${partition}`]);
    const [job] = await jobsOf(run);
    const options = ['--partition=high', `--nodelist=${job!.nodes}`, '--cpus-per-task=6', '--output=/dev/null'];
    const { stdout } = await asUser(['sbatch', '--parsable', ...options, '--wrap=sleep 60'], { cwd: '/tmp' });
    try {
      await until(() => notesIn(notes).length === 2);
      letGo();
      expect(await runs.ended(run)).toBe('succeeded');
    } finally {
      await asUser(['scancel', stdout.trim()]);
    }
    expect(await runs.attempts(run)).toMatchObject([{ index: 0, attempt: 1, cause: 'preempted', loss: null }]);
    expect(await endStatesOf(run)).toEqual(['COMPLETED', 'PREEMPTED']);
  });
});
