// What people are shown of a run: units that run are those that have CPUs, not all that agents hold.
import { expect, test } from 'vitest';
import { SlurmRun } from './slurm-run.ts';

const runningIn = (run: SlurmRun) => run.core.counts().map(({ running }) => running);

test('units that wait at their agent do not count as running', () => {
  const run = new SlurmRun([{ total: 42, cpus: 3 }]).begin();
  const session = run.connect('1-1.0');
  run.apply({ kind: 'demand', session, step: 0, prefetch: 40, closed: false });
  expect(run.held(session)).toHaveLength(42);
  expect(runningIn(run)).toEqual([2]);
  run.succeed(session, run.held(session).slice(0, 41));
  expect(runningIn(run)).toEqual([1]);
});

test('of two steps the units share the CPUs', () => {
  const run = new SlurmRun([{ total: 5 }, { total: 80 }]).begin();
  const session = run.connect('1-1.0');
  run.apply({ kind: 'demand', session, step: 1, prefetch: 40, closed: false });
  expect(runningIn(run)).toEqual([5, 3]);
});
