// A run while it runs: its lines as they are printed, a terminal that is closed, a run within a job, jobs' steps within a unit.
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jobsGone } from '../support/noted-runs.ts';
import { asUser, describeSlurm, jobIn, makeSlurmWorld, type SlurmWorld, squeue, userCommand } from '../support/slurm.ts';
import { ended, onSlurm, submit, succeed } from '../support/slurm-runs.ts';
import { onTerminal } from '../support/terminal.ts';
import { until } from '../support/until.ts';

describeSlurm('a run on Slurm', () => {
  let world: SlurmWorld;
  let gates = 0;
  beforeAll(() => {
    world = makeSlurmWorld();
  });
  afterAll(() => world.end());

  const newGate = (): string => path.join(world.dir, `gate-${++gates}`);
  const open = (gate: string): string => world.write(path.basename(gate), '');

  test('`logs -f` shows what a unit prints less than a second after it was printed', async () => {
    const gate = newGate();
    const run = await submit(world, ['gated', '--count', '1', '--gate', gate]);
    const following = world.start(['logs', run, '-f']);
    const delays: number[] = [];
    following.stdout?.on('data', (chunk: Buffer) => {
      for (const [, printed] of String(chunk).matchAll(/printed at (\d+)/g)) delays.push(Date.now() - Number(printed));
    });
    await until(() => delays.length >= 20);
    open(gate);
    expect((await following).exitCode).toBe(0);
    // The first ones were there before anybody looked.
    const [median] = delays
      .slice(-15)
      .sort((a, b) => a - b)
      .slice(7);
    expect(median).toBeLessThan(1000);
    expect(await ended(world, run)).toMatchObject({ state: 'succeeded' });
  });

  test('goes on when the terminal is closed after `submit`; status and logs find it', async () => {
    const gate = newGate();
    const args = ['gated', '--count', '2', '--gate', gate, ...onSlurm(world)].map((word) => `'${word}'`).join(' ');
    const line = `'${world.clone}/bin/outflow' submit ${args}; exec cat`;
    const terminal = onTerminal(userCommand(['bash', '-c', line], { cwd: world.dir, env: world.env }).flat(), {
      cwd: world.dir,
      env: {},
    });
    await terminal.until(/outflow logs (\w{8}) -f/);
    const run = /outflow logs (\w{8}) -f/.exec(terminal.shown)?.[1] as string;
    terminal.close();
    await terminal.ended;

    const following = world.start(['logs', run, '-f']);
    let lines = '';
    following.stdout?.on('data', (chunk: Buffer) => {
      lines += chunk;
    });
    await until(() => /0 \| 0 printed/.test(lines) && /1 \| 1 printed/.test(lines));
    const status = await world.run(['status', run]);
    expect(status.stdout).toMatch(new RegExp(`run ${run} +running`));
    expect(status.stdout).toMatch(/connected|running/);
    expect(status.stdout).toMatch(/\d+ Slurm calls/);
    open(gate);
    expect((await following).exitCode).toBe(0);
    expect(await ended(world, run)).toMatchObject({ state: 'succeeded' });
    await jobsGone(run);
  });

  test('its units call srun: each gets a step of its job', async () => {
    const { units } = await succeed<string>(world, ['steps', '--count', '3']);
    expect(units.map((said) => said.trim())).toEqual([0, 1, 2].map((number) => expect.stringMatching(`${number} node[1-4]`)));
  });
});

describeSlurm('`outflow run` from within a job', () => {
  let world: SlurmWorld;
  beforeAll(() => {
    world = makeSlurmWorld();
  });
  afterAll(() => world.end());

  // The embedded server lives where it was started: here in the job.
  const inJob = async (command: string[]) => {
    const run = ['run', 'probe', '--count', '6', '--cpus', '4', ...onSlurm(world), '--json'].map((word) => `'${word}'`);
    const line = `'${world.clone}/bin/outflow' ${run.join(' ')}; '${world.clone}/bin/outflow' db stop --force >&2`;
    return await asUser([...command, line], { cwd: world.dir, env: world.env });
  };
  const surrounding = ['--cpus-per-task=2', '--mem=1000', '--nodelist=node4'];

  test('by srun --pty: what surrounds it changes nothing', async () => {
    const { stdout, stderr } = await inJob(['srun', ...surrounding, '--pty', 'bash', '-c']);
    expect({ stdout, stderr }).toMatchObject({ stdout: expect.stringMatching(/"state": "succeeded"/) });
  });

  test('by sbatch', async () => {
    const { stdout: job } = await inJob(['sbatch', '--parsable', ...surrounding, '--output=out.txt', '--wrap']);
    await jobIn(job, ['COMPLETED', 'FAILED'], 60);
    const printed = await asUser(['cat', 'out.txt'], { cwd: world.dir });
    expect(printed.stdout).toMatch(/"state": "succeeded"/);
    const run = /"run": "(\w{8})"/.exec(printed.stdout)?.[1] as string;
    expect((await squeue()).filter(({ name }) => name.startsWith(`outflow-${run}-`)).length).toBeGreaterThan(0);
    await jobsGone(run);
  });
});
