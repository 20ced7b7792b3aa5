// Failures near the end of an agent: whose fault they are.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Unit } from '../../../agent/units.ts';
import { type FailedUnit, Withheld } from '../../../agent/withheld.ts';
import type { Cause } from '../../../src/model/states.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const failed = (message: string): FailedUnit => ({
  unit: {} as Unit,
  startedAtMs: 0,
  durationMs: 1,
  failure: { cause: 'exception', message },
});

function withheld(settleMs: number): { it: Withheld; told: Cause[] } {
  const told: Cause[] = [];
  return { it: new Withheld(settleMs, ({ failure }) => told.push(failure.cause)), told };
}

test("outside of Slurm a failure is the unit's own, at once", () => {
  const { it, told } = withheld(0);
  it.add(failed('x'));
  expect(told).toEqual(['exception']);
});

test('in a job a failure is told when no signal has followed it', () => {
  const { it, told } = withheld(200);
  it.add(failed('x'));
  expect([told, it.size]).toEqual([[], 1]);
  vi.advanceTimersByTime(199);
  expect(told).toEqual([]);
  vi.runAllTimers();
  expect([told, it.size]).toEqual([['exception'], 0]);
});

test('a failure just before the signal is of the signal', () => {
  const { it, told } = withheld(200);
  it.add(failed('x'));
  it.begin();
  vi.advanceTimersByTime(1_000);
  expect(told).toEqual([]);
  it.name('preempted');
  expect(told).toEqual(['preempted']);
});

test('a signal that came in time counts, though this process got to hear of it late', async () => {
  vi.useRealTimers();
  const { it, told } = withheld(1);
  const heard = Promise.withResolvers<void>();
  process.once('SIGUSR2', () => {
    it.begin();
    heard.resolve();
  });
  await nextTurn(); // timers come before what can be heard now
  it.add(failed('x'));
  process.kill(process.pid, 'SIGUSR2');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  await heard.promise;
  await nextTurn();
  it.name('preempted');
  expect(told).toEqual(['preempted']);
});

test('what is cut off is told when the cause is known, and then at once', () => {
  const { it, told } = withheld(0);
  it.begin();
  it.addCutOff(failed('x'));
  it.add(failed('y'));
  expect(told).toEqual([]);
  it.name('walltime');
  it.addCutOff(failed('z'));
  expect(told).toEqual(['walltime', 'walltime', 'walltime']);
});

test('the first word on the cause stands', () => {
  const { it, told } = withheld(0);
  it.begin();
  it.name('drained');
  it.name('walltime');
  it.addCutOff(failed('x'));
  expect(told).toEqual(['drained']);
});
