// Directives: names as people write them, what is outflow's own, who wins, which steps share.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { directivesOfEnvironment } from '../../../src/plan/directive-environment.ts';
import { directivesOfFlags, normalDirectives, OWNED } from '../../../src/plan/directive-names.ts';
import { directivesOf, poolKey, prologueOf } from '../../../src/plan/directives.ts';
import type { Directives, MapStep } from '../../../src/plan/plan.ts';
import { slurmDefaults } from '../../support/slurm-settings.ts';
import { mapStep, step as taskStep } from './workflows.ts';

const step = (sbatch?: Directives, prologue?: string[]): MapStep => ({
  ...mapStep({ kind: 'iterate', over: [] }, { steps: [], inputs: [], terminating: [] }),
  ...(sbatch === undefined ? {} : { sbatch }),
  ...(prologue === undefined ? {} : { prologue }),
});
const normal = (given: unknown) => normalDirectives(given, '`sbatch` of map m');

test('camelCase, long names, dashes in front and the short options of sbatch are all the long name', () => {
  expect(
    normal({ memPerCpu: '2G', 'mail-user': 'a@b.c', '--qos': 'high', p: 'fast', A: 'proj', x: 'n1', wckey: undefined }),
  ).toEqual({
    'mem-per-cpu': '2G',
    'mail-user': 'a@b.c',
    qos: 'high',
    partition: 'fast',
    account: 'proj',
    exclude: 'n1',
  });
});

test('what sbatch may know one day passes through', () => {
  expect(normal({ 'of-tomorrow': 3, someSwitch: true })).toEqual({ 'of-tomorrow': 3, 'some-switch': true });
});

test.each([
  [{ array: '1-10' }, '`sbatch` of map m cannot set `array`: outflow decides that itself', 'maxAllocations'],
  [{ nodes: 2 }, 'cannot set `nodes`', 'nodesPerAllocation'],
  [{ N: 2 }, 'cannot set `N`', 'nodesPerAllocation'],
  [{ jobName: 'x' }, 'cannot set `jobName`', 'comment'],
  [{ o: 'x.log' }, 'cannot set `o`', 'outflow logs'],
  [{ exportFile: 'x' }, 'cannot set `exportFile`', 'env'],
  [{ ntasksPerNode: 2 }, 'cannot set `ntasksPerNode`', 'cpusPerTask'],
  [{ time: '2 hours' }, '`sbatch` of map m sets `time` to "2 hours", which is not a time', '2:00:00'],
  [{ mem: '4 GB' }, 'sets `mem` to "4 GB", which is not an amount of memory', '64G'],
  [{ partition: true }, 'sets `partition` to true: it needs a value', undefined],
  [{ partition: '' }, 'sets `partition` to "": it needs a value', 'false'],
  [{ gres: ['gpu:1'] }, 'sets `gres` to ["gpu:1"], which cannot be passed to sbatch', 'a text'],
  [{ comment: 'a\nb' }, 'which has control characters in it', undefined],
  [{ 'a b': 1 }, 'sets `a b`, which is not a name', undefined],
  [{ mem: 1, '--mem': 2 }, 'sets one option twice: `mem` and `--mem`', undefined],
  ['fast', 'must be an object of options of sbatch', 'partition'],
  [['p'], 'must be an object of options of sbatch', 'partition'],
])('%j is refused, with what to do', (given, message, hint) => {
  expect(() => normal(given)).toThrow(
    expect.objectContaining({
      code: 'bad-directive',
      message: expect.stringContaining(message),
      hint: hint === undefined ? undefined : expect.stringContaining(hint),
    }),
  );
});

test('each option of our own is refused by its name', () => {
  for (const name of Object.keys(OWNED)) expect(() => normal({ [name]: 'x' }), name).toThrow(/outflow decides that itself/);
});

