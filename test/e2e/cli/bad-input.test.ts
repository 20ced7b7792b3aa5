// What a user may get wrong on the command line: one clear message, what to do, the exit code of the table, no stack of ours.
import { cpSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeWorld, projectRoot, type World } from '../../support/outflow.ts';
import { inSealed, sealed } from '../../support/program-under-test.ts';

let world: World;

beforeAll(() => {
  world = makeWorld();
  cpSync(path.join(projectRoot, 'test/fixtures/cli/pipeline.ts'), path.join(world.dir, 'pipeline.ts'));
});

afterAll(() => world.end());

const cases: [line: string, message: RegExp, hint: RegExp, exitCode: number][] = [
  ['plam', /^error: outflow has no command plam$/m, /did you mean `outflow plan`\?/, 2],
  ['db sart', /^error: outflow has no command db sart$/m, /did you mean `outflow db start`\?/, 2],
  ['run', /^error: which command of the pipeline\?/m, /commands of .*pipeline\.ts: /, 2],
  ['run wrok', /pipeline\.ts has no command wrok$/m, /did you mean work\?/, 2],
  ['run greet', /^error: greet needs --first_name \(string\)$/m, /usage: outflow run greet --first_name <string> \[flags\]/, 2],
  ['run work --cuont 3', /^error: unknown flag --cuont$/m, /did you mean --count\?/, 2],
  ['run work --count x', /^error: --count must be an integer, not 'x'$/m, /usage: /, 2],
  ['run work --count -1', /^error: --count must be at least 0, not '-1'$/m, /usage: /, 2],
  ['run work --count', /^error: flag --count expects a value$/m, /usage: /, 2],
  ['run work again', /^error: unexpected argument again$/m, /usage: /, 2],
  ['run work --backend slurn', /^error: expected --backend=slurn to be one of/m, /usage: /, 2],
  ['run work --backend slurm --sbatch array=3', /^error: --sbatch cannot set `array`/m, /maxAllocations/, 2],
  ['run work --backend slurm --listen 99999', /^error: --listen 99999: this is not an address$/m, /host:port/, 2],
  ['run work --backend parallel --sbatch partition=x', /^error: --sbatch is for the backend slurm/m, /--backend slurm/, 2],
  ['run work --workers 0', /^error: --workers: /m, /usage: /, 2],
  ['run work -p none.ts', /^error: no pipeline file: .*none\.ts/m, /check the path/, 3],
  ['status nothere', /^error: there is no run "nothere"$/m, /outflow runs/, 4],
  ['logs', /^error: there is no run/m, /outflow runs|outflow run/, 4],
  ['logs last --since noon', /^error: /m, /./, 4],
  ['cancel', /^error: RUN is missing/m, /usage: outflow cancel RUN/, 2],
  ['runs --limit 0', /^error: --limit: /m, /usage: outflow runs/, 2],
  ['agent', /^error: missing required flag join$/m, /usage: /, 2],
];

test.each(cases)('outflow %s', async (line, message, hint, exitCode) => {
  const ended = await world.run(line.split(' '));
  expect(ended.stderr).toMatch(message);
  expect(ended.stderr).toMatch(hint);
  expect(ended.stderr).not.toMatch(/^\s+at .*(dist|node_modules|node:)/m);
  expect(ended.stdout).toBe('');
  expect(ended.exitCode).toBe(exitCode);
});

test('with --json the error is one document on stdout', async () => {
  const { stdout, stderr, exitCode } = await world.run(['run', 'work', '--count', 'x', '--json']);
  expect(JSON.parse(stdout)).toEqual({
    error: { code: 'bad-argument', message: "--count must be an integer, not 'x'", hint: expect.stringContaining('usage: ') },
  });
  expect(stderr).toBe('');
  expect(exitCode).toBe(2);
});

test('a directory without a pipeline says what is looked for', async () => {
  const { stderr, exitCode } = await world.run(['run', 'work'], { cwd: world.home });
  expect(stderr).toMatch(/^error: no pipeline file: /m);
  expect(exitCode).toBe(3);
});

test.each(['plan work', 'run work', 'submit work', 'runs', 'doctor'])(
  'outflow %s in a directory that has been removed',
  async (line) => {
    world.write('gone/file', '');
    const script = 'cd gone && rm -r "$PWD" && exec "$@"';
    const args = line.split(' ');
    const [command = '', ...words] = sealed
      ? inSealed('sh', ['-c', script, 'sh', sealed.executable, ...args], { cwd: world.dir, env: world.env })
      : ['sh', '-c', script, 'sh', ...world.words(...args)];
    const { stderr, exitCode } = await execa(command, words, { cwd: world.dir, env: world.env, reject: false });
    expect(stderr).toMatch(/^error: the directory that you are in is not there any more\n {2}go to one that is: /);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(exitCode).toBe(6);
  },
);
