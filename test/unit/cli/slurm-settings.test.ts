// Who has a say in what a run on Slurm is accepted with.
import { expect, test } from 'vitest';
import { slurmSettings } from '../../../cli/pipeline/slurm-settings.ts';
import type { Config } from '../../../src/loader/config.ts';
import { slurmDefaults } from '../../support/slurm-settings.ts';

const given = (flags: object, config: Partial<Config> = {}, environment: NodeJS.ProcessEnv = {}) => ({
  flags,
  config: { file: '/p/outflow.config.ts', databases: {}, ...config },
  environment,
});
const slurm = { backend: 'slurm', why: 'flag' } as const;

test('without a word of anybody there are only the defaults', () => {
  expect(slurmSettings(slurm, given({}))).toEqual(slurmDefaults());
});

test('flags win over the configuration; directives keep their sources', () => {
  const flags = { sbatch: ['partition=fast', 'exclusive'], 'max-allocations': 3, listen: ':7000-7010' };
  const config = {
    slurm: {
      sbatch: { partition: 'slow', qos: 'low' },
      prologue: ['module load gcc'],
      maxAllocations: 5,
      nodesPerAllocation: 2,
      databaseConnections: 16,
      listen: 'login1:7000',
      sharedDir: '/shared',
    },
  };
  expect(slurmSettings(slurm, given(flags, config, { SBATCH_ACCOUNT: 'proj', HOME: '/home/me' }))).toEqual({
    flag: { partition: 'fast', exclusive: true },
    environment: { account: 'proj' },
    config: { partition: 'slow', qos: 'low' },
    prologue: ['module load gcc'],
    maxAllocations: 3,
    nodesPerAllocation: 2,
    databaseConnections: 16,
    listen: ':7000-7010',
    sharedDir: '/shared',
    ship: 'path',
  });
});

test.each([
  [{ sbatch: ['partition=fast'] }, '--sbatch'],
  [{ 'max-allocations': 2 }, '--max-allocations'],
  [{ 'nodes-per-allocation': 2 }, '--nodes-per-allocation'],
  [{ listen: ':7000' }, '--listen'],
  [{ ship: 'path' }, '--ship'],
  [{ 'test-only': true }, '--test-only'],
])('on another backend %j is refused in one line', (flags, name) => {
  expect(() => slurmSettings({ backend: 'sequential', why: 'default' }, given(flags))).toThrow(
    expect.objectContaining({
      code: 'bad-flag',
      message: `${name} is for the backend slurm, and this one is sequential (the default)`,
      hint: expect.stringContaining('--backend slurm'),
    }),
  );
});

test('on another backend there are no settings, whatever the configuration and the environment say', () => {
  const config = { slurm: { maxAllocations: 5 } };
  const local = { backend: 'parallel', why: 'config' } as const;
  expect(slurmSettings(local, given({ 'test-only': false }, config, { SBATCH_ACCOUNT: 'proj' }))).toBeNull();
});

test('an address that is none is refused where it was said', () => {
  expect(() => slurmSettings(slurm, given({ listen: 'here' }))).toThrow(
    expect.objectContaining({ code: 'bad-flag', message: '--listen here: this is not an address' }),
  );
  expect(() => slurmSettings(slurm, given({}, { slurm: { listen: 'here' } }))).toThrow(
    expect.objectContaining({
      code: 'bad-config',
      message: 'slurm.listen of /p/outflow.config.ts: here: this is not an address',
    }),
  );
});

test('a clone is not shipped: the flag is refused, a configuration for the executable as well is not', () => {
  expect(() => slurmSettings(slurm, given({ ship: 'sbcast' }))).toThrow(
    expect.objectContaining({
      code: 'bad-flag',
      message: expect.stringContaining('this is a clone'),
      hint: expect.stringContaining('npm run package'),
    }),
  );
  expect(slurmSettings(slurm, given({}, { slurm: { ship: 'sbcast' } }))?.ship).toBe('path');
});
