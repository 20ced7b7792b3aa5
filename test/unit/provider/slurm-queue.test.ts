// Jobs from squeue's and scontrol's text, recorded from a real cluster (22.05.8); newer shapes beside them.
import { expect, test } from 'vitest';
import { jobFactsOf } from '../../../src/provider/slurm/job-facts.ts';
import { queueOf } from '../../../src/provider/slurm/queue.ts';
import { phaseOf } from '../../../src/provider/slurm/states.ts';

test('a queue tells running, pending and ended elements apart', () => {
  const jobs = queueOf(
    [
      '18_0|19|RUNNING|2026-11-23T00:46:55|2026-11-22T23:46:55|node1|outflow-a-1-1|None',
      '17_1|17|PENDING|N/A|N/A||outflow-a-1-2|PartitionTimeLimit',
      '14_0|14|PENDING|2026-11-23T00:15:00|2026-11-23T00:05:00||outflow-a-1-3|Resources',
      '15_0|15|PENDING|N/A|N/A||outflow-a-1-4|ReqNodeNotAvail, UnavailableNodes:node[2-3]|x',
      '27_0|29|CANCELLED|2026-11-22T23:54:06|2026-11-22T23:53:18|node[1-2]|outflow-a-1-5|None',
      '28_0|30|COMPLETING|2026-11-22T23:54:06|2026-11-22T23:53:18|node1|outflow-a-1-6|None',
      '',
    ].join('\n'),
  );
  expect(jobs.map(({ job, jobId, index, phase }) => [job, jobId, index, phase])).toEqual([
    ['18_0', '19', 0, 'running'],
    ['17_1', '17', 1, 'pending'],
    ['14_0', '14', 0, 'pending'],
    ['15_0', '15', 0, 'pending'],
    ['27_0', '29', 0, 'ended'],
    ['28_0', '30', 0, 'ending'],
  ]);
  expect(jobs[0]).toMatchObject({
    startMs: Date.UTC(2026, 10, 22, 23, 46, 55),
    endMs: Date.UTC(2026, 10, 23, 0, 46, 55),
    nodes: 'node1',
  });
  expect(jobs[1]?.waiting).toMatchObject({ kind: 'never', reason: 'PartitionTimeLimit', expectedStartMs: null });
  expect(jobs[2]?.waiting).toMatchObject({ kind: 'wait', expectedStartMs: Date.UTC(2026, 10, 23, 0, 5) });
  expect(jobs[2]?.endMs).toBeNull();
  expect(jobs[3]?.waiting).toMatchObject({ kind: 'admin' });
});

test('a submit that was refused as too large leaves no job, though Slurm keeps a record of that name', () => {
  expect(queueOf('16_0|16|FAILED|2026-11-22T23:46:54|2026-11-22T23:46:54||outflow-a-1-1|BadConstraints')).toEqual([]);
});

test('what is left of a pending array that was cancelled is no element of it', () => {
  expect(queueOf('17|17|CANCELLED|2026-11-22T23:46:57|2026-11-22T23:46:57||arr|PartitionTimeLimit')).toEqual([]);
  expect(queueOf('17_4294967294|17|CANCELLED|2026-11-22T23:46:57|2026-11-22T23:46:57||arr|None')).toEqual([]);
});

test('lines that are not jobs are passed over', () => {
  expect(queueOf('squeue: warning\n\nCLUSTER: a\n')).toEqual([]);
});

test.each([
  ['PENDING', 'pending'],
  ['CONFIGURING', 'running'],
  ['RUNNING', 'running'],
  ['SUSPENDED', 'running'],
  ['RUNNING,COMPLETING', 'ending'],
  ['CANCELLED by 0', 'ended'],
  ['NODE_FAIL', 'ended'],
  ['REQUEUE_HOLD', 'pending'],
  ['SOMETHING_NEW', 'running'],
  ['', 'running'],
])('a job in state "%s" is %s', (state, phase) => {
  expect(phaseOf(state)).toBe(phase);
});

const RUNNING =
  'JobId=20 ArrayJobId=18 ArrayTaskId=1 JobName=arr2 UserId=hpcuser(1001) GroupId=hpcuser(1001) MCS_label=N/A Priority=4294901744 Nice=0 Account=(null) QOS=(null) JobState=RUNNING Reason=None Dependency=(null) Requeue=0 Restarts=0 BatchFlag=1 Reboot=0 ExitCode=0:0 RunTime=00:00:02 TimeLimit=01:00:00 TimeMin=N/A SubmitTime=2026-11-22T23:46:54 EligibleTime=2026-11-22T23:46:55 AccrueTime=Unknown StartTime=2026-11-22T23:46:55 EndTime=2026-11-23T00:46:55 Deadline=N/A SuspendTime=None SecsPreSuspend=0 LastSchedEval=2026-11-22T23:46:55 Scheduler=Backfill Partition=batch AllocNode:Sid=localhost:3326 ReqNodeList=node9 ExcNodeList=node8 NodeList=node1 BatchHost=node1 NumNodes=1 NumCPUs=1';

test('scontrol tells one job', () => {
  expect(jobFactsOf(`${RUNNING}\n`)).toEqual([
    {
      job: '18_1',
      jobId: '20',
      name: 'arr2',
      phase: 'running',
      state: 'RUNNING',
      reason: 'None',
      exitCode: 0,
      signal: 0,
      restarts: 0,
      startMs: Date.UTC(2026, 10, 22, 23, 46, 55),
      endMs: Date.UTC(2026, 10, 23, 0, 46, 55),
      preemptedMs: null,
      timeLimit: '01:00:00',
      nodes: 'node1',
    },
  ]);
});

test('of 24.05, with extra fields', () => {
  const [facts] = jobFactsOf(
    'JobId=407851 ArrayJobId=407851 ArrayTaskId=0 JobName=x UserId=m(2) Priority=1 JobState=OUT_OF_MEMORY Reason=OutOfMemory Dependency=(null) Requeue=0 Restarts=0 BatchFlag=1 Reboot=0 ExitCode=0:125 DerivedExitCode=0:0 RunTime=5-21:51:00 TimeLimit=7-00:00:00 StartTime=2025-01-21T16:47:16 EndTime=2025-01-28T16:47:16 NodeList=hb-[01,17] ReqTRES=cpu=24,mem=120G,node=1 AllocTRES=cpu=24,mem=120G SubmitLine=sbatch --array=0-0 -o x JobState=x',
  );
  expect(facts).toMatchObject({ job: '407851_0', state: 'OUT_OF_MEMORY', phase: 'ended', signal: 125, nodes: 'hb-[01,17]' });
});

test('pending elements of an array share one line', () => {
  const line = RUNNING.replace('ArrayTaskId=1', 'ArrayTaskId=0-1,5%2').replace('JobState=RUNNING', 'JobState=PENDING');
  expect(jobFactsOf(line).map(({ job, phase }) => [job, phase])).toEqual([
    ['18_0', 'pending'],
    ['18_1', 'pending'],
    ['18_5', 'pending'],
  ]);
});

test('the record of a pending array that was cancelled stands for the whole array', () => {
  expect(jobFactsOf(RUNNING.replace('ArrayTaskId=1', 'ArrayTaskId=4294967294')).map((it) => it.job)).toEqual(['18']);
});
