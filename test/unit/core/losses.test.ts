// Agents that go: by our own heartbeat, with the cause that Slurm knows.
import { describe, expect, test } from 'vitest';
import type { Lease } from '../../../src/core/events.ts';
import { LIMITS } from '../../../src/model/limits.ts';
import { SlurmRun } from './slurm-run.ts';

const again = (run: SlurmRun, effects: ReturnType<SlurmRun['pass']>): number => run.all('store-attempt', effects).length;

describe('an agent whose connection is gone', () => {
  test('is lost 12 s after its last word; Slurm is asked once for the cause', () => {
    const run = new SlurmRun([{ total: 8 }]).begin();
    const session = run.connect('1-1.0');
    const effects = run.disconnect(session, run.nowMs - 5_000);
    expect(run.all('inspect-allocation', effects)).toMatchObject([{ allocation: '1-1.0', isSignalled: false }]);
    expect(again(run, run.pass(6_900))).toBe(0);
    const lost = run.pass(200);
    expect(run.all('store-attempt', lost)[0]).toMatchObject({ failure: { cause: 'agent-lost' }, loss: true });
    expect(run.all('store-agent').at(-1)?.state).toBe('lost');
  });

  test('has 2 s to come back, however long it was silent', () => {
    const run = new SlurmRun([{ total: 8 }]).begin();
    run.disconnect(run.connect('1-1.0'), run.nowMs - 60_000);
    expect(again(run, run.pass(1_900))).toBe(0);
    expect(again(run, run.pass(200))).toBe(8);
  });

  test('is lost at once when Slurm says that its allocation has ended, for that cause', () => {
    const run = new SlurmRun([{ total: 8 }]).begin();
    run.disconnect(run.connect('1-1.0'));
    const effects = run.ends('1-1.0', 'node-lost', 'its node failed');
    expect(run.all('store-attempt', effects)[0]).toMatchObject({
      failure: { cause: 'node-lost', message: 'its node failed' },
      loss: true,
    });
  });

  test('may have begun more than it has told of: no number of a try is given again, and what was not told costs nothing', () => {
    const run = new SlurmRun([{ total: 8 }]).begin();
    const session = run.connect('1-1.0');
    run.apply({ kind: 'units-started', session, units: run.held(session).slice(0, 1) });
    run.disconnect(session);
    expect(again(run, run.ends('1-1.0', 'node-lost'))).toBe(1);
    run.connect('1-2.0', { id: 'other' });
    expect(run.all('lease').at(-1)?.attempt).toEqual([2, 2, 2, 2, 2, 2, 2, 2]);
  });

  test('says again what runs: the word of it may have been lost with the connection', () => {
    const run = new SlurmRun([{ total: 8 }]).begin();
    const session = run.connect('1-1.0');
    const [first] = run.held(session);
    run.disconnect(session);
    run.hello('1-1.0', {}, run.held(session), [first as Lease]);
    expect(run.core.runningUnits(8)).toEqual({ units: [{ step: 0, index: first?.index }], total: 1 });
  });

  test('of an earlier holder is waited for from when it can dial: nobody listens while inputs are got ready', () => {
    const run = new SlurmRun([{ total: 2, cpus: 8 }], { epoch: 2 });
    const info = { host: 'h', pid: 1, cpus: 8, memoryMib: 0, gpus: 0, job: '', version: '1' };
    for (const allocation of ['1-1.0', '1-1.1']) {
      run.core.expectAllocation({ id: allocation, pool: 1, state: 'running', job: allocation }, run.nowMs);
      run.core.expectAgent({ ...info, id: `agent-${allocation}`, allocation }, 0, run.nowMs);
    }
    run.pass(60_000);
    run.begin();
    run.hello('1-1.0');
    run.hello('1-1.1', {}, [{ step: 0, index: 0, epoch: 1, n: 1 }]);
    expect(run.all('cancel-units')).toEqual([]);
    expect(run.ended).toEqual([]);
    expect(run.all('lease').map(({ index }) => index)).toEqual([[1]]);
  });

  test('is replaced elsewhere: for 10 minutes, or until an agent on its node is heard of, nothing goes there', () => {
    const excluded = (run: SlurmRun) => run.all('allocate').at(-1)?.excludedNodes;
    const lose = (node: string) => {
      const run = new SlurmRun([{ total: 80, cpus: 8 }], { maxAllocations: 2, nodes: [{}, {}] }).begin();
      run.submitted('1-1.0', '1-1.1');
      run.runs('1-1.0', { node });
      const session = run.hello('1-1.0');
      run.disconnect(session);
      run.pass(12_001);
      run.ends('1-1.0', 'cancelled');
      return run;
    };
    const run = lose('n1');
    expect(excluded(run)).toEqual(['n1']);
    expect(run.notices).toEqual([
      'the agent on n1 was not heard of for 12 s: what it ran goes to others, and no allocation goes there for 10 m 00 s',
    ]);
    run.submitted('1-2.0');
    run.pass(10 * 60_000);
    run.ends('1-2.0', 'cancelled');
    expect(excluded(run)).toEqual([]);

    const back = lose('n1');
    back.connect('1-2.0', { host: 'n1', id: 'other' });
    back.ends('1-1.1', 'cancelled');
    expect(excluded(back)).toEqual([]);
  });

  test('whose job goes on without it: it is cancelled after a while', () => {
    const run = new SlurmRun([{ total: 8 }]).begin();
    run.disconnect(run.connect('1-1.0'));
    run.pass(50_000);
    expect(run.ended).toEqual(['1-1.0']);
  });
});

