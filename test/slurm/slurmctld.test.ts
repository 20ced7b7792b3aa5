// A slurmctld that hangs or is gone, while a run asks it for allocations and while agents work.
import { chmodSync, existsSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { gatedSbatch } from '../support/gated-sbatch.ts';
import { HeldRun } from '../support/held-runs.ts';
import { jobsGone, jobsOf, type NotedRuns, useNotedRuns } from '../support/noted-runs.ts';
import { cluster, describeSlurm, type SlurmWorld } from '../support/slurm.ts';
import { until } from '../support/until.ts';

/** What a command has said so far. */
function sayings(running: ReturnType<SlurmWorld['start']>): () => string {
  let said = '';
  running.stderr?.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  return () => said;
}

describeSlurm('a slurmctld', () => {
  let world: SlurmWorld;
  let runs: NotedRuns;
  useNotedRuns((made) => {
    ({ world, runs } = made);
  });
  afterEach(() => cluster('reset'));

  test('that stalls while sbatch asks carries it out all the same: its jobs are found by name; agents go on when it stalls again', async () => {
    const { reached, open, env } = gatedSbatch(world, 'gated');
    const held = new HeldRun(world, 'stall', ['--count', '8']);
    const running = world.start(['run', ...held.args], { env });
    const said = sayings(running);
    await until(() => existsSync(reached));
    await cluster('ctld', 'freeze');
    open();
    await until(() => said().includes('looking by name'));
    await cluster('ctld', 'thaw');
    await until(() => held.notes().length === 8);
    await until(() => said().includes('Slurm answers again'));
    const run = /run (\w{8})/.exec(said())?.[1] as string;
    expect((await jobsOf(run)).map(({ state }) => state)).toEqual(['RUNNING', 'RUNNING']);

    await cluster('ctld', 'freeze');
    held.letGo();
    const { exitCode } = await running;
    expect({ exitCode, said: said() }).toMatchObject({ exitCode: 0 });
    expect(said().match(/warn:/g)).toHaveLength(1);
    await cluster('ctld', 'thaw');
    await jobsGone(run);
    expect(await runs.attempts(run)).toEqual([]);
    expect(await jobsOf(run)).toHaveLength(2);
  });

  test('that carries out an sbatch long after it was given up: the job is found all the same, and used', async () => {
    // The answer is lost at once; the submission comes after two looks have found nothing.
    const [asked, gate] = ['asked', 'late-gate'].map((name) => path.join(world.dir, name));
    const lines = [
      '#!/bin/sh',
      `[ -e ${asked} ] && exec /usr/bin/sbatch "$@"`,
      `cat > ${asked}`,
      `{ while [ ! -e ${gate} ]; do sleep 0.1; done; /usr/bin/sbatch "$@" < ${asked}; } > /dev/null 2>&1 &`,
      'echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation" >&2',
      'exit 1',
    ];
    chmodSync(world.write('late-bin/sbatch', `${lines.join('\n')}\n`), 0o755);
    const held = new HeldRun(world, 'late', ['--count', '2']);
    held.letGo();
    const node = path.join(world.clone, `node_modules/node-linux-${process.arch}/bin`);
    const running = world.start(['run', ...held.args], { env: { PATH: `${world.dir}/late-bin:${node}:/usr/bin:/bin` } });
    const said = sayings(running);
    await until(() => said().includes('looking by name'));
    const run = /run (\w{8})/.exec(said())?.[1] as string;
    await until(async () => (await world.json<{ allocations: unknown[] }>(['status', run])).allocations.length === 0);
    world.write('late-gate', '');
    const { exitCode } = await running;
    expect({ exitCode, said: said() }).toEqual({ exitCode: 0, said: expect.stringContaining('Slurm answers again') });
    await jobsGone(run);
    const jobs = await jobsOf(run);
    expect(jobs.map(({ name }) => name)).toEqual([`outflow-${run}-1-1`]);
    expect(held.notes('end')).toHaveLength(2);
  });

  test('that is gone when the first units are known is waited for, and the user is told', async () => {
    const held = new HeldRun(world, 'gone', ['--count', '2']);
    held.letGo();
    await cluster('ctld', 'stop');
    const running = world.start(['run', ...held.args]);
    const said = sayings(running);
    await until(() => said().includes('Slurm does not answer'));
    await cluster('ctld', 'start');
    const { exitCode } = await running;
    expect({ exitCode, said: said() }).toMatchObject({
      exitCode: 0,
      said: expect.stringMatching(/Unable to contact slurm controller.*asked again.*answers again/s),
    });
  });
});
