// Each command against the built program: what it prints where, and its exit code.
import { cpSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeWorld, projectRoot, type World } from '../../support/outflow.ts';

let world: World;

beforeAll(async () => {
  world = makeWorld();
  cpSync(path.join(projectRoot, 'test/fixtures/cli/pipeline.ts'), path.join(world.dir, 'pipeline.ts'));
});

afterAll(() => world.end());

describe('run', () => {
  test('puts what tasks print on stdout, and all else on stderr', async () => {
    const { stdout, stderr, exitCode } = await world.run(['run', 'work', '--count', '3']);
    expect(stdout.split('\n').sort()).toEqual(['printed 0', 'printed 1', 'printed 2']);
    expect(stderr).toMatch(/^run \w{8} {2}work · sequential$/m);
    expect(stderr).toContain('Work/1 | begin 1');
    expect(stderr).toMatch(/^Work: 3 of 3 done in /m);
    expect(stderr).toMatch(/^✔ run \w{8} succeeded in /m);
    expect(exitCode).toBe(0);
  });

  test('names the failed units, their cause and place, and the command that shows more', async () => {
    const { stderr, exitCode } = await world.run(['run', 'work', '--fail', '2', '--backend', 'parallel']);
    const run = /✖ run (\w{8}) failed after/.exec(stderr)?.[1];
    expect(stderr).toMatch(/^ {2}Work\/2 {2}exception {2}TypeError: no way for 2$/m);
    expect(stderr).toMatch(/^ {6}at pipeline\.ts:\d+:\d+$/m);
    expect(stderr).toContain(`more: outflow logs ${run} --failed`);
    expect(exitCode).toBe(1);

    const shown = await world.run(['logs', run as string, '--failed']);
    expect(shown.stdout).toContain('Work/2 | begin 2');
    expect(shown.stdout).toContain('TypeError: no way for 2');
    expect(shown.stdout).not.toContain('Work/1');
  });

  test('with --json has the outcome on stdout and nothing else', async () => {
    const { stdout, exitCode } = await world.run(['run', 'work', '--count', '1', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'succeeded', command: 'work', failure: null, failedUnits: { total: 0 } });
    expect(exitCode).toBe(0);
  });

  test('with --quiet shows the lines of tasks and the outcome', async () => {
    const { stderr } = await world.run(['run', 'work', '--count', '1', '--quiet']);
    expect(stderr.split('\n')).toEqual(['Work/0 | begin 0', expect.stringMatching(/^✔ run \w{8} succeeded/)]);
  });

  test('takes arguments in any spelling and order', async () => {
    await world.run(['run', '--first-name', 'ada', '--loud', '-q', 'greet']);
    expect(await world.json(['results', 'last'])).toMatchObject({ results: { Greet: { text: 'hello ADA' } } });
  });
});

describe('a run that has ended', () => {
  let run: string;

  beforeAll(async () => {
    ({ run } = await world.json<{ run: string }>(['run', 'work', '--count', '3', '--backend', 'parallel']));
  });

  test('has a status', async () => {
    const { stdout } = await world.run(['status', run.slice(0, 6)]);
    expect(stdout).toMatch(new RegExp(`^run ${run} {2}succeeded in `));
    expect(stdout).toMatch(/^ {2}Work +succeeded +3\/3/m);
    expect(stdout).toContain(`outflow results ${run}`);
    expect(await world.json(['status', run])).toMatchObject({
      run,
      state: 'succeeded',
      backend: 'parallel',
      endedAt: expect.any(String),
    });
  });

  test('is in the list of runs, the newest first', async () => {
    const { runs } = await world.json<{ runs: { run: string }[] }>(['runs', '--limit', '2']);
    expect(runs).toHaveLength(2);
    expect(runs[0]?.run).toBe(run);
    expect((await world.run(['runs'])).stdout).toMatch(new RegExp(`^${run} +succeeded +work --count 3`, 'm'));
  });

  test('has results, of its last step, of any step, of a unit', async () => {
    expect(JSON.parse((await world.run(['results', run])).stdout)).toEqual({ sum: 6 });
    expect(JSON.parse((await world.run(['results', run, 'Work'])).stdout)).toEqual({
      doubles: [[{ double: 0 }], [{ double: 2 }], [{ double: 4 }]],
    });
    expect(JSON.parse((await world.run(['results', `${run}/Work/2`])).stdout)).toEqual([{ double: 4 }]);
    expect((await world.run(['results', run, 'Generate', '--raw'])).stdout).toBe('{"numbers":[0,1,2]}');
    for (const verb of ['results', 'logs'] as const) {
      const { stderr, exitCode } = await world.run([verb, `${run}/Work/3`]);
      expect(stderr).toBe(`error: step Work of run ${run} has no unit 3\n  it has 3 units, Work/0 to Work/2`);
      expect(exitCode).toBe(4);
    }
  });

  test('has log lines, all or chosen ones', async () => {
    const lines = async (...args: string[]) => (await world.run(['logs', ...args])).stdout.split('\n').sort();
    expect(await lines(run)).toEqual(
      [0, 1, 2]
        .flatMap((n) => [`Work/${n} | begin ${n}`])
        .concat([0, 1, 2].map((n) => `Work/${n} | printed ${n}`))
        .sort(),
    );
    expect(await lines(`${run}/Work/1`)).toEqual(['Work/1 | begin 1', 'Work/1 | printed 1']);
    expect(await lines(run, '--step', 'Work', '--unit', '1', '--grep', '^print')).toEqual(['Work/1 | printed 1']);
    expect(await lines(run, '-f', '--grep', 'printed [02]')).toEqual(['Work/0 | printed 0', 'Work/2 | printed 2']);
    expect(await lines(run, '--since', '2100-01-01')).toEqual(['']);
    const { lines: data } = await world.json<{ lines: object[] }>(['logs', `${run}/Work/0`]);
    expect(data[0]).toMatchObject({ step: 'doubles', label: 'Work', index: 0, stream: 'log', level: 'info', text: 'begin 0' });
  });

  test('can be neither cancelled nor resumed', async () => {
    for (const verb of ['cancel', 'resume']) {
      const { stderr, exitCode } = await world.run([verb, run]);
      expect(stderr).toContain(`error: run ${run} has ended: succeeded`);
      expect(exitCode).toBe(2);
    }
  });
});