describe('one of the nodes of an allocation', () => {
  const ofTwo = () => {
    const run = new SlurmRun([{ total: 16 }], { nodesPerAllocation: 2, nodes: [{}, {}, {}] }).begin();
    run.submitted('1-1.0');
    run.runs('1-1.0', { node: 'n[1-2]' });
    run.hello('1-1.0', { id: 'first', host: 'n1' });
    return run;
  };

  test('whose agent is lost comes no more: its share is asked for elsewhere', () => {
    const run = ofTwo();
    const second = run.hello('1-1.0', { id: 'second', host: 'n2' });
    run.disconnect(second);
    run.pass(12_001);
    expect(run.all('allocate').slice(1)).toMatchObject([{ allocations: ['1-2.0'], shape: { nodes: 1 }, excludedNodes: ['n2'] }]);
    expect(run.ended).toEqual([]);
  });

  test('whose agent is told to go comes no more', () => {
    const run = ofTwo();
    const second = run.hello('1-1.0', { id: 'second', host: 'n2' });
    run.apply({ kind: 'drain-requested', agent: 'second' });
    run.fail(second, run.held(second), { cause: 'drained', message: 'it must go' });
    expect(run.all('allocate').slice(1)).toMatchObject([{ allocations: ['1-2.0'], shape: { nodes: 1 } }]);
  });

  test('of which nobody says hello is waited for a minute longer than the first, and told of', () => {
    const run = ofTwo();
    run.pass(59_000);
    expect(run.asked).toHaveLength(1);
    run.pass(2_000);
    expect(run.notices).toEqual([
      '1 of the 2 nodes of allocation 1-1.0 (job job-1-1.0, node n[1-2]) has not said hello within 1 m 00 s of the first: others get the work',
    ]);
    expect(run.all('allocate').slice(1)).toMatchObject([{ allocations: ['1-2.0'], shape: { nodes: 1 } }]);
    run.pass(600_000);
    expect(run.notices).toHaveLength(1);
    expect(run.ended).toEqual([]);
  });

  test('may be used again as soon as another agent there is heard of', () => {
    const run = ofTwo();
    run.disconnect(run.hello('1-1.0', { id: 'second', host: 'n2' }));
    run.pass(12_001);
    run.submitted('1-2.0');
    run.runs('1-2.0', { node: 'n[2-3]' });
    run.hello('1-2.0', { id: 'third', host: 'n2' });
    run.ends('1-2.0', 'preempted');
    run.ends('1-1.0', 'preempted');
    for (const { allocations, excludedNodes } of run.all('allocate').slice(2))
      expect([allocations, excludedNodes]).toEqual([expect.anything(), []]);
  });
});

