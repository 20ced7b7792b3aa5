// Allocations from their submission to their end: waiting, silence, idleness, and the end of the run.
import { describe, expect, test } from 'vitest';
import { SlurmRun } from './slurm-run.ts';

const MINUTE = 60_000;

describe('waiting', () => {
  test('is shown', () => {
    const run = new SlurmRun([{ total: 8 }]).begin();
    run.submitted('1-1.0');
    run.waits('1-1.0', 'wait');
    expect(run.core.allocations()).toMatchObject([
      { id: '1-1.0', job: 'job-1-1.0', state: 'pending', waiting: { kind: 'wait', text: 'what it means' }, cpus: 8 },
    ]);
    run.pass(60 * MINUTE);
    expect(run.notices).toEqual([]);
  });

  test('for ever: it is cancelled, and its step fails with what to change', () => {
    const run = new SlurmRun([{ total: 16 }]).begin();
    run.submitted('1-1.0', '1-1.1');
    run.waits('1-1.0', 'never');
    expect(run.ended.sort()).toEqual(['1-1.0', '1-1.1']);
    expect(run.failureOf(0)).toBe('map0: allocation 1-1.0 (job job-1-1.0) can never start (Reason): what it means');
  });

  test('for ever, while other agents of the pool work: they go on, and the step fails when the last is gone', () => {
    const run = new SlurmRun([{ total: 16 }]).begin();
    const session = run.connect('1-1.0');
    run.submitted('1-1.1');
    run.waits('1-1.1', 'never');
    expect(run.failureOf(0)).toBeUndefined();
    run.disconnect(session);
    run.ends('1-1.0', 'preempted');
    expect(run.failureOf(0)).toContain('can never start');
  });

  test('for an admin: said once, after 5 minutes', () => {
    const run = new SlurmRun([{ total: 16 }]).begin();
    run.submitted('1-1.0', '1-1.1');
    for (let minute = 0; minute < 4; minute++) {
      run.waits('1-1.0', 'admin');
      run.waits('1-1.1', 'admin');
      run.pass(MINUTE);
    }
    expect(run.notices).toEqual([]);
    run.pass(2 * MINUTE);
    expect(run.notices).toEqual(['allocations wait for an admin of the cluster (Reason): what it means']);
  });
});