test('the documentation has each of them, with what to use instead', () => {
  const page = readFileSync(path.resolve(import.meta.dirname, '../../../docs/slurm.md'), 'utf8');
  const table = page.slice(page.indexOf('## Options that outflow decides'));
  const listed = [...table.matchAll(/^\| (`.*?`) \|/gm)].flatMap((row) =>
    [...(row[1] as string).matchAll(/`([^`]+)`/g)].map((it) => it[1]),
  );
  expect(listed.sort()).toEqual(Object.keys(OWNED).sort());
});

test('flags say NAME=VALUE or NAME, and true and false; a later one wins', () => {
  expect(directivesOfFlags(['partition=fast', 'exclusive', 'comment=a=b', 'contiguous=true', 'qos=false', 'p=slow'])).toEqual({
    partition: 'slow',
    exclusive: true,
    comment: 'a=b',
    contiguous: true,
    qos: false,
  });
  expect(() => directivesOfFlags(['output=x'])).toThrow(
    expect.objectContaining({ code: 'bad-flag', message: expect.stringContaining('--sbatch cannot set `output`') }),
  );
  expect(() => directivesOfFlags(['partition'])).toThrow(/--sbatch sets `partition` to true: it needs a value/);
});

test('SBATCH_* of the environment count by the names of their options, without those that are our own', () => {
  const environment = {
    SBATCH_PARTITION: 'night',
    SBATCH_TIMELIMIT: '2:00:00',
    SBATCH_MEM_PER_NODE: '8G',
    SBATCH_EXCLUSIVE: '',
    SBATCH_REQ_SWITCH: '2',
    SBATCH_WAIT4SWITCH: '10',
    SBATCH_JOB_NAME: 'mine',
    SBATCH_OUTPUT: 'x.log',
    SBATCH_DEBUG: '1',
    SBATCH_NO_REQUEUE: '1',
    SBATCH_UNHEARD_OF: 'x',
    SLURM_HINT: 'nomultithread',
    PATH: '/bin',
  };
  expect(directivesOfEnvironment(environment)).toEqual({
    partition: 'night',
    time: '2:00:00',
    mem: '8G',
    exclusive: true,
    switches: '2@10',
  });
});

test('the nearest source wins, by name: flag, pipeline, environment, config', () => {
  const all = (value: string) => ({ partition: value });
  const merged = directivesOf(
    step({ partition: 'pipeline', qos: 'pipeline' }),
    slurmDefaults({
      flag: all('flag'),
      environment: { ...all('environment'), qos: 'environment', account: 'environment' },
      config: { ...all('config'), qos: 'config', account: 'config', constraint: 'config' },
    }),
  );
  expect(merged).toEqual([
    { name: 'account', value: 'environment', source: 'environment' },
    { name: 'constraint', value: 'config', source: 'config' },
    { name: 'partition', value: 'flag', source: 'flag' },
    { name: 'qos', value: 'pipeline', source: 'pipeline' },
  ]);
});

test('options that speak of one thing come from one source; false takes back what lower ones said', () => {
  const given = slurmDefaults({ config: { mem: '64G', exclusive: true, qos: 'low' }, environment: { 'mem-per-cpu': '2G' } });
  expect(directivesOf(step({ qos: false }), given)).toEqual([
    { name: 'exclusive', value: true, source: 'config' },
    { name: 'mem-per-cpu', value: '2G', source: 'environment' },
  ]);
  expect(directivesOf(step({ mem: false, oversubscribe: true }), given).map(({ name }) => name)).toEqual([
    'oversubscribe',
    'qos',
  ]);
  const both = slurmDefaults({ config: { gpus: 4, 'gpus-per-node': 2 } });
  expect(directivesOf(step(), both).map(({ name }) => name)).toEqual(['gpus', 'gpus-per-node']);
});

test('steps share allocations where directives and prologue are equal, whoever said them', () => {
  const site = slurmDefaults({ config: { partition: 'fast' }, prologue: ['module load gcc'] });
  expect(poolKey(step({ partition: 'fast' }), site)).toBe(poolKey(step(), site));
  expect(poolKey(step({ time: 30 }), site)).toBe(poolKey(step({ time: '30' }), site));
  expect(poolKey(taskStep('t'), site)).toBe(poolKey(step(), site));
  expect(poolKey(step({ partition: 'slow' }), site)).not.toBe(poolKey(step(), site));
  expect(poolKey(step({}, ['source env']), site)).not.toBe(poolKey(step(), site));
  expect(prologueOf(step({}, ['source env']), site)).toEqual(['module load gcc', 'source env']);
});
