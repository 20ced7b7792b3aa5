// What is asked of Slurm, how its refusals are taken, and that nothing is asked for beyond the work.
import { describe, expect, test } from 'vitest';
import { taskStep } from '../../support/plans.ts';
import { SlurmRun } from './slurm-run.ts';

test('Slurm is asked for its nodes once, when the first units of a pool are known', () => {
  const run = new SlurmRun([{ total: 20 }, { total: 20, pool: 2 }]);
  run.apply({ kind: 'tick' });
  expect(run.all('ask-site')).toHaveLength(0);
  run.apply({ kind: 'step-prepared', step: 0, total: 20 });
  run.apply({ kind: 'step-prepared', step: 1, total: 20 });
  expect(run.all('ask-site')).toHaveLength(1);
});

test('one sbatch for a map, stored before it is carried out', () => {
  const run = new SlurmRun([{ total: 20 }]).begin();
  expect(run.all('allocate')).toMatchObject([
    { pool: 1, allocations: ['1-1.0', '1-1.1', '1-1.2'], shape: { cpus: 7, unitsPerNode: 7 }, excludedNodes: [] },
  ]);
  const kinds = run.effects.map(({ kind }) => kind);
  expect(run.all('store-allocation').map(({ allocation, pool, state }) => [allocation, pool, state])).toEqual(
    run.asked[0]?.map((id) => [id, 1, 'asked']),
  );
  expect(kinds.lastIndexOf('store-allocation')).toBeLessThan(kinds.indexOf('allocate'));
});

test('what was asked for is not asked for again', () => {
  const run = new SlurmRun([{ total: 20 }]).begin();
  run.submitted('1-1.0', '1-1.1', '1-1.2');
  run.connect('1-1.0', { cpus: 7 });
  run.pass(60_000);
  expect(run.asked).toHaveLength(1);
});

test('an agent that got less than was asked for: the rest is asked for', () => {
  const run = new SlurmRun([{ total: 8 }]).begin();
  run.connect('1-1.0', { cpus: 4 });
  expect(run.all('allocate').map(({ shape }) => shape?.cpus)).toEqual([8, 4]);
});

describe('bounds', () => {
  test('at most maxAllocations, each of them full', () => {
    const run = new SlurmRun([{ total: 1_000 }], { maxAllocations: 3 }).begin();
    expect(run.all('allocate')).toMatchObject([{ allocations: ['1-1.0', '1-1.1', '1-1.2'], shape: { unitsPerNode: 8 } }]);
  });

  test('simultaneousTasks', () => {
    const run = new SlurmRun([{ total: 1_000, step: { simultaneousTasks: 10 } }]).begin();
    expect(run.all('allocate')).toMatchObject([{ allocations: { length: 2 }, shape: { unitsPerNode: 5 } }]);
  });

  test('pools that want more share what is free', () => {
    const run = new SlurmRun([{ total: 1_000 }, { total: 1_000, pool: 2 }], { maxAllocations: 10 }).begin();
    expect(run.all('allocate').map(({ pool, allocations }) => [pool, allocations.length])).toEqual([
      [1, 5],
      [2, 5],
    ]);
  });

  test('several nodes of one job', () => {
    const run = new SlurmRun([{ total: 64 }], { maxAllocations: 10, nodesPerAllocation: 4 }).begin();
    expect(run.all('allocate')).toMatchObject([{ allocations: { length: 2 }, shape: { nodes: 4, unitsPerNode: 8 } }]);
  });
});

test('steps of a pool share its allocations', () => {
  const run = new SlurmRun([{ total: 4 }, { total: 2, cpus: 2 }]).begin();
  run.submitted('1-1.0');
  expect(run.all('allocate').map(({ shape }) => shape?.cpus)).toEqual([4, 4]);
  const whole = new SlurmRun([{ total: 4 }, { total: 2, cpus: 2 }]);
  whole.begin();
  whole.connect('1-1.0', { cpus: 8 });
  expect(whole.all('lease').map(({ step, index }) => [step, index.length])).toEqual([
    [0, 4],
    [1, 2],
  ]);
});

