// What `outflow plan` says of allocations, against what a real Slurm says of the same.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SlurmPlan } from '../../cli/plan/slurm-plan.ts';
import { describeSlurm, makeSlurmWorld, type SlurmWorld, squeue, submitter } from '../support/slurm.ts';

const PIPELINE = `
  import { command, flag, iterateOn, mapTask, task } from 'outflow';
  import { z } from 'zod';

  const Work = task({ name: 'Work', inputs: { n: iterateOn('numbers', z.int()) }, outputs: { m: z.int() }, run: ({ n }) => n });
  const Numbers = task({ name: 'Numbers', outputs: { numbers: z.array(z.int()) }, run: () => [1, 2, 3] });

  export const go = command({
    args: { cpus: flag.integer({ default: 2 }), partition: flag.string() },
    setup: ({ cpus, partition }) =>
      Numbers().pipe(mapTask({ cpusPerTask: cpus, memPerTask: '1G', sbatch: partition ? { partition } : {} }, () => Work())),
  });
`;

describeSlurm('outflow plan --backend slurm', () => {
  let world: SlurmWorld;
  beforeAll(() => {
    world = makeSlurmWorld();
    world.write('pipeline.ts', PIPELINE);
  });
  afterAll(() => world.end());

  const plan = async (args: string[], env: Record<string, string> = {}) =>
    (await world.json<{ slurm: SlurmPlan; warnings: string[] }>(['plan', 'go', '--backend', 'slurm', ...args], { env })) ?? {};

  test('says the shape of allocations, the time that the partition gives, and when Slurm would start them', async () => {
    const { slurm, warnings } = await plan(['--test-only']);
    expect(warnings).toEqual([]);
    expect(slurm).toMatchObject({
      unasked: null,
      pools: [
        {
          defaultPartition: 'debug',
          time: { minutes: 10, source: 'partition' },
          steps: [{ allocations: { count: 10, atMost: true, shape: { cpus: 8, unitsPerNode: 4 } }, start: { ok: true } }],
        },
      ],
    });
    expect(slurm.pools[0]?.steps[0]?.start?.text).toMatch(/to start at .* in partition debug/);
  });

  test('submits nothing', async () => {
    await plan(['--test-only']);
    expect(await squeue(`--user=${submitter().user}`, '--name=outflow-RUN-1-1')).toEqual([]);
  });

  test('heeds SBATCH_* of the environment below the pipeline, and --sbatch above', async () => {
    const said = async (args: string[]) => {
      const { slurm } = await plan(args, { SBATCH_PARTITION: 'batch', SBATCH_OUTPUT: 'mine.log' });
      return slurm.pools[0]?.directives;
    };
    expect(await said([])).toEqual([{ name: 'partition', value: 'batch', source: 'environment' }]);
    expect(await said(['--partition', 'low'])).toEqual([{ name: 'partition', value: 'low', source: 'pipeline' }]);
    expect(await said(['--partition', 'low', '--sbatch', 'partition=debug'])).toEqual([
      { name: 'partition', value: 'debug', source: 'flag' },
    ]);
  });

  test('tells Slurm’s own words where it would refuse', async () => {
    const { slurm, warnings } = await plan(['--sbatch', 'partition=nowhere', '--test-only']);
    expect(slurm.pools[0]?.steps[0]?.start).toEqual({ ok: false, text: expect.stringMatching(/invalid partition/i) });
    expect(warnings).toEqual([expect.stringContaining('Slurm shows no partition nowhere')]);
  });

  test('refuses a unit that fits no node, and so does submit', async () => {
    for (const verb of ['plan', 'submit']) {
      const { exitCode, stderr } = await world.run([verb, 'go', '--backend', 'slurm', '--cpus', '9'], {
        env: { OUTFLOW_SLURM_PREVIEW: '1' },
      });
      expect({ verb, exitCode, stderr }).toMatchObject({
        exitCode: 3,
        stderr: expect.stringContaining('a unit of 9 CPUs fits no node'),
      });
    }
    expect(await world.json(['runs'])).toEqual({ runs: [] });
  });
});
