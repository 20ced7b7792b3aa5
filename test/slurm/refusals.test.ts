// What Slurm does not grant: refused at once, refused for now, or accepted and never to start. The user reads why, in its words.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { HeldRun } from '../support/held-runs.ts';
import { jobsOf, liveJobsOf } from '../support/noted-runs.ts';
import { asUser, cluster, describeSlurm, makeSlurmWorld, type SlurmWorld } from '../support/slurm.ts';
import { until } from '../support/until.ts';

describeSlurm('what Slurm does not grant', () => {
  let world: SlurmWorld;
  let count = 0;
  beforeAll(() => {
    world = makeSlurmWorld();
  });
  afterEach(() => cluster('submit-limit', 'off'));
  afterAll(() => world.end());

  /** Runs to the end units that would end at once. */
  async function run(args: string[]) {
    const held = new HeldRun(world, `notes-${++count}`, args);
    held.letGo();
    const { exitCode, stderr } = await world.run(['run', ...held.args]);
    return { exitCode, stderr, id: /run (\w{8})/.exec(stderr)?.[1] as string };
  }

  test.each([
    ['an unknown partition', 'partition=nope', 'Invalid partition name specified'],
    ['a partition for others', 'partition=staff', "User's group not permitted to use this partition"],
    ['an unknown account', 'account=nope', 'Invalid account or account/partition combination specified'],
    ['an unknown feature', 'constraint=nope', 'Invalid feature specification'],
  ])('%s fails the step, in the words of Slurm', async (_what, directive, words) => {
    const { exitCode, stderr, id } = await run(['--sbatch', directive]);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(new RegExp(`failed after.*\n  map: Slurm refused the allocation: .*${words}`, 's')),
    });
    expect(await jobsOf(id)).toEqual([]);
  });

  test('a job that can never start is cancelled, and the user reads what to change', async () => {
    const { exitCode, stderr, id } = await run(['--sbatch', 'time=100']);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(
        /^warning: map: time=1:40:00 is more than .*\nrun .*can never start \(PartitionTimeLimit\): .*set a shorter `time`/s,
      ),
    });
    await until(async () => (await liveJobsOf(id)).length === 0, 15);
  });

  test('a shared directory that cannot be made: nothing is submitted, and the message says what to change', async () => {
    const cwd = path.dirname(world.write('shared/outflow.config.json', '{ "slurm": { "sharedDir": "/proc/nothing" } }'));
    const { exitCode, stderr } = await world.run(['run', ...new HeldRun(world, 'none').args], { cwd });
    const told = expect.stringMatching(
      /^error: cannot make the directory \/proc\/nothing\/outflow-\w{8}: .*\n.*`slurm\.sharedDir`/,
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 6, stderr: told });
  });

  test('a port that is taken: nothing is submitted, one message says so, and the run is not taken for orphaned', async () => {
    const taken = createServer().listen(0);
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const { exitCode, stderr } = await run(['--listen', `:${port}`]);
    taken.close();
    const words = `no port from ${port} to ${port} is free on this host`;
    expect({ exitCode, stderr }).toEqual({ exitCode: 6, stderr: expect.stringMatching(`^error: ${words}\n.*--listen`) });
    const { runs } = await world.json<{ runs: { run: string; state: string }[] }>(['runs', '--limit', '1']);
    expect(runs).toMatchObject([{ state: 'failed' }]);
    expect((await world.run(['status', runs[0]!.run])).stdout).toContain(words);
  });

  test('more jobs than one may have: fewer are asked for, down to as many as may be, and the rest later', async () => {
    await cluster('submit-limit', '1');
    const { exitCode, stderr, id } = await run(['--count', '16', '--cpus', '4']);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(/Slurm refused 8 allocations at once .*asking for fewer/s),
    });
    expect(stderr).toContain('Held: 16 of 16 done');
    expect((await jobsOf(id)).length).toBeLessThan(8);
  });

  test('not even one job: with nothing of the user to wait for the step fails, in the words of Slurm', async () => {
    await until(async () => (await asUser(['squeue', '--me', '-h'])).stdout === '');
    await cluster('submit-limit', '0');
    const { exitCode, stderr } = await run([]);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/map: Slurm refused the allocation: .*AssocMaxSubmitJobLimit/s),
    });
  });

  test('not even one job, while another of the user is there: it is waited for', async () => {
    const { stdout: other } = await asUser(['sbatch', '--parsable', '--wrap', 'sleep 600'], { cwd: world.dir });
    await cluster('submit-limit', '1');
    const held = new HeldRun(world, 'waits');
    held.letGo();
    const running = world.start(['run', ...held.args]);
    let said = '';
    running.stderr?.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    await until(() => said.includes('Slurm takes no further job of yours for now'));
    running.kill('SIGINT');
    expect((await running).exitCode).toBe(130);
    await asUser(['scancel', String(other)]);
  });
});
