// Nodes with a network of their own, whose cables can be pulled.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { HeldRun } from '../support/held-runs.ts';
import { jobsGone, liveJobsOf, type NotedRuns, useNotedRuns } from '../support/noted-runs.ts';
import { cluster, describeSlurm, onOwnCluster, type SlurmWorld, scontrolShow } from '../support/slurm.ts';
import { until } from '../support/until.ts';

describeSlurm('a node whose network', () => {
  onOwnCluster('--netns', '--nodes', '2');
  let world: SlurmWorld;
  let runs: NotedRuns;
  useNotedRuns((made) => {
    ({ world, runs } = made);
  });
  afterEach(() => cluster('reset'));

  /** A run of one unit, and the node on which it runs. */
  async function begun(name: string) {
    const held = new HeldRun(world, name, ['--count', '1', '--cpus', '1']);
    const run = await held.submit();
    const { host: node } = await until(() => held.notes()[0]);
    return { held, run, node };
  }

  test('is away for a moment tells later what ended meanwhile', async () => {
    const { held, run, node } = await begun('moment');
    await cluster('node', 'cut', node);
    held.letGo();
    await until(() => held.notes('end').length === 1);
    await cluster('node', 'join', node);
    expect(await runs.ended(run)).toBe('succeeded');
    expect(await runs.units(run)).toEqual([{ index: 0, state: 'succeeded', attempt: 1 }]);
    expect(await runs.attempts(run)).toEqual([]);
    await jobsGone(run);
  });

  test('is away for longer is left out: its units run elsewhere, and what it ends all the same counts no more', async () => {
    const { held, run, node } = await begun('long');
    await cluster('node', 'cut', node);
    const again = await until(() => held.notes().find(({ attempt }) => attempt === 2));
    expect(again.host).not.toBe(node);
    const jobs = await liveJobsOf(run);
    const second = jobs.find(({ nodes }) => nodes === again.host);
    expect(await scontrolShow('job', second?.id ?? '')).toMatchObject({ ExcNodeList: node });
    held.letGo(node);
    await until(() => held.notes('end').some(({ host }) => host === node));
    await cluster('node', 'join', node);
    held.letGo();
    expect(await runs.ended(run)).toBe('succeeded');
    expect(await runs.units(run)).toEqual([{ index: 0, state: 'succeeded', attempt: 2 }]);
    expect(await runs.attempts(run)).toMatchObject([{ attempt: 1, cause: 'agent-lost', loss: true }]);
    await jobsGone(run);
    const { stdout } = await world.run(['logs', run]);
    expect(stdout).toContain(`the agent on ${node} was not heard of for 12 s: what it ran goes to others`);
  });

  test('does not lead to the coordinator: the agent says where it tried; a probe says it beforehand', async () => {
    // Nobody but this host is there.
    const listen = ['--listen', '127.0.0.1:0'];
    const held = new HeldRun(world, 'unreachable', ['--count', '1', ...listen]);
    const run = await held.submit();
    const [job] = await until(async () => {
      const jobs = await liveJobsOf(run);
      return jobs.some(({ state }) => state === 'RUNNING') && jobs;
    });
    const output = path.join(world.home, 'runs', run, 'jobs', `slurm-${job!.name}.0.out`);
    await until(
      () => existsSync(output) && /dials again: .*\n?.*127\.0\.0\.1:\d+: nobody listens there/.test(readFileSync(output, 'utf8')),
    );
    expect((await world.run(['cancel', run])).exitCode).toBe(0);
    await jobsGone(run);
    const { exitCode, stdout } = await world.run(['doctor', '--backend', 'slurm', '--probe', ...listen]);
    expect({ exitCode, stdout }).toMatchObject({
      stdout: expect.stringMatching(/✗ network +node\d does not reach us at 127\.0\.0\.1:\d+/),
    });
    expect(exitCode).not.toBe(0);
  });
});
