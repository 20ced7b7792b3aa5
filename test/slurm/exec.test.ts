// Beside a unit on a compute node: from the login node, and from another one.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AgentStatus } from '../../src/rpc/messages.ts';
import { projectRoot } from '../support/outflow.ts';
import { describeSlurm, jobIn, makeSlurmWorld, type SlurmWorld } from '../support/slurm.ts';
import { ended, jobsOf, submit } from '../support/slurm-runs.ts';
import { until } from '../support/until.ts';

describeSlurm('beside a unit in an allocation', () => {
  let world: SlurmWorld;
  let run: string;
  let unit: string;
  let node: string;
  let job: string;

  beforeAll(async () => {
    world = makeSlurmWorld();
    run = await submit(world, ['surroundings', '--count', '1', '--gate', path.join(world.dir, 'gate')], { MINE: 'as it was' });
    await until(async () => (await world.run(['logs', run])).stdout.includes('ready'));
    unit = `${run}/Surroundings/0`;
    job = (await jobsOf(run))[0]?.id as string;
    node = (await jobIn(job, ['RUNNING'])).nodes;
  });

  afterAll(() => world.end());

  /** The CLI on a host of another name, with the same files. */
  const elsewhere = (...args: string[]) => {
    const variables = Object.entries(world.env).map(([name, value]) => `${name}=${value}`);
    const command = ['env', '-C', world.dir, ...variables, path.join(world.clone, 'bin/outflow'), ...args];
    const asUser = path.join(projectRoot, 'scripts/slurm-cluster');
    return execa('unshare', ['--uts', 'sh', '-c', 'hostname login2; exec "$@"', 'sh', asUser, 'run', ...command], {
      reject: false,
    });
  };

  const script = 'hostname; echo "$SLURM_JOB_PARTITION $OMP_NUM_THREADS $MINE"; nproc; exit 4';

  test('a command runs on its node, with its environment and CPUs', async () => {
    const { stdout, exitCode } = await world.run(['exec', unit, '--', 'sh', '-c', script]);
    expect(stdout.split('\n')).toEqual([node, expect.stringMatching(/^\w+ 1 as it was$/), '1']);
    expect(exitCode).toBe(4);
  });

  test('agents tells node, job and the time left', async () => {
    const agent = await until(async () => {
      const { agents } = await world.json<{ agents: AgentStatus[] }>(['agents', run]);
      return agents.find(({ allocation, secondsLeft }) => !allocation.startsWith('local') && secondsLeft > 0);
    });
    expect(agent).toMatchObject({ host: node, job, state: 'connected' });
    expect(agent?.memoryBytes).toBeGreaterThan(0);
  });

  test('from another login node exec, agents, status and the lines reach the coordinator too', async () => {
    const { stdout, stderr, exitCode } = await elsewhere('exec', unit, '--', 'sh', '-c', script);
    expect({ stderr, node: stdout.split('\n')[0], exitCode }).toEqual({ stderr: '', node, exitCode: 4 });
    expect((await elsewhere('agents', run)).stdout).toContain(node);
    expect(JSON.parse((await elsewhere('status', run, '--json')).stdout)).toMatchObject({ agents: expect.any(Number) });
  });

  test('a drained agent leaves when its unit has ended', async () => {
    const { agents } = await world.json<{ agents: AgentStatus[] }>(['agents', run]);
    const mine = agents.find(({ host }) => host === node) as AgentStatus;
    expect((await elsewhere('drain', mine.id, '--run', run)).exitCode).toBe(0);
    world.write('gate', '');
    expect(await ended(world, run)).toMatchObject({ state: 'succeeded' });
    const processes = () => execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
    await until(() => !processes().includes(`agent --join ${world.home}/runs/${run}`));
  });
});
