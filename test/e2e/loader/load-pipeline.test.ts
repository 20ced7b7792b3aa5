// From a directory to a plan: real files, the real bundler, a real plan host.
import path from 'node:path';
import { expect, test } from 'vitest';
import { type LoadedPipeline, loadPipeline } from '../../../src/loader/load-pipeline.ts';
import { type Files, project } from '../../unit/loader/temporary-project.ts';
import { useTemporaryHome } from './temporary-home.ts';

useTemporaryHome();

const pipeline = `
  import { command, flag, iterateOn, mapTask, task } from 'outflow';
  import { z } from 'zod';
  const Make = task({ name: 'Make', args: { count: z.int() }, outputs: { numbers: z.array(z.int()) }, run: (_, { args }) => Array(args.count).fill(1) });
  const Double = task({ name: 'Double', inputs: { number: iterateOn('numbers', z.int()) }, outputs: { twice: z.int() }, run: ({ number }) => number * 2 });
  export const compute = command({
    description: 'Doubles numbers',
    args: { count: flag.integer({ required: true, description: 'how many' }), loud: flag.boolean({}) },
    setup: () => Make().pipe(mapTask({}, () => Double())),
  });`;

async function withPipeline<T>(dir: string, work: (loaded: LoadedPipeline) => Promise<T>, flag?: string): Promise<T> {
  const loaded = await loadPipeline({ cwd: dir, pipelineFlag: flag });
  try {
    return await work(loaded);
  } finally {
    await loaded.host.close();
  }
}

test('the commands are described and a plan is made', async () => {
  const dir = project({ 'pipeline.ts': pipeline });
  await withPipeline(dir, async ({ file, dir: found, host, bundle }) => {
    expect([file, found]).toEqual([path.join(dir, 'pipeline.ts'), dir]);
    expect(bundle.hash).toMatch(/^[0-9a-f]{64}$/);
    const [compute] = await host.describe();
    expect(compute).toMatchObject({ name: 'compute', description: 'Doubles numbers' });
    expect(compute?.flags.map(({ name, kind, required }) => [name, kind, required])).toEqual([
      ['count', 'integer', true],
      ['loud', 'boolean', false],
    ]);
    const { plan, planHash } = await host.plan('compute', { count: 3 });
    expect(plan.workflow.steps.map(({ id }) => id)).toEqual(['Make', 'map_output']);
    expect(planHash).toMatch(/^[0-9a-f]{64}$/);
  });
});

test('the plan hash is the same for the same code and arguments in any directory, and differs with either', async () => {
  const hashOf = (files: Files, count: number) =>
    withPipeline(project(files), async ({ host }) => (await host.plan('compute', { count })).planHash);
  const [first, again, otherCount, otherCode] = await Promise.all([
    hashOf({ 'pipeline.ts': pipeline }, 3),
    hashOf({ 'pipeline.ts': pipeline }, 3),
    hashOf({ 'pipeline.ts': pipeline }, 4),
    hashOf({ 'pipeline.ts': pipeline.replace('number * 2', 'number + number') }, 3),
  ]);
  expect(again).toBe(first);
  expect(new Set([first, otherCount, otherCode]).size).toBe(3);
});

test('a configuration in TypeScript names the pipeline, is run in the host and may compute', async () => {
  const dir = project({
    'outflow.config.ts': `
      import { workers } from './workers.ts';
      enum Where { here = './flows/pipeline.ts' }
      export default { pipeline: Where.here, workers, backend: 'parallel' as const, slurm: { sharedDir: import.meta.dirname } };`,
    'workers.ts': 'export const workers: number = 1 + 1;',
    'flows/pipeline.ts': pipeline,
    'deep/er/x': '',
  });
  await withPipeline(path.join(dir, 'deep', 'er'), async ({ file, config, host }) => {
    expect(file).toBe(path.join(dir, 'flows', 'pipeline.ts'));
    expect(config).toMatchObject({ workers: 2, backend: 'parallel', slurm: { sharedDir: dir } });
    expect(await host.describe()).toHaveLength(1);
  });
});

test('-p takes a file anywhere, whatever lies in the current directory', async () => {
  const here = project({ 'pipeline.ts': 'export {};' });
  const there = project({ 'pipeline.ts': pipeline });
  await withPipeline(here, async ({ file }) => expect(file).toBe(path.join(there, 'pipeline.ts')), there);
});

test('a configuration that is wrong is told with its file, whether it cannot be read, throws or says nonsense', async () => {
  const failing = (files: Files) => expect(loadPipeline({ cwd: project({ 'pipeline.ts': pipeline, ...files }) })).rejects;
  await failing({ 'outflow.config.ts': 'export default {' }).toMatchObject({
    code: 'bad-config',
    where: expect.stringMatching(/outflow\.config\.ts:1:17$/),
  });
  await failing({ 'outflow.config.mjs': '\nthrow new Error("no");' }).toMatchObject({
    code: 'bad-config',
    message: expect.stringMatching(/outflow\.config\.mjs:2:7: the configuration throws Error: no/),
  });
  await failing({ 'outflow.config.js': 'export const workers = 1;' }).toMatchObject({
    code: 'bad-config',
    message: expect.stringContaining('no default export'),
  });
  for (const [code, why] of [
    ['() => ({})', 'is of type function'],
    ['{ workers: 1n }', 'not plain data: '],
  ]) {
    await failing({ 'outflow.config.ts': `export default ${code};` }).toMatchObject({
      code: 'bad-config',
      message: expect.stringContaining(why as string),
    });
  }
  await failing({ 'outflow.config.js': 'module.exports = null;' }).toMatchObject({
    message: expect.stringContaining('no default export'),
  });
  await failing({ 'outflow.config.ts': 'export default { wokers: 3 };' }).toMatchObject({
    message: expect.stringContaining('did you mean workers?'),
  });
});

test('no pipeline file is said at once; a pipeline that is configured but gone, too', async () => {
  await expect(loadPipeline({ cwd: project({}) })).rejects.toMatchObject({ code: 'no-pipeline-file' });
  const dir = project({ 'outflow.config.json': '{ "pipeline": "gone.ts" }' });
  await expect(loadPipeline({ cwd: dir })).rejects.toMatchObject({
    code: 'no-pipeline-file',
    message: expect.stringContaining('gone.ts'),
  });
});
