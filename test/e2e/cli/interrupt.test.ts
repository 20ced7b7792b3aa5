// A run on a terminal that is interrupted: Ctrl-C once and twice, a closed terminal, a coordinator that is killed.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { makeWorld, projectRoot, type World } from '../../support/outflow.ts';
import { asItsUser, programWords } from '../../support/program-under-test.ts';
import { CTRL_C, onTerminal, type Terminal } from '../../support/terminal.ts';

let world: World;

beforeAll(async () => {
  world = makeWorld();
  cpSync(path.join(projectRoot, 'test/fixtures/cli/pipeline.ts'), path.join(world.dir, 'pipeline.ts'));
  await world.run(['db', 'start']);
});

afterAll(() => world.end());

function terminal(...args: string[]): Terminal {
  const { NO_COLOR: _plain, ...env } = world.env;
  const options = { cwd: world.dir, env };
  return onTerminal(programWords(args, options), options);
}

const runOf = (shown: string): string => /run (\w{8})/.exec(shown)?.[1] as string;

/** Processes of this world: coordinators, agents and hosts name its directory, or were started by one that does. */
function processesOf(run: string): string[] {
  return execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(world.home) && line.includes(run));
}

function coordinatorOf(run: string): number {
  const line = processesOf(run).find((one) => one.includes('__coordinator'));
  if (line === undefined) throw new Error(`run ${run} has no coordinator`);
  return Number.parseInt(line, 10);
}

test('Ctrl-C cancels the run, and nothing of it is left', async () => {
  const shown = terminal('run', 'work', '--ms', '60000', '--backend', 'parallel');
  await shown.until(/begin 0/);
  shown.press(CTRL_C);
  expect(await shown.ended).toBe(130);
  expect(shown.shown).toContain('cancelling … (Ctrl-C again to end at once)');
  expect(shown.shown).toMatch(/was cancelled after/);
  const run = runOf(shown.shown);
  expect(await world.json(['status', run])).toMatchObject({ state: 'cancelled' });
  await vi.waitFor(() => expect(processesOf(run)).toEqual([]), { timeout: 10_000 });
});

test('a second Ctrl-C ends at once what does not end by itself', async () => {
  const shown = terminal('run', 'work', '--ms', '60000', '--stubborn');
  await shown.until(/begin 0/);
  shown.press(CTRL_C);
  await shown.until(/cancelling …/);
  shown.press(CTRL_C);
  await shown.until(/ending at once …/);
  expect(await shown.ended).toBe(130);
  await vi.waitFor(() => expect(processesOf(runOf(shown.shown))).toEqual([]), { timeout: 10_000 });
});

test('a reader that goes away does not end the watch: the exit code is the run’s', async () => {
  const words = world.words('run', 'work', '--count', '40', '--fail', '39', '--quiet');
  const line = '"$@" | head -n 1; exit $PIPESTATUS'; // of the first
  const options = { cwd: world.dir, env: world.env, reject: false };
  const { stdout, exitCode } = await execa('bash', ['-c', line, 'bash', ...words], options);
  expect(stdout).toMatch(/^printed \d+$/);
  expect(exitCode).toBe(1);
});

test('the picture of a run shows its steps, and stays when it has ended', async () => {
  const shown = terminal('run', 'work', '--count', '20', '--ms', '50', '--backend', 'parallel');
  expect(await shown.ended).toBe(0);
  expect(shown.shown).toMatch(/Work.*━/);
  expect(shown.shown).toMatch(/20\/20/);
  expect(shown.shown).toMatch(/Work\/7 \|.*printed 7/);
  expect(shown.shown).toMatch(/succeeded in/);
});

test('a closed terminal leaves the run going', async () => {
  const shown = terminal('run', 'work', '--ms', '500');
  await shown.until(/begin 0/);
  shown.close();
  await shown.ended;
  const run = runOf(shown.shown);
  await vi.waitFor(async () => expect(await world.json(['status', run])).toMatchObject({ state: 'succeeded' }), {
    timeout: 30_000,
  });
});

