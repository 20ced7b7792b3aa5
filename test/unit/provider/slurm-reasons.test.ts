// Slurm's reasons for waiting: what each means for a user.
import { expect, test } from 'vitest';
import { waitingOf } from '../../../src/provider/slurm/reasons.ts';

function kindOf(reason: string) {
  return waitingOf(reason, null).kind;
}

test.each([
  ...['None', '', 'Priority', 'Resources', 'BeginTime', 'Dependency', 'Licenses', 'JobArrayTaskLimit', 'Reservation', 'Cleaning'],
  ...['AssocGrpCpuLimit', 'QOSGrpNodeLimit', 'AssocGrpMemRunMinutes', 'QOSGrpCPURunMinutesLimit', 'AssocMaxJobsLimit'],
  ...['QOSMaxJobsPerUserLimit', 'QOSMaxCpuPerUserLimit', 'MaxJobsPerAccount', 'MaxGRESPerAccount', 'QOSMaxSubmitJobPerUserLimit'],
  ...['AssociationResourceLimit', 'BurstBufferStageIn', 'ReqNodeNotAvail', 'ReqNodeNotAvail, May be reserved for other job'],
  ...['ReqNodeNotAvail, UnavailableNodes:', 'ReqNodeNotAvail, Reserved for maintenance', 'SomethingOfNextYear'],
  'Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions',
])('"%s" passes by itself', (reason) => {
  expect(kindOf(reason)).toBe('wait');
});

test.each([
  ...['PartitionTimeLimit', 'PartitionNodeLimit', 'PartitionConfig', 'BadConstraints', 'DependencyNeverSatisfied', 'InvalidQOS'],
  ...['InvalidAccount', 'AccountNotAllowed', 'QOSNotAllowed', 'ReservationDeleted', 'MaxMemPerLimit', 'DeadLine'],
  ...['AssocMaxCpuPerJobLimit', 'AssocMaxNodePerJobLimit', 'AssocMaxWallDurationPerJobLimit', 'AssocMaxMemPerNode'],
  ...[
    'AssocMaxCpuMinutesPerJobLimit',
    'QOSMaxCpuPerJobLimit',
    'QOSMaxMemoryPerJob',
    'QOSMaxGRESPerNode',
    'QOSMinCpuNotSatisfied',
  ],
  ...['QOSMinGRES', 'QOSMaxWallDurationPerJobLimit', 'AssocMaxBillingPerJob'],
  "Job's account not known, so it can't use this partition (project allows project1)",
  "Job's_account_not_permitted_to_use_this_partition_(project_allows_project1_not_project2)",
])('"%s" will never pass', (reason) => {
  expect(kindOf(reason)).toBe('never');
});

test.each([
  ...['JobHeldUser', 'JobHeldAdmin', 'JobHoldMaxRequeue', 'PartitionDown', 'PartitionInactive', 'NodeDown'],
  ...['launch failed requeued held', 'launch_failed_requeued_held', 'job requeued in held state', 'job_requeued_in_held_state'],
  ...['ReqNodeNotAvail, UnavailableNodes:node2', 'ReqNodeNotAvail,_UnavailableNodes:node[1-4]'],
  ...['AssocGrpCPUMinutesLimit', 'QOSGrpGRESMinutes', 'AssocGrpWallLimit', 'QOSUsageThreshold'],
])('"%s" needs somebody', (reason) => {
  expect(kindOf(reason)).toBe('admin');
});

test('what is never to start says what to change', () => {
  expect(waitingOf('AssocMaxCpuPerJobLimit', 1).text).toBe(
    'it asks for more CPUs than your account allows a job (AssocMaxCpuPerJobLimit): ask for fewer CPUs (`sbatch: { cpusPerTask }`)',
  );
  expect(waitingOf('QOSMaxWallDurationPerJobLimit', 1).text).toContain('set a shorter `time`');
  expect(waitingOf('QOSMaxMemoryPerNode', 1).text).toContain('more memory than its QOS allows a node');
});

test('the expected start is told where there will be one', () => {
  expect(waitingOf('Resources', 5)).toEqual({
    kind: 'wait',
    reason: 'Resources',
    text: 'it is next, and waits until enough nodes are free',
    expectedStartMs: 5,
  });
  expect(waitingOf('PartitionTimeLimit', 5).expectedStartMs).toBeNull();
});

test("Slurm's sentences are passed on", () => {
  expect(waitingOf('ReqNodeNotAvail,_UnavailableNodes:node_a', null)).toMatchObject({
    reason: 'ReqNodeNotAvail',
    text: expect.stringContaining('UnavailableNodes:node'),
  });
});