describe('an allocation that runs without a word of its agent', () => {
  test('is told of after 60 s and ended after 5 minutes', () => {
    const run = new SlurmRun([{ total: 8 }]).begin();
    run.submitted('1-1.0');
    run.runs('1-1.0', { node: 'n1' });
    run.pass(61_000);
    expect(run.notices).toEqual([
      'allocation 1-1.0 (job job-1-1.0, node n1) has been running for 1 m 00 s, but its agent has not said hello',
    ]);
    expect(run.ended).toEqual([]);
    run.pass(4 * MINUTE);
    expect(run.ended).toEqual(['1-1.0']);
    expect(run.asked).toHaveLength(2);
    run.ends('1-1.0', 'cancelled', 'job 7_0 was cancelled by outflow; it printed:\nnobody listens there');
    expect(run.notices.at(-1)).toBe(
      'an allocation was of no use, another is asked for: its agent did not say hello for 5 m 00 s: job 7_0 was cancelled by outflow; it printed:\nnobody listens there',
    );
  });

  test('for the same reason as the one before: it is not told in full again', () => {
    const run = new SlurmRun([{ total: 8 }]).begin();
    for (const count of [1, 2]) {
      run.submitted(`1-${count}.0`);
      run.ends(`1-${count}.0`, 'agent-lost', `job ${count}_0 failed; it printed:\nno module`);
    }
    const [first, second] = run.notices;
    expect(first).toContain('no module');
    expect(second).toBe('an allocation was of no use, another is asked for: job 2_0 failed');
  });

  test('three in a row: nothing more is asked for, and the step fails with what they said', () => {
    const run = new SlurmRun([{ total: 8 }]).begin();
    for (const count of [1, 2, 3]) {
      run.submitted(`1-${count}.0`);
      run.ends(`1-${count}.0`, 'agent-lost', `no module in ${count}; it printed:\nmodule: command not found`);
    }
    expect(run.asked).toHaveLength(3);
    expect(run.notices).toEqual(
      [1, 2].map(
        (n) => `an allocation was of no use, another is asked for: no module in ${n}; it printed:\nmodule: command not found`,
      ),
    );
    expect(run.failureOf(0)).toBe(
      `map0: 3 allocations in a row were of no use:\n${[1, 2, 3].map((n) => `no module in ${n}; it printed:\nmodule: command not found`).join('\n')}`,
    );
  });

  test('a hello between them starts the count again', () => {
    const run = new SlurmRun([{ total: 8 }]).begin();
    for (const count of [1, 2]) {
      run.submitted(`1-${count}.0`);
      run.ends(`1-${count}.0`);
    }
    const session = run.connect('1-3.0');
    run.disconnect(session);
    run.ends('1-3.0', 'preempted');
    run.submitted('1-4.0');
    run.ends('1-4.0');
    expect(run.asked).toHaveLength(5);
  });

  test('ends that we or others wished for do not count', () => {
    const run = new SlurmRun([{ total: 8 }]).begin();
    for (let count = 1; count <= 6; count++) {
      run.submitted(`1-${count}.0`);
      run.ends(`1-${count}.0`, 'preempted');
    }
    expect(run.asked).toHaveLength(7);
  });

  test('an agent that was granted too little for any unit counts, and goes', () => {
    const run = new SlurmRun([{ total: 1, cpus: 8 }]).begin();
    for (const count of [1, 2, 3]) {
      const session = run.connect(`1-${count}.0`, { cpus: 4 });
      expect(run.all('drain').at(-1)?.session).toBe(session);
      run.disconnect(session);
      run.ends(`1-${count}.0`);
    }
    expect(run.failureOf(0)).toContain('the agent on h has 4 CPUs, 16000 MiB and 0 GPUs; a unit of map0 needs 8, 0 and 0');
  });
});

describe('a node where agents die at start', () => {
  test('is excluded at once where others do well, named, and does not count', () => {
    const run = new SlurmRun([{ total: 16 }]).begin();
    run.submitted('1-1.0', '1-1.1');
    run.runs('1-1.0', { node: 'n1' });
    run.hello('1-1.0');
    run.ends('1-1.1', 'agent-lost', 'no libstdc++', 'n2');
    expect(run.all('allocate').at(-1)?.excludedNodes).toEqual(['n2']);
    expect(run.notices).toEqual(['no further allocation goes to node n2: no agent said hello there: no libstdc++']);
  });

  test('after two ends where nobody knows better; what was under way to it does not count any more', () => {
    const run = new SlurmRun([{ total: 40 }]).begin();
    const ids = run.asked[0] as string[];
    expect(ids).toHaveLength(5);
    run.submitted(...ids);
    for (const id of ids) run.ends(id, 'agent-lost', 'no libstdc++', 'n2');
    run.submitted('1-2.0'); // the replacement of the first, asked for before anybody knew
    expect(run.failureOf(0)).toBeUndefined();
    expect(run.all('allocate').at(-1)?.excludedNodes).toEqual(['n2']);
  });

  test('is kept where there is no other', () => {
    const run = new SlurmRun([{ total: 8 }], { nodes: [{}] }).begin();
    for (const count of [1, 2, 3]) {
      run.submitted(`1-${count}.0`);
      run.ends(`1-${count}.0`, 'agent-lost', 'no libstdc++', 'n1');
    }
    expect(run.all('allocate').map(({ excludedNodes }) => excludedNodes)).toEqual([[], [], []]);
    expect(run.failureOf(0)).toContain('no libstdc++');
  });
});

