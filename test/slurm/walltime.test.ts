// Allocations that come to their end with work left. Slurm gives whole minutes, so the jobs bring their own end nearer; it looks
// for jobs that are over every 30 s, so the tests wait for it at the same time.
import { expect, test } from 'vitest';
import { endStatesOf, type NotedRuns, notesIn, useNotedRuns } from '../support/noted-runs.ts';
import { describeSlurm, type SlurmWorld } from '../support/slurm.ts';
import { until } from '../support/until.ts';

const TIMEOUT_MS = 240_000;

describeSlurm('an allocation at its time limit', () => {
  let world: SlurmWorld;
  let runs: NotedRuns;
  useNotedRuns((made) => {
    ({ world, runs } = made);
  });

  /** Lines of a prologue: the allocations of these growth steps end after so many seconds. */
  const lasting = (seconds: number, steps = '*') => {
    const update = `scontrol update jobid=\${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID EndTime=$(date -d +${seconds}sec +%FT%T)`;
    return ['--prologue', `case $SLURM_JOB_NAME in outflow-*-${steps}) ${update};; esac`];
  };

  test.concurrent(
    'is left in time, with no unit begun that cannot end; the next one goes on',
    async () => {
      const notes = world.write('left', '');
      const one = ['--sbatch', 'nodelist=node1', '--cpus', '5'];
      const run = await runs.submit('noted', ['--count', '14', '--ms', '1000', '--notes', notes, ...one, ...lasting(20)]);
      expect(await runs.ended(run, 120)).toBe('succeeded');
      expect(await runs.attempts(run)).toEqual([]);
      const jobs = new Set(notesIn(notes).map(({ job }) => job));
      expect({ notes: notesIn(notes).length, isLeft: jobs.size > 1 }).toEqual({ notes: 28, isLeft: true });
      // Nobody had to be ended.
      expect(new Set(await endStatesOf(run)).difference(new Set(['COMPLETED', 'CANCELLED']))).toEqual(new Set());
    },
    TIMEOUT_MS,
  );

  test.concurrent(
    'cuts off what still runs; it costs no retry, and is done in the next one',
    async () => {
      const notes = world.write('cut', '');
      const args = ['--count', '1', '--cpus', '5', '--notes', notes, '--held', ...lasting(5, '1-1')];
      const run = await runs.submit('noted', args);
      await until(() => notesIn(notes).length === 2, 120);
      world.write('cut.go', '');
      expect(await runs.ended(run)).toBe('succeeded');
      expect(await runs.attempts(run)).toMatchObject([{ cause: 'walltime', loss: true }]);
      expect(await runs.units(run)).toEqual([{ index: 0, state: 'succeeded', attempt: 2 }]);
      // Of the next one it does not matter who was quicker, its agent or the end of the run.
      expect(await endStatesOf(run)).toEqual([expect.stringMatching(/^(COMPLETED|CANCELLED)$/), 'TIMEOUT']);
    },
    TIMEOUT_MS,
  );

  test.concurrent(
    'cuts off a unit that is longer than any; the second time it fails, with advice',
    async () => {
      const notes = world.write('long', '');
      const run = await runs.submit('noted', ['--count', '1', '--cpus', '5', '--notes', notes, '--held', ...lasting(5)]);
      expect(await runs.ended(run, 180)).toBe('failed');
      const { failure } = await world.json<{ failure: { message: string } }>(['status', run]);
      expect(failure.message).toContain(
        'the whole time of an allocation was not enough for it, 2 times: ask for more with sbatch: { time }, or make its units smaller',
      );
      expect(await runs.attempts(run)).toMatchObject([{ attempt: 1, cause: 'walltime', loss: true }]);
      expect(notesIn(notes).map(({ what }) => what)).toEqual(['begin', 'begin']);
      // On a busy machine another may be over before its agent could begin anything.
      expect((await endStatesOf(run)).filter((state) => state === 'TIMEOUT').length).toBeGreaterThanOrEqual(2);
    },
    TIMEOUT_MS,
  );
});