describe('an allocation that has ended', () => {
  test('is replaced while work is left', () => {
    const run = new SlurmRun([{ total: 8 }]).begin();
    run.connect('1-1.0');
    run.disconnect(1);
    run.ends('1-1.0', 'preempted');
    expect(run.asked).toEqual([['1-1.0'], ['1-2.0']]);
  });

  test('is not when others have room for what is left', () => {
    const run = new SlurmRun([{ total: 16 }]).begin();
    const first = run.connect('1-1.0');
    const second = run.connect('1-1.1');
    run.succeed(first, run.held(first));
    run.disconnect(second);
    run.ends('1-1.1', 'preempted');
    expect(run.asked).toHaveLength(1);
  });

  test('is, when an agent with room can finish nothing more', () => {
    const run = new SlurmRun([{ total: 16 }]).begin();
    const first = run.connect('1-1.0');
    const second = run.connect('1-1.1');
    run.succeed(first, run.held(first));
    run.apply({ kind: 'demand', session: first, step: 0, prefetch: 0, closed: true });
    expect(run.asked).toHaveLength(1);
    run.disconnect(second);
    run.ends('1-1.1', 'preempted');
    expect(run.asked).toEqual([['1-1.0', '1-1.1'], ['1-2.0']]);
  });
});

test('a unit that waits long for its next try holds no allocation meanwhile', () => {
  const work = taskStep('map0/Work', { options: { retries: { max: 1, delayMs: 600_000 }, isolate: false } });
  const body = { steps: [work], inputs: ['item'], terminating: ['map0/Work'] };
  const run = new SlurmRun([{ total: 1, step: { body } }]).begin();
  const session = run.connect('1-1.0', { cpus: 1 });
  run.fail(session, run.held(session), { cause: 'exception', message: 'boom', task: 'map0/Work' });
  run.pass(150_000);
  expect(run.all('drain')).toMatchObject([{ session, reason: 'there was nothing for it to do' }]);
  run.disconnect(session);
  run.ends('1-1.0');
  run.pass(300_000);
  expect(run.asked).toHaveLength(1);
  run.pass(200_000);
  expect(run.asked).toHaveLength(2);
});

describe('refused', () => {
  test('for its size: half as many units a node, and it is said', () => {
    const run = new SlurmRun([{ total: 100 }], { maxAllocations: 1 }).begin();
    for (const count of [1, 2, 3]) run.refused([`1-${count}.0`], 'size');
    expect(run.all('allocate').map(({ shape }) => shape?.unitsPerNode)).toEqual([8, 4, 2, 1]);
    expect(run.notices).toHaveLength(3);
    run.refused(['1-4.0'], 'size');
    expect(run.failureOf(0)).toBe('map0: Slurm refused the allocation: Slurm says size');
  });

  test('for its size, which the user has set: nothing else is tried', () => {
    const directives = [{ name: 'cpus-per-task', value: 8, source: 'pipeline' }] as const;
    const run = new SlurmRun([{ total: 100 }], { directives }).begin();
    run.refused(run.asked[0] as string[], 'size');
    expect(run.asked).toHaveLength(1);
    expect(run.failureOf(0)).toContain('Slurm says size');
  });

  test('for a limit: half of the array, down to one', () => {
    const run = new SlurmRun([{ total: 1_000 }]).begin();
    for (const at of [0, 1, 2]) run.refused(run.asked[at] as string[], 'limit');
    expect(run.asked.map((ids) => ids.length)).toEqual([10, 5, 2, 1]);
  });

  test('even one, while other jobs of the user are there: tried again after 30 s', () => {
    const run = new SlurmRun([{ total: 1 }]).begin();
    run.refused(['1-1.0'], 'limit', true);
    run.pass(29_000);
    expect(run.asked).toHaveLength(1);
    run.pass(1_500);
    expect(run.asked).toHaveLength(2);
    expect(run.failureOf(0)).toBeUndefined();
  });

  test('even one, with nothing to wait for: the step fails with the words of Slurm', () => {
    const run = new SlurmRun([{ total: 1 }]).begin();
    run.refused(['1-1.0'], 'limit', false);
    expect(run.failureOf(0)).toBe('map0: Slurm refused the allocation: Slurm says limit');
  });

  test('after a limit, once some are taken: more when one of ours has ended, or after 30 s', () => {
    const run = new SlurmRun([{ total: 1_000 }]).begin();
    run.refused(run.asked[0] as string[], 'limit');
    run.submitted(...(run.asked[1] as string[]));
    expect(run.asked.map((ids) => ids.length)).toEqual([10, 5]);
    run.pass(31_000);
    expect(run.asked.map((ids) => ids.length)).toEqual([10, 5, 5]);
  });

  test('for good: the steps of the pool fail with the words of Slurm, others go on', () => {
    const run = new SlurmRun([{ total: 8 }, { total: 8, pool: 2 }]).begin();
    run.refused(['1-1.0'], 'invalid');
    expect(run.failureOf(0)).toBe('map0: Slurm refused the allocation: Slurm says invalid');
    expect(run.failureOf(1)).toBeUndefined();
  });
});