test('submit returns at once, and the run goes on by itself', async () => {
  const { stdout: run, stderr } = await world.run(['submit', 'work', '--ms', '300']);
  expect(run).toMatch(/^\w{8}$/);
  for (const verb of ['status', 'logs', 'cancel']) expect(stderr).toContain(`outflow ${verb} ${run}`);
  const { stdout } = await world.run(['logs', run, '-f']);
  expect(stdout).toContain('Work/3 | printed 3');
  expect(await world.json(['status', run])).toMatchObject({ state: 'succeeded' });
});

test('cancel ends a live run; until then the database is not stopped', async () => {
  const { stdout: run } = await world.run(['submit', 'work', '--ms', '60000']);
  const refused = await world.run(['db', 'stop']);
  expect(refused.stderr).toContain(`a run is under way: ${run}`);
  expect(refused.exitCode).toBe(5);
  const { stdout, exitCode } = await world.run(['cancel', run]);
  expect(stdout).toMatch(new RegExp(`^■ run ${run} was cancelled after`));
  expect(exitCode).toBe(0);
});

test('resume attaches to a live run', async () => {
  const { stdout: run } = await world.run(['submit', 'work', '--ms', '200']);
  const { stderr, exitCode } = await world.run(['resume', run]);
  expect(stderr).toMatch(new RegExp(`run ${run} (is live: watching it|has ended)`));
  expect([0, 2]).toContain(exitCode);
});

describe('plan', () => {
  test('shows the steps and runs nothing', async () => {
    const { stdout, exitCode } = await world.run(['plan', 'work', '--backend', 'parallel', '--workers', '3']);
    expect(stdout).toContain('backend   parallel, 3 CPUs (--backend parallel)');
    expect(stdout).toMatch(/doubles {2}map over numbers · units known after Generate · 1 CPU a unit/);
    expect(stdout).toMatch(/takes {2}number +integer {2}each element of numbers/);
    expect(await world.json(['plan', 'work'])).toMatchObject({
      backend: { backend: 'sequential', why: 'default' },
      units: { known: 2 },
    });
    expect(exitCode).toBe(0);
  });

  test('has the same hash for the same code and arguments only', async () => {
    const hash = async (...args: string[]) => (await world.json<{ planHash: string }>(['plan', 'work', ...args])).planHash;
    expect(await hash('--count', '5')).toBe(await hash('--count=5', '--ms', '0'));
    expect(await hash('--count', '5')).not.toBe(await hash('--count', '6'));
  });

  test('draws the graph', async () => {
    expect((await world.run(['plan', 'work', '--graph', 'mermaid'])).stdout).toMatch(/^flowchart/);
    expect((await world.run(['plan', 'work', '--graph', 'dot'])).stdout).toMatch(/^digraph/);
  });
});

describe('help', () => {
  test('of a pipeline command shows its arguments with type, default and description', async () => {
    const { stdout } = await world.run(['run', 'work', '--help']);
    expect(stdout).toContain('Double some numbers and add them up');
    expect(stdout).toMatch(/--count=<integer, at least 0> +\[default: 4\] how many numbers/);
    expect(stdout).toContain('--backend=');
  });

  test('of run lists the commands of the pipeline here', async () => {
    const { stdout } = await world.run(['run', '--help']);
    expect(stdout).toMatch(/COMMANDS OF pipeline\.ts\n(.*\n)*? {2}work +Double some numbers/);
  });

  test('of outflow shows the exit codes', async () => {
    expect((await world.run(['--help'])).stdout).toMatch(/EXIT CODES(.|\n)*130 +cancelled/);
    expect((await world.run(['help', 'logs'])).stdout).toContain('--follow');
    expect((await world.run(['db'])).stdout).toContain('db status');
  });
});

test('db tells how the server is', async () => {
  expect(await world.json(['db', 'start'])).toMatchObject({ started: false, pid: expect.any(Number) });
  expect(await world.json(['db', 'status'])).toMatchObject({ running: true, named: null });
  expect((await world.run(['db', 'url'])).stdout).toMatch(/^postgresql:/);
});
