// What a user sees while Slurm lets allocations wait, and that nobody waits for what Slurm does after a run.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { AllocationProgress } from '../../src/rpc/messages.ts';
import { HeldRun } from '../support/held-runs.ts';
import { jobsOf } from '../support/noted-runs.ts';
import { asUser, cluster, describeSlurm, jobIn, makeSlurmWorld, type SlurmWorld } from '../support/slurm.ts';
import { until } from '../support/until.ts';

describeSlurm('waiting', () => {
  let world: SlurmWorld;
  beforeAll(() => {
    world = makeSlurmWorld();
  });
  afterEach(async () => {
    await world.cancelJobs();
    await cluster('reset');
  });
  afterAll(() => world.end());

  test('for a full cluster: the lines and the status say why, and until when', async () => {
    const { stdout: blocker } = await asUser(['sbatch', '--parsable', '-N4', '--exclusive', '-t', '10', '--wrap', 'sleep 600'], {
      cwd: world.dir,
    });
    await jobIn(String(blocker), ['RUNNING']);
    const held = new HeldRun(world, 'full');
    held.letGo();
    const running = world.start(['run', ...held.args]);
    let said = '';
    running.stderr?.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    await until(() => /outflow \| .* waits.*\n/.test(said));
    expect(said).toMatch(/1 allocation \(8 CPUs\) waits(, start expected at .* \(in \d+ min\))?: .* \((Resources|Priority)\)/);

    interface Status {
      run: string;
      slurmCalls: number;
      allocations: AllocationProgress[];
    }
    const status = await world.json<Status>(['status']);
    expect(status).toMatchObject({
      allocations: [{ state: 'pending', cpus: 8, reason: expect.stringMatching(/\((Resources|Priority)\)$/) }],
    });
    expect(status.slurmCalls).toBeLessThan(10);
    const { stdout: shown } = await world.run(['status']);
    expect(shown).toMatch(/ALLOCATION +JOB +STATE +CPUS +WHY\n +1-1\.0 +\d+_0 +pending +8 +.*\((Resources|Priority)\)/);

    expect((await world.run(['runs'])).stdout).toMatch(/running, waits for Slurm +held/);
    expect(await world.json(['runs'])).toMatchObject({ runs: [{ state: 'running', waits: true }] });

    await asUser(['scancel', String(blocker)]);
    const { exitCode } = await running;
    expect({ exitCode, said }).toMatchObject({ exitCode: 0, said: expect.stringContaining('no allocation waits any more') });
    expect(await world.json(['runs'])).toMatchObject({ runs: [{ state: 'succeeded', waits: false }] });
  });

  test('is not for a slow Epilog: the run ends, and its job completes later', async () => {
    await cluster('epilog', '8');
    const held = new HeldRun(world, 'epilog', ['--count', '1']);
    held.letGo();
    const { exitCode, stderr } = await world.run(['run', ...held.args]);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    const run = /run (\w{8})/.exec(stderr)?.[1] as string;
    const [job] = await jobsOf(run);
    expect(['RUNNING', 'COMPLETING']).toContain(job?.state);
    await jobIn(job!.id, ['COMPLETING']);
  });
});