describe('none beyond what is left', () => {
  test('pending allocations that no unit needs any more are cancelled, by one call', () => {
    const run = new SlurmRun([{ total: 24 }]).begin();
    run.submitted('1-1.0', '1-1.1', '1-1.2');
    const session = run.connect('1-1.0');
    run.succeed(session, run.held(session));
    run.succeed(session, run.held(session).slice(8));
    expect(run.all('end-allocations').map(({ allocations }) => allocations)).toEqual([['1-1.2'], ['1-1.1']]);
  });

  test('an agent that no step can feed any more goes at once', () => {
    const run = new SlurmRun([{ total: 2 }, { total: 1, pool: 2 }]).begin();
    const session = run.connect('1-1.0');
    run.succeed(session, run.held(session));
    expect(run.all('drain')).toMatchObject([{ session, reason: 'no step is left for it' }]);
  });

  test('one that may be fed soon goes after 2 minutes', () => {
    const later = {
      after: ['map0'],
      inputs: [{ name: 'items', source: { kind: 'step', step: 'map0', output: 'results' } }],
    } as const;
    const run = new SlurmRun([
      { total: 1 },
      { total: 1, step: { ...later, after: [...later.after], inputs: [...later.inputs] } },
    ]);
    run.apply({ kind: 'tick' });
    run.apply({ kind: 'step-prepared', step: 0, total: 1 });
    run.begin();
    const session = run.connect('1-1.0');
    run.succeed(session, run.held(session));
    run.pass(119_000);
    expect(run.all('drain')).toEqual([]);
    run.pass(2_000);
    expect(run.all('drain')).toMatchObject([{ session }]);
  });

  test('one that others would need the place of goes at once', () => {
    const later = { after: ['map0'] };
    const run = new SlurmRun([{ total: 1 }, { total: 1, step: later }, { total: 8, pool: 2 }], { maxAllocations: 1 });
    run.apply({ kind: 'tick' });
    run.apply({ kind: 'step-prepared', step: 0, total: 1 });
    run.apply({ kind: 'step-prepared', step: 2, total: 8 });
    run.begin();
    const session = run.connect('1-1.0');
    run.succeed(session, run.held(session));
    expect(run.all('drain')).toMatchObject([{ session, reason: 'other steps wait for an allocation' }]);
    run.disconnect(session);
    run.ends('1-1.0');
    expect(run.all('allocate').map(({ pool }) => pool)).toEqual([1, 2]);
  });
});

describe('the end of the run', () => {
  test('agents are told to go, and what has none is cancelled', () => {
    const run = new SlurmRun([{ total: 16, step: { outputName: undefined as never } }]).begin();
    const session = run.connect('1-1.0');
    run.apply({ kind: 'cancel-requested', now: true });
    expect(run.ended).toEqual(['1-1.1']);
    run.fail(session, run.held(session), { cause: 'cancelled', message: 'cancelled' });
    expect(run.core.phase).toMatchObject({ kind: 'ended', state: 'cancelled' });
    expect(run.all('drain')[0]).toMatchObject({ session });
  });

  test('what Slurm does not end is asked for again; what is submitted late ends too', () => {
    const run = new SlurmRun([{ total: 16 }]).begin();
    run.apply({ kind: 'cancel-requested', now: true });
    expect(run.core.phase.kind).toBe('ended');
    expect(run.ended).toEqual(['1-1.0', '1-1.1']);
    run.submitted('1-1.0', '1-1.1');
    expect(run.ended).toHaveLength(4);
    run.ends('1-1.0', 'cancelled');
    run.pass(31_000);
    expect(run.ended.slice(4)).toEqual(['1-1.1']);
    run.ends('1-1.1', 'cancelled');
    expect(run.core.allocations()).toEqual([]);
    expect(run.core.nextWakeMs()).toBeUndefined();
  });

  test('agents that do not go are ended with their allocation', () => {
    const run = new SlurmRun([{ total: 8, step: { outputName: undefined as never } }]).begin();
    const session = run.connect('1-1.0');
    run.succeed(session, run.held(session));
    expect(run.core.phase.kind).toBe('ended');
    expect(run.ended).toEqual([]);
    run.pass(6_000);
    expect(run.ended).toEqual(['1-1.0']);
  });
});