test('an agent that we hear lives, whatever Slurm says', () => {
  const run = new SlurmRun([{ total: 16 }], { maxAllocations: 1 }).begin();
  const session = run.connect('1-1.0');
  const effects = run.ends('1-1.0', 'node-lost', 'so Slurm believes');
  expect(again(run, effects)).toBe(0);
  expect(run.asked).toHaveLength(1);
  run.succeed(session, run.held(session));
  expect(run.held(session)).toHaveLength(16);
  expect(run.all('store-attempt', run.disconnect(session))[0]).toMatchObject({ failure: { message: 'so Slurm believes' } });
});

test('an agent that was told to go and holds nothing has left, at once', () => {
  const run = new SlurmRun([{ total: 1 }, { total: 8, pool: 2 }]).begin();
  const session = run.connect('1-1.0');
  run.succeed(session, run.held(session));
  expect(run.all('store-agent', run.disconnect(session)).map(({ state }) => state)).toEqual(['left']);
  run.ends('1-1.0');
  expect(run.failureOf(1)).toBeUndefined();
});

describe('losses that cost nothing', () => {
  test.each(['preempted', 'drained', 'cancelled'] as const)('%s', (cause) => {
    const run = new SlurmRun([{ total: 1 }]).begin();
    for (let count = 1; count <= 8; count++) {
      const session = run.connect(`1-${count}.0`, { id: `a${count}`, cpus: 1 });
      run.disconnect(session);
      const effects = run.ends(`1-${count}.0`, cause);
      expect(run.all('store-attempt', effects)[0]?.loss).toBeNull();
    }
    expect(run.failureOf(0)).toBeUndefined();
  });
});

test.each(['agent-lost', 'node-lost'] as const)('%s ends a unit that was running at five of them', (cause) => {
  const run = new SlurmRun([{ total: 1 }]).begin();
  for (let count = 1; count <= 5; count++) {
    run.disconnect(run.connect(`1-${count}.0`, { id: `a${count}`, cpus: 1 }));
    run.ends(`1-${count}.0`, cause);
  }
  expect(run.failureOf(0)).toContain('lost 5 times while it was running');
});

describe('cut off at the end of the allocation', () => {
  test('with the whole time of one is stored, for those who take over', () => {
    const run = new SlurmRun([{ total: 1 }]).begin();
    const session = run.connect('1-1.0', { cpus: 1 });
    const [stored] = run.all('store-attempt', run.fail(session, run.held(session), { cause: 'walltime', message: 'over' }));
    expect(stored?.failure).toEqual({ cause: 'walltime', message: 'over', hadWholeTime: true });
  });

  test('for good: how long it ran is told, since it began', () => {
    const run = new SlurmRun([{ total: 1 }]).begin();
    for (let count = 1; count <= LIMITS.maxLosses; count++) {
      const session = run.connect(`1-${count}.0`, { id: `a${count}`, cpus: 1 });
      const units = run.held(session);
      run.apply({ kind: 'units-started', session, units });
      run.nowMs += 7_000;
      run.disconnect(session);
      run.ends(`1-${count}.0`, 'node-lost');
    }
    expect(run.all('store-units')).toMatchObject([{ state: 'failed', startedAtMs: [run.nowMs - 7_000], durationMs: [7_000] }]);
  });

  test('twice with the whole time of one: the unit fails, with advice', () => {
    const run = new SlurmRun([{ total: 1 }]).begin();
    for (const count of [1, 2]) {
      const session = run.connect(`1-${count}.0`, { id: `a${count}`, cpus: 1 });
      run.fail(session, run.held(session), { cause: 'walltime', message: 'its time was over' });
      run.disconnect(session);
      run.ends(`1-${count}.0`, 'walltime');
    }
    expect(run.failureOf(0)).toContain(
      'the whole time of an allocation was not enough for it, 2 times: ask for more with sbatch: { time }, or make its units smaller',
    );
  });

  test('a unit that came later is only lost, and tried again', () => {
    const run = new SlurmRun([{ total: 2 }], { maxAllocations: 1, nodes: [{ cpus: 1 }] }).begin();
    for (const count of [1, 2]) {
      const session = run.connect(`1-${count}.0`, { id: `a${count}`, cpus: 1 });
      if (count === 1) run.succeed(session, run.held(session));
      const effects = run.fail(session, run.held(session).slice(count === 1 ? 1 : 0), { cause: 'walltime', message: 'cut off' });
      expect(run.all('store-attempt', effects)).toMatchObject([{ loss: true }]);
      run.disconnect(session);
      run.ends(`1-${count}.0`, 'walltime');
    }
    expect(run.failureOf(0)).toBeUndefined();
  });
});

