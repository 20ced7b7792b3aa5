// An agent that somebody starts by hand, on a host of no allocation: it joins a run, is packed, and may go at any time.
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AgentStatus } from '../../src/rpc/messages.ts';
import { asUser, describeSlurm, makeSlurmWorld, type SlurmWorld } from '../support/slurm.ts';
import { byHost, ended, peak, resultsOf, submit } from '../support/slurm-runs.ts';
import { until } from '../support/until.ts';

describeSlurm('an agent started by hand', () => {
  let world: SlurmWorld;
  beforeAll(() => {
    world = makeSlurmWorld();
  });
  afterAll(() => world.end());

  const join = (run: string) => {
    const agent = ['agent', '--join', path.join(world.home, 'runs', run, 'join.json'), '--workers', '2'];
    // Its own pid, to which the signal shall go.
    const line = 'echo $$ > agent.pid; exec "$@"';
    return asUser(['bash', '-c', line, '_', path.join(world.clone, 'bin/outflow'), ...agent], { cwd: world.dir, env: world.env });
  };
  const leave = () => process.kill(Number(readFileSync(path.join(world.dir, 'agent.pid'), 'utf8')), 'SIGTERM');

  test('joins a run, takes units for its CPUs beside the allocation’s, and goes in mid-run without any loss', async () => {
    const args = ['probe', '--count', '240', '--ms', '150', '--max-allocations', '1', '--sbatch', 'cpus-per-task=2'];
    const run = await submit(world, args);
    const agents = async () => (await world.json<{ agents: AgentStatus[] }>(['agents', run])).agents;
    const done = async (isByHand: boolean) =>
      (await agents()).some(({ allocation, unitsDone }) => (allocation === '') === isByHand && unitsDone >= 6);
    await until(() => done(false));
    const agent = join(run);
    await until(() => done(true));
    const leftMs = Date.now();
    leave();
    expect(await agent).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(`^agent \\S+ has joined run ${run}, CPUs: 2. .*\nthe agent leaves, units done: \\d+$`),
    });

    expect(await ended(world, run)).toMatchObject({ state: 'succeeded' });
    const { units } = await resultsOf(world, run);
    expect(units.map(({ number }) => number)).toEqual(Array.from({ length: 240 }, (_, index) => index));
    const hosts = byHost(units);
    const byHand = hosts.get(hostname()) ?? [];
    expect(hosts.size).toBe(2);
    expect(peak(byHand, () => 1)).toBe(2);
    expect(byHand.filter(({ startMs }) => startMs > leftMs + 1000)).toEqual([]);
  });
});
