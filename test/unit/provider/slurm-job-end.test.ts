// Why a job ended, from what Slurm keeps of it; recorded from a real cluster.
import { expect, test } from 'vitest';
import { endOf } from '../../../src/provider/slurm/job-end.ts';
import { jobFactsOf } from '../../../src/provider/slurm/job-facts.ts';

/** State, reason and exit code as scontrol tells them. */
function job(state: string, reason: string, exitCode: string, more: { nodes?: string; end?: string } = {}) {
  const { nodes = 'node1', end = '2026-11-22T23:54:06' } = more;
  const line = `JobId=29 ArrayJobId=27 ArrayTaskId=0 JobName=e9 JobState=${state} Reason=${reason} Restarts=0 ExitCode=${exitCode} TimeLimit=00:03:00 StartTime=2026-11-22T23:53:18 EndTime=${end} NodeList=${nodes} NumNodes=1`;
  return jobFactsOf(line)[0]!;
}

test.each([
  ['TIMEOUT', 'TimeLimit', '0:15', 'walltime'],
  ['PREEMPTED', 'None', '0:15', 'preempted'],
  ['CANCELLED', 'None', '0:15', 'cancelled'],
  ['CANCELLED', 'None', '143:0', 'cancelled'],
  ['NODE_FAIL', 'NodeDown', '0:0', 'node-lost'],
  ['BOOT_FAIL', 'None', '0:0', 'node-lost'],
  ['DEADLINE', 'DeadLine', '0:0', 'walltime'],
  ['OUT_OF_MEMORY', 'OutOfMemory', '0:125', 'out-of-memory'],
  ['FAILED', 'NonZeroExitCode', '7:0', 'agent-lost'],
  ['FAILED', 'JobLaunchFailure', '0:53', 'agent-lost'],
  ['FAILED', 'JobLaunchFailure', '0:9', 'agent-lost'],
  ['COMPLETED', 'None', '0:0', 'agent-lost'],
])('%s (%s, %s) is %s', (state, reason, exitCode, cause) => {
  expect(endOf(job(state, reason, exitCode))?.cause).toBe(cause);
});

test.each(['RUNNING', 'PENDING', 'COMPLETING', 'SUSPENDED', 'A_STATE_OF_NEXT_YEAR'])(
  'a job that is %s has not ended',
  (state) => {
    expect(endOf(job(state, 'None', '0:0'))).toBeNull();
  },
);

test.each([
  ['TimeLimit', 'PreemptTime=None', 'walltime'],
  ['None', 'PreemptTime=2026-11-22T23:54:06', 'preempted'],
  ['None', 'PreemptTime=None', 'cancelled'],
])('a job that somebody ends and that is completing (%s, %s) is %s', (reason, preemption, cause) => {
  const [facts] = jobFactsOf(
    `JobId=29 ArrayJobId=27 ArrayTaskId=0 JobState=COMPLETING Reason=${reason} ExitCode=0:0 TimeLimit=00:01:00 StartTime=2026-11-22T23:53:06 EndTime=2026-11-22T23:54:06 ${preemption} NodeList=node1 NumNodes=1`,
  );
  expect(endOf(facts!)).toBeNull();
  expect(endOf(facts!, { endedBy: 'others' })?.cause).toBe(cause);
});

test('a pending job that was cancelled never had a node', () => {
  expect(endOf(job('CANCELLED', 'Priority', '0:0', { nodes: '', end: '2026-11-22T23:53:18' }))).toEqual({
    cause: 'cancelled',
    detail: 'job 27_0 was cancelled (scancel, or by an administrator)',
  });
});

test.each(['CANCELLED', 'COMPLETING'])('what outflow has cancelled itself is said to be so (%s)', (state) => {
  expect(endOf(job(state, 'None', '0:15'), { endedBy: 'us', output: 'nobody listens there\n' })).toEqual({
    cause: 'cancelled',
    detail: 'job 27_0 on node1 was cancelled by outflow; it printed:\nnobody listens there',
  });
});

test('a failing prolog looks like a cancel in no time', () => {
  const end = endOf(job('CANCELLED', 'None', '0:0', { end: '2026-11-22T23:53:18' }));
  expect(end?.cause).toBe('node-lost');
  expect(end?.detail).toContain('prolog');
});

test('a prolog that took its time is known by what Slurm says of the node', () => {
  const cancelled = job('CANCELLED', 'None', '0:0');
  expect(endOf(cancelled)?.cause).toBe('cancelled');
  const end = endOf(cancelled, { nodeReasons: 'node1 is drained: Prolog error' });
  expect(end?.cause).toBe('node-lost');
  expect(end?.detail).toContain('(node1 is drained: Prolog error)');
});

test('an unwritable output directory is explained', () => {
  expect(endOf(job('FAILED', 'JobLaunchFailure', '0:53'))?.detail).toContain('cannot write the output directory');
  expect(endOf(job('FAILED', 'JobLaunchFailure', '0:9'))?.detail).toBe('job 27_0 on node1 was ended by signal 9 on the node');
});

test('what a failing job printed is passed on', () => {
  expect(endOf(job('FAILED', 'NonZeroExitCode', '97:0'), { output: 'outflow: the prologue failed\n' })?.detail).toBe(
    'job 27_0 on node1 failed in its prologue; it printed:\noutflow: the prologue failed',
  );
  expect(endOf(job('TIMEOUT', 'TimeLimit', '0:15'), { output: 'srun: something\n' })?.detail).toBe(
    'job 27_0 on node1 reached its time limit of 00:03:00',
  );
});
