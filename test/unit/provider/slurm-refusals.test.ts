// What sbatch says, recorded from real clusters: an id, a refusal, or nothing that can be relied on.
import { expect, test } from 'vitest';
import { outcomeOf } from '../../../src/provider/slurm/submit.ts';

const POLICY =
  "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)";

function refused(...lines: string[]) {
  return outcomeOf({ end: { kind: 'exited', code: 1 }, stdout: '', stderr: `${lines.join('\n')}\n` }, 1);
}

test.each([
  ['28\n', '28'],
  ['28;cluster\n', '28'],
  ['lua: welcome to this site\n1 job\n28\n', '28'],
])('the id in %j', (stdout, jobId) => {
  const outcome = outcomeOf({ end: { kind: 'exited', code: 0 }, stdout, stderr: 'sbatch: a note of a plugin\n' }, 3);
  expect(outcome).toEqual({ kind: 'submitted', jobId, jobs: ['28_0', '28_1', '28_2'] });
});

test.each([
  ['sbatch: error: Batch job submission failed: Requested node configuration is not available'],
  [
    'sbatch: error: CPU count per node can not be satisfied',
    'sbatch: error: Batch job submission failed: Requested node configuration is not available',
  ],
  [
    'sbatch: error: Memory specification can not be satisfied',
    'sbatch: error: Batch job submission failed: Requested node configuration is not available',
  ],
  ['sbatch: error: Batch job submission failed: Requested partition configuration not available now'],
  ['sbatch: error: Batch job submission failed: More processors requested than permitted'],
  ['sbatch: error: Batch job submission failed: Node count specification invalid'],
  ['sbatch: error: QOSMaxMemoryPerJob', POLICY],
  ['sbatch: error: QOSMaxCpuPerUserLimit', POLICY],
  ['sbatch: error: AssocMaxNodePerJobLimit', POLICY],
])('too large: %s', (...lines) => {
  expect(refused(...lines)).toMatchObject({ kind: 'refused', why: 'size' });
});

test.each([
  ['QOSMaxSubmitJobPerUserLimit', 'sbatch: error: QOSMaxSubmitJobPerUserLimit', POLICY],
  ['AssocMaxSubmitJobLimit', 'sbatch: error: AssocMaxSubmitJobLimit', POLICY],
  ['AssocGrpSubmitJobsLimit', 'sbatch: error: AssocGrpSubmitJobsLimit', POLICY],
  ['MaxSubmitJobsPerAccount', 'sbatch: error: MaxSubmitJobsPerAccount', POLICY],
  ['', POLICY],
  ['MaxJobCount', 'sbatch: error: Batch job submission failed: MaxJobCount limit reached'],
  ['MaxArraySize', 'sbatch: error: Batch job submission failed: Invalid job array specification'],
])('too many (%s)', (limit, ...lines) => {
  const outcome = refused(...lines);
  expect(outcome).toMatchObject({ kind: 'refused', why: 'limit', ...(limit ? { limit } : {}) });
});

test.each([
  [
    'sbatch: error: invalid partition specified: nope',
    'sbatch: error: Batch job submission failed: Invalid partition name specified',
  ],
  ["sbatch: error: Batch job submission failed: User's group not permitted to use this partition"],
  ['sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified'],
  ['sbatch: error: Batch job submission failed: Invalid qos specification'],
  ['sbatch: error: Batch job submission failed: Invalid feature specification'],
  ['sbatch: error: Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)'],
  ['sbatch: error: Invalid --time specification'],
  ['sbatch: error: Invalid generic resource (gres) specification'],
  ["sbatch: unrecognized option '--nonsense'", 'Try "sbatch --help" for more information'],
  ['sbatch: fatal: --mem, --mem-per-cpu, and --mem-per-gpu are mutually exclusive.'],
  ['sbatch: error: QOSMaxWallDurationPerJobLimit', POLICY],
  ['sbatch: error: QOSMinCpuNotSatisfied', POLICY],
  ['sbatch: error: AssocMaxCpuMinutesPerJobLimit', POLICY],
])('it will never do: %s', (...lines) => {
  expect(refused(...lines)).toMatchObject({ kind: 'refused', why: 'invalid' });
});

test.each([
  'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation',
  'sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)',
  'sbatch: error: Batch job submission failed: Unable to contact slurm controller (receive failure)',
  'sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received',
  'sbatch: error: Batch job submission failed: Transport endpoint is not connected',
  'sbatch: error: Batch job submission failed: Message receive failure',
  'sbatch: error: Batch job submission failed: Rate limit exceeded, please retry momentarily',
])('the job may exist: %s', (line) => {
  expect(refused(line).kind).toBe('unclear');
});

test('what was cut off may exist, unless it had said its id', () => {
  const end = { kind: 'cut off', why: 'no answer in 30 s' } as const;
  expect(outcomeOf({ end, stdout: '', stderr: '' }, 1)).toEqual({ kind: 'unclear', message: 'sbatch: no answer in 30 s' });
  expect(outcomeOf({ end, stdout: '7\n', stderr: '' }, 1)).toMatchObject({ kind: 'submitted', jobs: ['7_0'] });
  expect(outcomeOf({ end: { kind: 'exited', code: 0 }, stdout: 'hello\n', stderr: '' }, 1).kind).toBe('unclear');
});

test("a refusal is told in Slurm's own words, each line once", () => {
  expect(refused('sbatch: error: QOSMaxMemoryPerJob', 'sbatch: error: QOSMaxMemoryPerJob', POLICY)).toMatchObject({
    message:
      "QOSMaxMemoryPerJob\nBatch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
  });
  expect(refused("sbatch: unrecognized option '--nonsense'", 'Try "sbatch --help" for more information')).toMatchObject({
    message: "unrecognized option '--nonsense'",
  });
});

test('a host without sbatch is told so', () => {
  expect(outcomeOf({ end: { kind: 'missing' }, stdout: '', stderr: '' }, 1)).toMatchObject({ kind: 'refused', why: 'invalid' });
});
