// Which units an agent is offered: CPUs, prefetch, simultaneousTasks, and an even share of what is left.
import { describe, expect, test } from 'vitest';
import { Core } from '../../../src/core/core.ts';
import type { Effect } from '../../../src/core/effects.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import type { UnitNeeds } from '../../../src/plan/slurm.ts';
import { mapStep, planOf, taskStep } from '../../support/plans.ts';
import { SlurmRun } from './slurm-run.ts';

type LeaseEffect = Extract<Effect, { kind: 'lease' }>;

/** A core whose maps have `total` elements each, with agents of `cpus`; gives what the first leasing offers each session. */
function offered(
  plan: Plan,
  total: number,
  cpus: number[],
  options: { maxRunning?: number; prefetch?: number } = {},
): LeaseEffect[] {
  const needsOf = (ordinal: number): UnitNeeds => {
    const step = plan.workflow.steps[ordinal];
    return { cpus: step?.kind === 'map' ? step.cpusPerTask : 1, memoryMib: 0, gpus: 0, timeMs: 0 };
  };
  const core = new Core({
    plan,
    epoch: 1,
    pools: [{ kind: 'local' }],
    poolOf: () => 0,
    needsOf,
    maxRunning: options.maxRunning ?? 0,
  });
  for (const at of cpus.keys()) core.expectAllocation({ id: `l${at}`, pool: 0, state: 'running', job: null }, 0);
  core.apply({ kind: 'tick' }, 0);
  core.apply({ kind: 'step-prepared', step: 0, total: 1 }, 0);
  cpus.forEach((each, at) => {
    const agent = {
      id: `a${at}`,
      allocation: `l${at}`,
      host: 'h',
      pid: 1,
      cpus: each,
      memoryMib: 0,
      gpus: 0,
      job: '',
      version: '1',
    };
    core.apply({ kind: 'agent-connected', session: at, agent, held: [], running: [], finished: [], finishedIn: [] }, 0);
  });
  const first = core.apply({ kind: 'tick' }, 0).find((effect): effect is LeaseEffect => effect.kind === 'lease');
  const lease = {
    step: 0,
    index: [0],
    epoch: 1,
    n: [first?.firstN ?? 0],
    startedAtMs: [0],
    durationMs: [0],
    output: ['{"items":[]}'],
  };
  core.apply({ kind: 'report', session: first?.session ?? 0, seq: 1, succeeded: [lease], failed: [], returned: [] }, 0);
  plan.workflow.steps.forEach((step, ordinal) => {
    if (step.kind === 'map') core.apply({ kind: 'step-prepared', step: ordinal, total }, 0);
    cpus.forEach((_, session) => {
      core.apply({ kind: 'demand', session, step: ordinal, prefetch: options.prefetch ?? 0, closed: false }, 0);
    });
  });
  const effects = core.apply({ kind: 'tick' }, 0);
  core.checkInvariants();
  return effects.filter((effect): effect is LeaseEffect => effect.kind === 'lease');
}

const gen = taskStep('Gen', { outputs: [{ name: 'items' }] });
const count = (leases: LeaseEffect[], session: number): number =>
  leases.filter((each) => each.session === session).reduce((sum, { index }) => sum + index.length, 0);

describe('without prefetch an agent gets what fits its CPUs', () => {
  test.each([
    [1, 8, 8],
    [2, 8, 4],
    [3, 8, 2],
    [8, 8, 1],
  ])('units of %i CPUs on %i slots: %i at once', (cpusPerTask, slots, fits) => {
    expect(count(offered(planOf(gen, mapStep('map', 'Gen', { cpusPerTask })), 100, [slots]), 0)).toBe(fits);
  });
});

test('prefetch comes on top of what fits', () => {
  expect(count(offered(planOf(gen, mapStep('map', 'Gen')), 1_000, [2], { prefetch: 50 }), 0)).toBe(52);
});

test('two maps share the slots of an agent', () => {
  const leases = offered(planOf(gen, mapStep('wide', 'Gen', { cpusPerTask: 3 }), mapStep('narrow', 'Gen')), 100, [8]);
  expect(leases.map(({ step, index }) => [step, index.length])).toEqual([
    [1, 2],
    [2, 2],
  ]);
});

test('simultaneousTasks bounds a step over all agents, prefetch included', () => {
  const leases = offered(planOf(gen, mapStep('map', 'Gen', { simultaneousTasks: 5 })), 100, [4, 4], { prefetch: 100 });
  expect(count(leases, 0) + count(leases, 1)).toBe(5);
});

test('the last units are spread evenly over agents', () => {
  const leases = offered(planOf(gen, mapStep('map', 'Gen')), 6, [8, 8], { prefetch: 100 });
  expect([count(leases, 0), count(leases, 1)]).toEqual([3, 3]);
});

test('the sequential backend has one unit out at a time', () => {
  expect(count(offered(planOf(gen, mapStep('map', 'Gen')), 10, [8], { maxRunning: 1 }), 0)).toBe(1);
});

describe('on Slurm', () => {
  const leased = (run: SlurmRun, session: number): number[] =>
    run.maps.map((_, step) => run.held(session).filter((lease) => lease.step === step).length);

  test('memory is packed as CPUs are', () => {
    const run = new SlurmRun([{ total: 100, memoryMib: 5_000 }]).begin();
    expect(leased(run, run.connect('1-1.0', { cpus: 8, memoryMib: 16_000 }))).toEqual([3]);
    expect(leased(run, run.connect('1-1.1', { id: 'b', cpus: 8, memoryMib: 0 }))).toEqual([8]);
  });

  test('GPUs are packed as CPUs are', () => {
    const run = new SlurmRun([{ total: 100, gpus: 1 }, { total: 100 }], { nodes: [{ gpus: 2 }] }).begin();
    expect(leased(run, run.connect('1-1.0', { cpus: 8, gpus: 2 }))).toEqual([2, 6]);
  });

  test('what is prefetched counts for neither', () => {
    const run = new SlurmRun([{ total: 100, memoryMib: 5_000 }]).begin();
    const session = run.connect('1-1.0', { cpus: 8, memoryMib: 16_000 });
    run.apply({ kind: 'demand', session, step: 0, prefetch: 10, closed: false });
    expect(leased(run, session)).toEqual([13]);
  });

  test('an agent takes the units of its pool', () => {
    const run = new SlurmRun([{ total: 4 }, { total: 4, pool: 2 }]).begin();
    expect(leased(run, run.connect('1-2.0'))).toEqual([0, 4]);
  });

  test('nothing more of a step that an agent has closed', () => {
    const run = new SlurmRun([{ total: 100 }, { total: 100 }]).begin();
    const session = run.connect('1-1.0');
    run.apply({ kind: 'demand', session, step: 0, prefetch: 0, closed: true });
    run.succeed(session, run.held(session));
    expect(leased(run, session)).toEqual([8, 8]);
  });

  test('simultaneousTasks counts what is held anywhere, also by an agent that is away', () => {
    const run = new SlurmRun([{ total: 100, step: { simultaneousTasks: 10 } }], { nodes: [{ cpus: 8 }] }).begin();
    const first = run.connect('1-1.0', { cpus: 5 });
    run.disconnect(first);
    const second = run.connect('1-1.1', { id: 'b' });
    expect([leased(run, first), leased(run, second)]).toEqual([[5], [5]]);
  });
});
