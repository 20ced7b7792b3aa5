// What a configuration may say, and what is said of one that is wrong.
import path from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../../src/loader/config.ts';
import { checkConfig } from '../../../src/loader/config-schema.ts';
import { project } from './temporary-project.ts';

test('JSON and YAML are read; the alias default means sequential; durations are milliseconds', async () => {
  const json = project({
    'outflow.config.json': '{ "pipeline": "p.ts", "backend": "default", "workers": 3, "db": { "idle": "1m" } }',
    'a/x': '',
  });
  expect(await loadConfig({ cwd: path.join(json, 'a') })).toEqual({
    file: path.join(json, 'outflow.config.json'),
    pipeline: 'p.ts',
    backend: 'sequential',
    workers: 3,
    databases: {},
    idleMs: 60_000,
  });
  const yaml = project({
    'outflow.config.yaml':
      'database: postgres://h/d # shared\ndatabases: { default: "postgresql://h/e" }\n' +
      'slurm: { sbatch: { partition: gpu, memPerCpu: 2G }, prologue: "module load gcc", maxAllocations: 4, sharedDir: shared }\n',
  });
  expect(await loadConfig({ cwd: yaml })).toMatchObject({
    database: 'postgres://h/d',
    databases: { default: 'postgresql://h/e' },
    slurm: {
      sbatch: { partition: 'gpu', 'mem-per-cpu': '2G' },
      prologue: ['module load gcc'],
      maxAllocations: 4,
      sharedDir: path.join(yaml, 'shared'),
    },
  });
});

test('no configuration, or an empty one, is nothing set', async () => {
  expect(await loadConfig({ cwd: project({}) })).toEqual({ databases: {} });
  expect(await loadConfig({ cwd: project({ 'outflow.config.yaml': '# nothing yet\n' }) })).toMatchObject({ databases: {} });
});

test('an unknown key names the nearest known one, or all', () => {
  const check = (content: unknown) => () => checkConfig('/p/outflow.config.json', content);
  expect(check({ worker: 3 })).toThrow(
    'the configuration /p/outflow.config.json is not valid: unknown key worker (did you mean workers?)',
  );
  expect(check({ db: { idel: 3 } })).toThrow('unknown key db.idel (did you mean idle?)');
  expect(check({ slurm: { maxAllocation: 3 } })).toThrow('unknown key slurm.maxAllocation (did you mean maxAllocations?)');
  expect(check({ sbatch: {} })).toThrow('unknown key sbatch (did you mean slurm.sbatch?)');
  expect(check({ somethingElse: 3 })).toThrow(/unknown key somethingElse \(known: pipeline, backend, workers/);
});

test('each wrong value is named with its place', () => {
  const check = (content: unknown) => () => checkConfig('/p/outflow.config.json', content);
  expect(check({ workers: 0, backend: 'fast', database: 'mysql://x', db: { idle: 'soon' } })).toThrow(
    expect.objectContaining({
      code: 'bad-config',
      message: expect.stringMatching(/backend: .*; workers: .*; database: must be a URL .*; db\.idle: must be a duration/),
    }),
  );
  expect(check([])).toThrow(/expected object/);
  expect(check({ slurm: { sbatch: { output: 'x' }, prologue: 3, maxAllocations: 0 } })).toThrow(
    /slurm\.sbatch: cannot set `output`: outflow decides that itself \(.*outflow logs.*\); slurm\.prologue: must be a text of shell.*; slurm\.maxAllocations: /,
  );
});

test('a file that does not parse is an error that names it', async () => {
  for (const [name, text] of [
    ['outflow.config.json', '{ "pipeline": }'],
    ['outflow.config.yaml', 'a: [1\nb'],
  ] as const) {
    await expect(loadConfig({ cwd: project({ [name]: text }) })).rejects.toMatchObject({
      code: 'bad-config',
      message: expect.stringContaining(name),
    });
  }
});
