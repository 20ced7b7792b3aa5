// What an agent may use of a node: from Slurm's variables and the mask of its CPUs.
import { expect, test } from 'vitest';
import { cpusPerNode, slurmGrant, visibleGpus } from '../../../agent/cpus/grant.ts';

const job = { SLURM_JOB_ID: '12', SLURM_JOB_CPUS_PER_NODE: '4', SLURM_NODEID: '0' };

test('CPUs a node are written one by one, or with how often', () => {
  expect(cpusPerNode('8,2')).toEqual([8, 2]);
  expect(cpusPerNode('4(x2)')).toEqual([4, 4]);
  expect(cpusPerNode('16(x3),2,4(x1)')).toEqual([16, 16, 16, 2, 4]);
  expect(cpusPerNode('nonsense')).toEqual([]);
});

test('each node of an allocation has its own grant', () => {
  const uneven = { ...job, SLURM_JOB_CPUS_PER_NODE: '8,2' };
  expect(slurmGrant({ ...uneven, SLURM_NODEID: '0' }, null)?.slots).toBe(8);
  expect(slurmGrant({ ...uneven, SLURM_NODEID: '1' }, null)?.slots).toBe(2);
});

test('outside of a job nothing is granted', () => expect(slurmGrant({ PATH: '/bin' }, [0, 1])).toBe(null));

test('SLURM_CPUS_ON_NODE serves where nothing better is said', () =>
  expect(slurmGrant({ SLURM_JOB_ID: '12', SLURM_CPUS_ON_NODE: '3' }, null)?.slots).toBe(3));

test('a mask of as many CPUs is ours: units are bound to them', () =>
  expect(slurmGrant(job, [4, 5, 6, 7])).toMatchObject({ slots: 4, cpus: [4, 5, 6, 7], warning: '' }));

test('a larger mask is shared with others: slots are counted', () =>
  expect(slurmGrant(job, [0, 1, 2, 3, 4, 5])).toMatchObject({ slots: 4, cpus: null, warning: '' }));

test('with a smaller mask slots are counted by the grant, with a warning', () => {
  const grant = slurmGrant({ ...job, SLURMD_NODENAME: 'n7' }, [0, 1]);
  expect(grant).toMatchObject({ slots: 4, cpus: null });
  expect(grant?.warning).toMatch(/granted 4 CPUs on a node.* only 2 .*0,1/);
});

test('memory is granted by node or by CPU, or is not known', () => {
  expect(slurmGrant({ ...job, SLURM_MEM_PER_NODE: '2000' }, null)?.memoryMib).toBe(2000);
  expect(slurmGrant({ ...job, SLURM_MEM_PER_CPU: '100' }, null)?.memoryMib).toBe(400);
  expect(slurmGrant({ ...job, SLURM_MEM_PER_NODE: '0' }, null)?.memoryMib).toBe(0);
  expect(slurmGrant(job, null)?.memoryMib).toBe(0);
});

test('GPUs are those that programs may see', () => {
  expect(visibleGpus({ CUDA_VISIBLE_DEVICES: '0,1', SLURM_JOB_GPUS: '2,3' })).toEqual(['0', '1']);
  expect(visibleGpus({ CUDA_VISIBLE_DEVICES: 'GPU-8932f937, GPU-2' })).toEqual(['GPU-8932f937', 'GPU-2']);
  expect(visibleGpus({ ROCR_VISIBLE_DEVICES: '1' })).toEqual(['1']);
});
test('without a list of visible GPUs, those of the job count', () => {
  expect(visibleGpus({ SLURM_JOB_GPUS: '2,3' })).toEqual(['2', '3']);
  expect(visibleGpus({ SLURM_GPUS_ON_NODE: '2' })).toEqual(['0', '1']);
});
test('none may be visible', () => {
  expect(visibleGpus({})).toEqual([]);
  expect(visibleGpus({ CUDA_VISIBLE_DEVICES: '', SLURM_GPUS_ON_NODE: '2' })).toEqual([]);
  expect(visibleGpus({ CUDA_VISIBLE_DEVICES: 'NoDevFiles' })).toEqual([]);
});

test('people name a job by its number, and an element of an array by both', () => {
  expect(slurmGrant(job, null)?.job).toBe('12');
  expect(slurmGrant({ ...job, SLURM_ARRAY_JOB_ID: '9', SLURM_ARRAY_TASK_ID: '3' }, null)?.job).toBe('9_3');
});
