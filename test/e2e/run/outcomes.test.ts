// What runs come to: data that flows by name, and each way in which a unit can go wrong.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeWorld, projectRoot, type World } from '../../support/outflow.ts';

const PIPELINE = path.join(projectRoot, 'test/fixtures/runs/pipeline.ts');
const TUTORIAL = path.join(projectRoot, 'examples/tutorial/pipeline.ts');
let world: World;

beforeAll(() => {
  world = makeWorld();
});
afterAll(() => world.end());

const run = (command: string, ...args: string[]) => world.run(['run', command, '-p', PIPELINE, ...args]);

/** The decoded outputs of the newest run. */
const results = async (): Promise<unknown> => JSON.parse((await world.run(['results', 'last'])).stdout);

describe('the tutorial', () => {
  const LINE =
    'Result of the mapped computation: [[{"computation_result":126}],[{"computation_result":129}],[{"computation_result":132}],[{"computation_result":135}]]';
  const MISS = 'Result not found in database, computing result and inserting';

  test('prints the result, and computes what is not in its database', async () => {
    const { stdout, stderr, exitCode } = await world.run(['run', 'compute_data', '--multiplier', '3', '-p', TUTORIAL]);
    expect({ exitCode, line: stdout.split('\n').includes(LINE), misses: stderr.split(MISS).length - 1 }).toEqual({
      exitCode: 0,
      line: true,
      misses: 4,
    });
  });

  test('on all cores, too, and finds what the first run stored', async () => {
    const { stdout, stderr, exitCode } = await world.run([
      'run',
      'compute_data',
      '--multiplier',
      '3',
      '--backend',
      'parallel',
      '-p',
      TUTORIAL,
    ]);
    expect({ exitCode, line: stdout.split('\n').includes(LINE), misses: stderr.split(MISS).length - 1 }).toEqual({
      exitCode: 0,
      line: true,
      misses: 0,
    });
  });
});

test('the tutorial on Slurm is the same on one machine: units own 5 CPUs, or as many as there are', async () => {
  const pipeline = path.join(projectRoot, 'examples/slurm/pipeline.ts');
  const twenty = ['--backend', 'parallel', '--workers', '20']; // virtual ones: all four units at once
  const { stdout, stderr, exitCode } = await world.run(['run', 'compute_data', '--multiplier', '15', ...twenty, '-p', pipeline]);
  const line =
    'Result of the mapped computation: [[{"computation_result":630}],[{"computation_result":645}],[{"computation_result":660}],[{"computation_result":675}]]';
  const logged = stderr.split('5 CPUs available, computation will last 1 seconds').length - 1;
  expect({ exitCode, line: stdout.split('\n').includes(line), logged }).toEqual({ exitCode: 0, line: true, logged: 4 });
});

describe('data flows by name', () => {
  test.each([
    ['branches', 'two branches are joined', { both: 3 }],
    ['reduced', 'a generator and a reduce of one’s own', { doubled: 12 }],
    ['empty', 'a map of no elements gives []', { shown: '[]' }],
    ['large', 'values of megabytes travel as blobs', { lengths: [3_000_000, 3_000_000, 3_000_000, 3_000_000] }],
  ])('%s: %s', async (command, _what, outputs) => {
    expect((await run(command)).exitCode).toBe(0);
    expect(JSON.stringify(await results())).toContain(JSON.stringify(outputs));
  });

  test('with onFailure keep the failure, as plain data, takes the element’s place', async () => {
    expect((await run('kept')).exitCode).toBe(0);
    expect(JSON.stringify(await results())).toMatch(
      /\[\[\{"out":0\}\],\{"cause":"exception","message":"1 is odd".*\},\[\{"out":2\}\],\{"cause":"exception","message":"3 is odd"/,
    );
  });
});

describe('a unit that goes wrong fails the run with its cause, and the other elements go on', () => {
  test.each([
    ['throw', 'exception', 'TypeError: one is bad'],
    ['reject', 'exception', 'one is rejected'],
    ['never', 'timeout', '1 s'],
    ['loop', 'timeout', '1 s'],
    ['exit', 'exit', '7'],
    ['kill', 'signal', 'SIGKILL'],
    ['undefined', 'invalid-output', 'undefined'],
    ['deep', 'invalid-output', 'nested'],
    ['large', 'invalid-output', 'noOutputs'],
    ['class', 'invalid-output', 'Thing'],
  ])('%s', async (how, cause, words) => {
    const { stdout, stderr, exitCode } = await run('bad', '--how', how, '--backend', 'parallel', '--workers', '2');
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining(words) });
    expect(stderr).toContain(cause);
    expect(stdout + stderr).not.toMatch(/at .*dist\/outflow\.cjs/);
    const status = await world.json<{ steps: { step: string; succeeded: number; failed: number }[] }>(['status', 'last']);
    expect(status.steps.find(({ step }) => step === 'map')).toMatchObject({ succeeded: 3, failed: 1 });
  });

  test('out of memory', async () => {
    const { stderr, exitCode } = await world.run(['run', 'memory', '-p', PIPELINE], {
      env: { NODE_OPTIONS: '--max-old-space-size=150' },
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('out-of-memory') });
  });

  test('an exception names the user’s file and line', async () => {
    const { stderr } = await run('bad', '--how', 'throw');
    const line =
      readFileSync(PIPELINE, 'utf8')
        .split('\n')
        .findIndex((text) => text.includes("TypeError('one is bad')")) + 1;
    expect(stderr).toContain(`pipeline.ts:${line}`);
  });

  test.each(['text', 'nan'])('%s is a value as any other', async (how) => {
    expect((await run('bad', '--how', how)).exitCode).toBe(0);
  });

  test.each([
    ['typed', 'word'],
    ['missing', 'other'],
    ['not_array', 'numbers'],
    ['unequal', 'a has 3, b has 2'],
  ])('%s: the message says what is wrong', async (command, words) => {
    const { stderr, exitCode } = await run(command);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining(words) });
  });
});

test('retries are tried, and the attempt that succeeds counts', async () => {
  const notes = world.write('flaky', '');
  expect((await run('flaky', '--notes', notes)).exitCode).toBe(0);
  expect(readFileSync(notes, 'utf8')).toBe('1\n2\n3\n');
});

describe('cpusPerTask', () => {
  test('is what a unit sees of the machine', async () => {
    expect((await run('cpus', '--each', '2', '--backend', 'parallel', '--workers', '2')).exitCode).toBe(0);
    expect(JSON.stringify(await results())).toContain('{"said":[2,2,2]}');
  });

  test('beyond the machine is clamped with a warning', async () => {
    const { stderr, exitCode } = await run('cpus', '--each', '500', '--backend', 'parallel', '--workers', '3');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining('500 CPUs') });
    expect(JSON.stringify(await results())).toContain('{"said":[3,3,3]}');
  });
});
