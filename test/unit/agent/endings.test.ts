// From the death of a host to the failure of its unit.
import { expect, test } from 'vitest';
import { type Death, failureOfDeath, failureOfStart } from '../../../agent/hosts/endings.ts';

const death = (change: Partial<Death>): Death => ({
  end: { code: null, signal: 'SIGKILL' },
  by: { kind: 'itself' },
  exitCode: undefined,
  stderr: '',
  heapLimitBytes: 100 * 1024 * 1024,
  limitMib: 0,
  ...change,
});

test('a signal from outside is told by name', () =>
  expect(failureOfDeath(death({}))).toMatchObject({ cause: 'signal', signal: 'SIGKILL' }));

test('the same signal after a timeout is a timeout', () =>
  expect(failureOfDeath(death({ by: { kind: 'timeout', task: 'T', message: 'late' } }))).toEqual({
    cause: 'timeout',
    task: 'T',
    message: 'late',
  }));

test('process.exit is told with its code', () =>
  expect(failureOfDeath(death({ end: { code: 3, signal: null }, exitCode: 3 }))).toMatchObject({ cause: 'exit', exitCode: 3 }));

test("an abort with V8's word for it is out of memory", () => {
  const stderr = 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory';
  expect(failureOfDeath(death({ end: { code: null, signal: 'SIGABRT' }, stderr }))).toMatchObject({
    cause: 'out-of-memory',
    message: expect.stringContaining('100 MiB'),
  });
});

test('an abort without it is a signal', () =>
  expect(failureOfDeath(death({ end: { code: null, signal: 'SIGABRT' } }))).toMatchObject({
    cause: 'signal',
    signal: 'SIGABRT',
  }));

test('an exit that nobody called is a crash, with what was said', () =>
  expect(failureOfDeath(death({ end: { code: 5, signal: null }, stderr: '\nassertion failed\n' }))).toMatchObject({
    cause: 'host-crashed',
    message: expect.stringMatching(/exit code 5.*\nassertion failed/),
  }));

test('a host that did not start tells the first lines of its stderr', () =>
  expect(failureOfStart({ end: { code: 127, signal: null }, stderr: 'a\nb\nc\nd\ne\nf' })).toEqual({
    cause: 'setup-failed',
    message: "the task's process ended before it could begin (exit code 127):\na\nb\nc\nd\ne",
  }));

test('a unit over its memPerTask is told what it used', () => {
  const by = { kind: 'memory', bytes: 150 * 1024 * 1024, limitMib: 100 } as const;
  const failure = failureOfDeath(death({ by, limitMib: 100 }));
  expect(failure).toMatchObject({ cause: 'out-of-memory', message: expect.stringMatching(/150 MiB .* memPerTask of 100 MiB/) });
});

test('a full heap under a memPerTask names that as what to raise', () => {
  const end = { code: null, signal: 'SIGABRT' };
  const failure = failureOfDeath(death({ end, stderr: 'JavaScript heap out of memory', limitMib: 200 }));
  expect(failure).toMatchObject({ cause: 'out-of-memory', message: expect.stringContaining('memPerTask of 200 MiB') });
});