test('a coordinator that is killed leaves an orphaned run, which resume finishes without repeating a settled unit', async () => {
  const gate = path.join(world.dir, 'gate');
  const watching = world.start(['run', 'work', '--count', '6', '--until', gate]);
  const { run } = await vi.waitFor(
    async () => {
      const newest = await world.json<{ run: string; state: string }>(['status']);
      expect(newest.state).toBe('running'); // not the one before
      expect((await world.run(['logs', newest.run])).stdout).toContain('printed 1');
      return newest;
    },
    { timeout: 60_000 },
  );
  process.kill(coordinatorOf(run), 'SIGKILL');

  const left = await watching;
  expect(left.exitCode).toBe(6);
  expect(left.stderr).toContain(`! run ${run} is orphaned: its coordinator is gone`);
  expect(left.stderr).toContain(`outflow resume ${run}`);
  expect(await world.json(['status', run])).toMatchObject({ state: 'orphaned' });

  world.write('gate', '');
  const resumed = await world.run(['resume', run]);
  expect(resumed.stderr).toContain(`run ${run} was orphaned: going on with it`);
  expect(resumed.exitCode).toBe(0);
  expect(JSON.parse((await world.run(['results', run])).stdout)).toEqual({ sum: 30 });
  const { stdout } = await world.run(['logs', run, '--grep', '^printed [01]$']);
  expect(stdout.split('\n').sort()).toEqual(['Work/0 | printed 0', 'Work/1 | printed 1']);
});

test('cancel ends an orphaned run', async () => {
  const { stdout: run } = await world.run(['submit', 'work', '--ms', '60000']);
  process.kill(coordinatorOf(run), 'SIGKILL');
  await vi.waitFor(() => expect(processesOf(run).filter((line) => line.includes('__coordinator'))).toEqual([]), {
    timeout: 10_000,
  });
  const { stdout, exitCode } = await world.run(['cancel', run]);
  expect(stdout).toContain(`run ${run} was cancelled`);
  expect(exitCode).toBe(0);
  await vi.waitFor(() => expect(processesOf(run)).toEqual([]), { timeout: 10_000 });
});

test('a cancel whose coordinator goes says so; another ends the run', async () => {
  const { stdout: run } = await world.run(['submit', 'work', '--ms', '60000']);
  const coordinator = coordinatorOf(run);
  process.kill(coordinator, 'SIGSTOP');
  const cancel = world.start(['cancel', run]);
  await vi.waitFor(async () => expect(await world.json(['status', run])).toMatchObject({ state: 'cancelling' }), {
    timeout: 60_000,
  });
  process.kill(coordinator, 'SIGKILL');
  expect(await cancel).toMatchObject({ exitCode: 6, stderr: expect.stringContaining(`outflow cancel ${run}`) });
  expect((await world.run(['cancel', run])).stdout).toContain(`run ${run} was cancelled`);
  await vi.waitFor(() => expect(processesOf(run)).toEqual([]), { timeout: 10_000 });
});

test('a coordinator whose lease has run out while its machine slept is waited for by who follows the lines', async () => {
  const gate = path.join(world.dir, 'woken');
  const { stdout: run } = await world.run(['submit', 'work', '--until', gate]);
  const { url } = await world.json<{ url: string }>(['db', 'start']);
  const database = new pg.Client({ connectionString: url });
  await asItsUser(() => database.connect());
  const coordinator = coordinatorOf(run);
  await vi.waitFor(async () => expect((await world.run(['logs', run])).stdout).toContain('begin 2'), { timeout: 60_000 });
  process.kill(coordinator, 'SIGSTOP');
  await database.query("update outflow.run_lease set expires_at = now() - interval '1 s' where pid = $1", [coordinator]);
  await database.end();
  const following = world.start(['logs', run, '-f']);
  await once(following.stdout, 'data'); // it has looked
  process.kill(coordinator, 'SIGCONT');
  world.write('woken', '');
  expect(await following).toMatchObject({ exitCode: 0, stderr: '', stdout: expect.stringContaining('printed 3') });
});
