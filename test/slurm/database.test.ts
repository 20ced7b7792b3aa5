// `context.db` on compute nodes, before the embedded server, which no network reaches.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { jobsGone, type NotedRuns, useNotedRuns } from '../support/noted-runs.ts';
import { asUser, describeSlurm, type SlurmWorld } from '../support/slurm.ts';
import { until } from '../support/until.ts';

describeSlurm('the database of a pipeline', () => {
  let world: SlurmWorld;
  let runs: NotedRuns;
  useNotedRuns((made) => {
    ({ world, runs } = made);
  });

  async function submit(...args: string[]): Promise<string> {
    const pipeline = path.join(world.clone, 'test/fixtures/slurm/database.ts');
    const { stdout, stderr } = await world.run(['submit', ...args, '--backend', 'slurm', '-p', pipeline, '--json']);
    expect({ stdout, stderr }).toMatchObject({ stdout: expect.stringContaining('"run"') });
    return JSON.parse(stdout).run;
  }

  async function sums(run: string): Promise<{ most: number; nodes: number; total: number; seen: number }> {
    const { results } = await world.json<{ results: Record<string, any> }>(['results', run]);
    return results['Sum'];
  }

  test('200 units on the nodes of a run share 16 connections, with a query beside each transaction', async () => {
    const run = await submit('beside', '--count', '200');
    expect(await runs.ended(run, 100)).toBe('succeeded');
    const { most, total, seen, nodes } = await sums(run);
    expect({ total, seen }).toEqual({ total: 200, seen: 200 });
    expect(nodes).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(16);
    expect(most).toBeGreaterThan(8);
    expect(await runs.attempts(run)).toEqual([]);
  });

  test('64 at once do on 4 agents that were started by hand, with more units than their nodes have CPUs', async () => {
    // The run's own allocations would come in an hour.
    const run = await submit('beside', '--count', '64', '--sbatch', 'begin=now+1hour');
    const joinFile = path.join(world.home, 'runs', run, 'join.json');
    await until(() => existsSync(joinFile));
    const agent = [path.join(world.clone, 'bin/outflow'), 'agent', '--join', joinFile, '--workers', '16'];
    const agents = asUser(['srun', '--nodes=4', '--ntasks=4', '--ntasks-per-node=1', '--time=5', ...agent]);
    expect(await runs.ended(run, 100)).toBe('succeeded');
    const { most, total, seen, nodes } = await sums(run);
    expect({ total, seen, nodes }).toEqual({ total: 64, seen: 64, nodes: 4 });
    expect(most).toBeLessThanOrEqual(16);
    expect(most).toBeGreaterThan(8);
    expect((await agents).exitCode).toBe(0);
    await jobsGone(run);
  });

  test('a coordinator that is killed in mid-query costs its units a loss, and no retry; their locks are gone', async () => {
    const began = path.join(world.dir, 'began');
    const run = await submit('sleep', '--began', began);
    await until(() => existsSync(began));
    process.kill(await runs.coordinator(run), 'SIGKILL');
    const resumed = await world.run(['resume', run]);
    expect(resumed).toMatchObject({ exitCode: 0 });
    expect(await runs.attempts(run)).toMatchObject([{ cause: 'agent-lost', loss: true, attempt: 1 }]);
    expect(await runs.units(run)).toMatchObject([{ index: 0, state: 'succeeded', attempt: 2 }]); // retries: 0
    await jobsGone(run);
  });
});
