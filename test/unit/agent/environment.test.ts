// The environment of units.
import { expect, test } from 'vitest';
import { gpuVariables, hostEnvironment } from '../../../agent/hosts/environment.ts';
import { heapVariables } from '../../../agent/hosts/heap.ts';

const job = {
  PATH: '/usr/bin',
  SLURM_JOB_ID: '7',
  SLURM_JOB_PARTITION: 'debug',
  SLURM_CONF: '/etc/slurm.conf',
  SLURM_NTASKS: '1',
  SLURM_CPU_BIND: 'none',
  PMIX_RANK: '0',
  CUDA_VISIBLE_DEVICES: '0,1',
};
const before = (environment: Record<string, string>): string =>
  Buffer.from(
    Object.entries(environment)
      .map(([name, value]) => `${name}=${value}\0`)
      .join(''),
  ).toString('base64');

test("without another it is the agent's own, but for outflow's secrets", () => {
  const own = { PATH: '/bin', OUTFLOW_DATABASE_URL: 'postgres://x', OUTFLOW_HOME: '/h', SLURM_JOB_ID: '1' };
  expect(hostEnvironment(own, {}, false)).toEqual({ PATH: '/bin', OUTFLOW_HOME: '/h', SLURM_JOB_ID: '1' });
});

test("in a job it is the submitter's, with what names the job and nothing else of Slurm", () => {
  const given = {
    PATH: '/home/me/bin',
    HOME: '/home/me',
    SLURM_JOB_ID: '3',
    SBATCH_PARTITION: 'x',
    PMI_RANK: '1',
    OUTFLOW_AI_KEY: 'k',
  };
  expect(hostEnvironment(job, given, true)).toEqual({
    PATH: '/home/me/bin',
    HOME: '/home/me',
    SLURM_JOB_ID: '7',
    SLURM_JOB_PARTITION: 'debug',
    SLURM_CONF: '/etc/slurm.conf',
  });
});

test('what the prologue sets and unsets reaches units', () => {
  const own = {
    ...job,
    OUTFLOW_BEFORE_PROLOGUE: before({ PATH: '/usr/bin', GONE: '1', SLURM_JOB_ID: '7', SAME: 's' }),
    PATH: '/opt/gcc/bin:/usr/bin:/opt/late',
    LD_LIBRARY_PATH: '/opt/gcc/lib',
    SAME: 's',
    'BASH_FUNC_module%%': '() { :; }',
  };
  const seen = hostEnvironment(own, { PATH: '/home/me/bin:/bin', GONE: '2', SAME: 'mine' }, true);
  expect(seen).toMatchObject({ LD_LIBRARY_PATH: '/opt/gcc/lib', SAME: 'mine', 'BASH_FUNC_module%%': '() { :; }' });
  expect(seen).not.toHaveProperty('GONE');
  expect(seen).not.toHaveProperty('OUTFLOW_BEFORE_PROLOGUE');
  expect(seen['PATH']).toBe('/opt/gcc/bin:/home/me/bin:/bin:/opt/late');
});

test.each([
  ['/opt/gcc/bin:/usr/bin', '/opt/gcc/bin:/home/me/bin:/bin'],
  ['/usr/bin:/opt/gcc/bin', '/home/me/bin:/bin:/opt/gcc/bin'],
  ['/only', '/only'],
])("a prologue's PATH %s keeps the submitter's", (after, expected) => {
  const own = { ...job, OUTFLOW_BEFORE_PROLOGUE: before({ PATH: '/usr/bin' }), PATH: after };
  expect(hostEnvironment(own, { PATH: '/home/me/bin:/bin' }, true)['PATH']).toBe(expected);
});

test('GPUs are named alike, but counted anew behind what AMD has filtered', () => {
  expect(gpuVariables(['2', '3'], false)).toEqual({
    CUDA_VISIBLE_DEVICES: '2,3',
    HIP_VISIBLE_DEVICES: '2,3',
    ROCR_VISIBLE_DEVICES: '2,3',
  });
  expect(gpuVariables(['2', '3'], true)).toEqual({
    CUDA_VISIBLE_DEVICES: '0,1',
    HIP_VISIBLE_DEVICES: '0,1',
    ROCR_VISIBLE_DEVICES: '2,3',
  });
  expect(gpuVariables([], true)['CUDA_VISIBLE_DEVICES']).toBe('');
});

test("the heap stays below the unit's memory, unless the user has set it", () => {
  expect(heapVariables(0, {})).toEqual({});
  expect(heapVariables(1000, {})).toEqual({ NODE_OPTIONS: '--max-old-space-size=852' });
  expect(heapVariables(1000, { NODE_OPTIONS: '--trace-gc' })).toEqual({
    NODE_OPTIONS: '--trace-gc --max-old-space-size=852',
  });
  expect(heapVariables(1000, { NODE_OPTIONS: '--max_old_space_size=99' })).toEqual({});
});
