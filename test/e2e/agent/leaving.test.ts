// The end of an allocation: what an agent still begins, what it gives back, and what becomes of what is cut off.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { ScriptedCoordinator } from './scripted-coordinator.ts';
import { act, contentOf, outOf, withAgent } from './with-agent.ts';

function leavings(coordinator: ScriptedCoordinator): string[] {
  return coordinator.messages.flatMap((message) => (message.kind === 'leaving' ? message.leaving.signal : []));
}

test('a step whose units cannot end in time is closed, and what waits of it comes back', () =>
  withAgent({ job: { SLURM_JOB_CPUS_PER_NODE: '1' } }, async (coordinator) => {
    const [began, until] = ['began', 'until'].map((name) => path.join(coordinator.directory, name));
    const [running, ...waiting] = coordinator.lease('map', [act('wait', { began, until }), act('give'), act('give')], {
      timeMs: 60_000,
    });
    await contentOf(coordinator, began!);
    expect(coordinator.demands.some((demand) => demand.closed)).toBe(false);
    coordinator.send({ kind: 'timeLeft', timeLeft: { seconds: 40 } });
    await coordinator.waitFor('the closing', () => coordinator.demands.find((demand) => demand.closed));
    await coordinator.waitFor('what was returned', () => coordinator.returned.length === 2);
    expect(coordinator.returned).toEqual(waiting);
    expect(leavings(coordinator)).toEqual([]);
    writeFileSync(until!, '');
    expect(outOf(await coordinator.resultOf(running))).toBe('waited');
    await coordinator.waitFor('the opening, as units turn out to be quick', () => coordinator.demands.at(-1)?.closed === false);
  }));

test('its first unit is begun whatever it takes, and only that', () =>
  withAgent(
    { job: { SLURM_JOB_CPUS_PER_NODE: '4' }, prepare: (coordinator) => coordinator.alter({ secondsLeft: 120 }) },
    async (coordinator) => {
      const until = path.join(coordinator.directory, 'until');
      const elements = ['a', 'b', 'c'].map((name) => act('wait', { began: path.join(coordinator.directory, name), until }));
      const [first, ...others] = coordinator.lease('map', elements, { timeMs: 3_600_000 });
      await contentOf(coordinator, path.join(coordinator.directory, 'a'));
      await coordinator.waitFor('what was returned', () => coordinator.returned.length === 2);
      expect(coordinator.returned).toEqual(others);
      writeFileSync(until, '');
      expect(outOf(await coordinator.resultOf(first))).toBe('waited');
    },
  ));

test('near the end, with nothing to do, it offers to leave, and leaves when it is let go', () =>
  withAgent({ job: {} }, async (coordinator) => {
    const [lease] = coordinator.lease('map', [act('give', { value: 1 })]);
    await coordinator.resultOf(lease);
    coordinator.send({ kind: 'timeLeft', timeLeft: { seconds: 5 } });
    await coordinator.waitFor('the offer', () => leavings(coordinator).length > 0);
    expect(leavings(coordinator)).toEqual(['']);
    expect(coordinator.demands.at(-1)).toMatchObject({ closed: true });
    const [late] = coordinator.lease('map', [act('give')], {}, 1);
    await coordinator.waitFor('the return of what came too late', () => coordinator.returned.some((it) => it.n === late?.n));
    coordinator.send({ kind: 'drain', drain: { reason: 'the end is near', cancelRunning: false, cause: '' } });
    expect(await coordinator.exitOf()).toEqual({ code: 0, signal: null });
  }));

test('let go, it says so to each coordinator that comes: it takes nothing more', () =>
  withAgent({ workers: 1 }, async (coordinator) => {
    const until = path.join(coordinator.directory, 'until');
    coordinator.lease('map', [act('wait', { until })]);
    await coordinator.waitFor('the start', () => coordinator.started.length > 0);
    coordinator.send({ kind: 'drain', drain: { reason: 'a user asked for it', cancelRunning: false, cause: '' } });
    const [late] = coordinator.lease('map', [act('give')], {}, 1);
    await coordinator.waitFor('the return', () => coordinator.returned.some((it) => it.n === late?.n));
    expect(leavings(coordinator)).toEqual([]);
    await coordinator.goAway();
    coordinator.epoch = 2;
    await coordinator.listen();
    await coordinator.waitFor('the word', () => leavings(coordinator).length > 0);
    expect(leavings(coordinator)).toEqual(['']);
    writeFileSync(until, '');
    expect(await coordinator.exitOf()).toEqual({ code: 0, signal: null });
  }));

test('on SIGTERM it says so, and what it cuts off has the cause that it is told', () =>
  withAgent({ job: { SLURM_JOB_CPUS_PER_NODE: '1' } }, async (coordinator) => {
    const began = path.join(coordinator.directory, 'began');
    const never = path.join(coordinator.directory, 'never');
    const [running, waiting] = coordinator.lease('map', [act('waitOrAbort', { began, until: never }), act('give')]);
    await contentOf(coordinator, began);
    coordinator.agent?.kill('SIGTERM');
    await coordinator.waitFor('the word', () => leavings(coordinator).length > 0);
    expect(leavings(coordinator)).toEqual(['SIGTERM']);
    await coordinator.waitFor('what was returned', () => coordinator.returned.length === 1);
    expect(coordinator.returned).toEqual([waiting]);
    expect(coordinator.results).toEqual([]); // why is not known yet
    coordinator.send({ kind: 'drain', drain: { reason: 'the job is gone', cancelRunning: true, cause: 'preempted' } });
    const { failure, cancelled } = await coordinator.resultOf(running);
    expect([failure?.cause, failure?.message, cancelled]).toEqual(['preempted', 'its allocation was preempted', false]);
    expect(await coordinator.exitOf()).toEqual({ code: 0, signal: null });
  }));

test('SIGTERM near the end of the allocation is its time limit', () =>
  withAgent(
    { job: { SLURM_JOB_CPUS_PER_NODE: '1' }, prepare: (coordinator) => coordinator.alter({ secondsLeft: 50 }) },
    async (coordinator) => {
      const began = path.join(coordinator.directory, 'began');
      const [running] = coordinator.lease('map', [act('spin', { began })]);
      await contentOf(coordinator, began);
      coordinator.agent?.kill('SIGTERM');
      expect((await coordinator.resultOf(running)).failure).toMatchObject({ cause: 'walltime' });
      expect(await coordinator.exitOf()).toEqual({ code: 0, signal: null });
    },
  ));

test('a unit whose child died of the signal to the whole job was cut off as well', () =>
  withAgent({ job: { SLURM_JOB_CPUS_PER_NODE: '1' } }, async (coordinator) => {
    const began = path.join(coordinator.directory, 'began');
    const [running] = coordinator.lease('map', [act('shell', { script: `echo $$ > ${began}; exec sleep 1000` })]);
    const child = Number(await contentOf(coordinator, began));
    process.kill(child, 'SIGTERM'); // as Slurm does, to each process
    coordinator.agent?.kill('SIGTERM');
    coordinator.send({ kind: 'drain', drain: { reason: 'it was cancelled', cancelRunning: true, cause: 'cancelled' } });
    expect((await coordinator.resultOf(running)).failure).toMatchObject({ cause: 'cancelled' });
  }));

test('a failure in a job that nobody ends is its own', () =>
  withAgent({ job: {} }, async (coordinator) => {
    const [lease] = coordinator.lease('map', [act('throw', { message: 'mine' })]);
    expect((await coordinator.resultOf(lease)).failure).toMatchObject({ cause: 'exception', message: 'mine' });
  }));