describe('an agent that must go', () => {
  const near = (run: SlurmRun) => ({ endsAtMs: run.nowMs + 60_000 });

  test('near the end of its allocation gets nothing more, and is told walltime where Slurm does not say', () => {
    const run = new SlurmRun([{ total: 16 }]).begin();
    const session = run.connect('1-1.0');
    run.runs('1-1.0', near(run));
    const effects = run.apply({ kind: 'agent-leaving', session, signal: 'SIGTERM' });
    expect(run.all('inspect-allocation', effects)).toMatchObject([{ isSignalled: true }]);
    expect(run.all('drain', effects)).toEqual([]);
    expect(run.all('drain', run.pass(LIMITS.causePatienceMs))).toMatchObject([{ session, cause: 'walltime' }]);
    run.succeed(session, run.held(session));
    expect(run.held(session)).toHaveLength(8);
  });

  test('near the end of its allocation is told what Slurm says all the same', () => {
    const run = new SlurmRun([{ total: 8 }]).begin();
    const session = run.connect('1-1.0');
    run.runs('1-1.0', near(run));
    run.apply({ kind: 'agent-leaving', session, signal: 'SIGTERM' });
    expect(run.all('drain', run.ends('1-1.0', 'cancelled'))).toMatchObject([{ session, cause: 'cancelled' }]);
  });

  test('else Slurm is asked, and its answer is the cause', () => {
    const run = new SlurmRun([{ total: 8 }]).begin();
    const session = run.connect('1-1.0');
    const effects = run.apply({ kind: 'agent-leaving', session, signal: 'SIGTERM' });
    expect(run.all('inspect-allocation', effects)).toHaveLength(1);
    expect(run.all('drain', effects)).toEqual([]);
    expect(run.all('drain', run.ends('1-1.0', 'preempted'))).toMatchObject([{ session, cause: 'preempted' }]);
  });

  test('else, after 2 s, it goes without one', () => {
    const run = new SlurmRun([{ total: 8 }]).begin();
    const session = run.connect('1-1.0');
    run.apply({ kind: 'agent-leaving', session, signal: 'SIGTERM' });
    expect(run.all('drain', run.pass(1_900))).toEqual([]);
    const [drain] = run.all('drain', run.pass(200));
    expect(drain).toMatchObject({ session });
    expect(drain?.cause).toBeUndefined();
  });

  test('of its own will is let go at once', () => {
    const run = new SlurmRun([{ total: 8 }]).begin();
    const session = run.connect('1-1.0');
    expect(run.all('drain', run.apply({ kind: 'agent-leaving', session, signal: '' }))).toHaveLength(1);
  });

  test('is told again when it comes back', () => {
    const run = new SlurmRun([{ total: 8 }]).begin();
    const session = run.connect('1-1.0');
    run.apply({ kind: 'drain-requested', agent: 'agent-1-1.0' });
    run.disconnect(session);
    const again = run.hello('1-1.0', {}, run.held(session));
    expect(run.all('drain').map((drain) => drain.session)).toEqual([session, again]);
  });
});

test('an agent of an allocation that is not of this run gets nothing', () => {
  const run = new SlurmRun([{ total: 8 }]).begin();
  const session = run.hello('9-9.9');
  expect(run.all('drain')).toMatchObject([{ session, reason: 'its allocation is not one of this run' }]);
  expect(run.held(session)).toEqual([]);
});

test('an agent that was started by hand takes units of any pool, and may come and go', () => {
  const run = new SlurmRun([{ total: 4 }, { total: 4, pool: 2 }]);
  run.apply({ kind: 'tick' });
  for (const step of [0, 1]) run.apply({ kind: 'step-prepared', step, total: 4 });
  const session = run.hello('');
  expect(run.held(session).map(({ step }) => step)).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
  run.begin();
  expect(run.asked).toEqual([]);
  run.disconnect(session);
  run.pass(13_000);
  expect(run.asked).toHaveLength(2);
});