test('a run whose last step has failed ends at once', () => {
  const run = new SlurmRun([{ total: 1, cpus: 64 }]).begin();
  expect(run.all('run-ended')).toHaveLength(1);
});

test('a unit that fits no node fails its step, and says why', () => {
  const run = new SlurmRun([{ total: 8, cpus: 64 }]).begin();
  expect(run.asked).toEqual([]);
  expect(run.failureOf(0)).toContain('a unit of 64 CPUs fits no node');
});

test('a Slurm that does not answer fails the steps that need it', () => {
  const run = new SlurmRun([{ total: 8 }]);
  run.apply({ kind: 'tick' });
  run.apply({ kind: 'step-prepared', step: 0, total: 8 });
  run.apply({ kind: 'site-unknown', message: 'scontrol does not answer' });
  expect(run.failureOf(0)).toBe('map0: scontrol does not answer');
});

test('an allocation that never came to be is asked for again after a while, and speaks against nobody', () => {
  const run = new SlurmRun([{ total: 80 }]).begin();
  for (const id of run.asked[0] as string[]) run.ends(id, 'agent-lost', 'there is no such job');
  expect(run.asked).toHaveLength(1);
  run.pass(31_000);
  expect(run.asked.map((ids) => ids.length)).toEqual([10, 10]);
  expect(run.failureOf(0)).toBeUndefined();
});

describe('after a take-over', () => {
  test('allocations that are known count, and ids stay unique', () => {
    const run = new SlurmRun([{ total: 24 }], { epoch: 2 });
    run.core.expectAllocation({ id: '1-1.0', pool: 1, state: 'asked', job: '7' }, run.nowMs);
    run.core.expectAllocation({ id: '1-1.1', pool: 1, state: 'running', job: '8' }, run.nowMs);
    run.begin();
    expect(run.asked).toEqual([['2-1.0']]);
    expect(run.core.allocations().map(({ id, state, job }) => [id, state, job])).toEqual([
      ['1-1.0', 'pending', '7'],
      ['1-1.1', 'running', '8'],
      ['2-1.0', 'asked', null],
    ]);
  });

  test('nothing is asked for before the agents that are known have said hello', () => {
    const run = new SlurmRun([{ total: 8 }], { epoch: 2 });
    const agent = { id: 'a', allocation: '1-1.0', host: 'h', pid: 1, cpus: 8, memoryMib: 0, gpus: 0, job: '', version: '1' };
    run.core.expectAllocation({ id: '1-1.0', pool: 1, state: 'running', job: '7' }, run.nowMs);
    run.core.expectAgent(agent, 0, run.nowMs);
    run.begin();
    run.hello('1-1.0', { id: 'a' });
    expect(run.asked).toEqual([]);
    expect(run.all('lease')).toHaveLength(1);
  });
});
