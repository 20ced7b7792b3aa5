// A slurmctld that hangs or is gone, while a run asks it for allocations and while agents work.
import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { gatedSbatch } from '../support/gated-sbatch.ts';
import { HeldRun } from '../support/held-runs.ts';
import { jobsGone, jobsOf, type NotedRuns, notedRuns } from '../support/noted-runs.ts';
import { cluster, describeSlurm, makeSlurmWorld, type SlurmWorld } from '../support/slurm.ts';
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
  beforeAll(async () => {
    world = makeSlurmWorld();
    runs = await notedRuns(world);
  });
  afterEach(() => cluster('reset'));
  afterAll(async () => {
    await runs?.close();
    await world.end();
  });

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
