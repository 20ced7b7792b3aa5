// The virtual cluster itself: it is a real Slurm, its nodes differ, and its faults come and go.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  asUser,
  cluster,
  describeSlurm,
  jobIn,
  makeSlurmWorld,
  type SlurmWorld,
  scontrolShow,
  squeue,
  submitter,
} from '../support/slurm.ts';
import { until } from '../support/until.ts';

let world: SlurmWorld;

describeSlurm('the virtual cluster', () => {
  beforeAll(() => {
    world = makeSlurmWorld();
  });
  afterEach(() => world.cancelJobs());
  afterAll(async () => {
    await world.end();
  });

  const call = (...command: string[]) => asUser(command, { cwd: world.dir });
  const submit = async (...options: string[]) => {
    const { stdout, stderr } = await call('sbatch', '--parsable', ...options);
    expect(stderr).toBe('');
    return stdout;
  };

  test('a step runs on each node, as the ordinary user', async () => {
    const { stdout } = await call('srun', '-N4', 'sh', '-c', 'echo $(hostname) $(whoami)');
    const { user } = submitter();
    expect(stdout.split('\n').sort()).toEqual(['node1', 'node2', 'node3', 'node4'].map((node) => `${node} ${user}`));
  });

  test("the user runs the clone's outflow and its database, in a directory of its own", async () => {
    expect(await world.json(['db', 'start'])).toMatchObject({ url: expect.stringContaining('postgres') });
    world.write('deep/in/it.txt', 'seen');
    const { stdout } = await call('srun', '-w', 'node3', 'sh', '-c', 'cat deep/in/it.txt && touch deep/in/mine && pwd');
    expect(stdout).toBe(`seen${world.dir}`);
  });

  test('GPUs are granted', async () => {
    const { stdout } = await call(
      'srun',
      '--gres=gpu:2',
      'sh',
      '-c',
      'echo $(hostname) $SLURM_GPUS_ON_NODE $CUDA_VISIBLE_DEVICES',
    );
    expect(stdout).toBe('node2 2 0,1');
  });

  test('a node that keeps cores for the system grants fewer than it shows', async () => {
    expect(await scontrolShow('node', 'node4')).toMatchObject({ CPUTot: '8', CPUEfctv: '6' });
    expect((await call('srun', '-w', 'node4', '-c8', 'true')).stderr).toContain('Requested node configuration is not available');
  });

  test.each([
    ['a partition that is not there', ['-p', 'nope'], 'Invalid partition name specified'],
    ['a partition for others', ['-p', 'staff'], "User's group not permitted to use this partition"],
    ['an account that is not there', ['-A', 'nope'], 'Invalid account or account/partition combination specified'],
    ['a feature that no node has', ['-C', 'nope'], 'Invalid feature specification'],
  ])('%s is refused at submission', async (_what, options, message) => {
    expect(await call('sbatch', ...options, '--wrap', 'true')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(message),
    });
  });

  test('a job that asks for more time than its partition allows waits for ever', async () => {
    const job = await submit('-t', '100', '--wrap', 'true');
    await until(async () => (await scontrolShow('job', job))['Reason'] === 'PartitionTimeLimit');
    await call('scancel', job);
  });

  test('a job in `low` gives way to one in `high`', async () => {
    const low = await submit('-p', 'low', '-w', 'node1', '--exclusive', '--wrap', 'sleep 60');
    await jobIn(low, ['RUNNING']);
    const high = await submit('-p', 'high', '-w', 'node1', '--exclusive', '--wrap', 'sleep 60');
    await jobIn(high, ['RUNNING']);
    expect(await scontrolShow('job', low)).toMatchObject({ JobState: 'PENDING', Restarts: '1' });
  });

  describe('when something is broken', () => {
    afterEach(async () => {
      await cluster('reset');
    });

    test('an array over the submit limit is refused whole', async () => {
      await cluster('submit-limit', '3');
      const job = await submit('--array=0-1', '--wrap', 'sleep 60');
      const { stderr } = await call('sbatch', '--array=0-1', '--wrap', 'true');
      expect(stderr).toContain('AssocMaxSubmitJobLimit');
      expect(stderr).toContain('job submit limit');
      expect(await squeue('-j', job)).toHaveLength(2);
    });

    test('a job on a node with a failing Prolog is held, until the Prolog is well again', async () => {
      await cluster('prolog', 'fail', 'node1');
      const job = await submit('-w', 'node1', '--wrap', 'true');
      await until(async () => (await jobIn(job, ['PENDING'])).reason === 'launch failed requeued held');
      await cluster('prolog', 'ok', 'node1');
      await call('scontrol', 'release', job);
      await call('scontrol', 'update', `jobid=${job}`, 'StartTime=now');
      await jobIn(job, ['COMPLETED']);
    });

    test('with a slow Epilog a job stays COMPLETING', async () => {
      await cluster('epilog', '5');
      const job = await submit('--wrap', 'true');
      await jobIn(job, ['COMPLETING']);
      await cluster('epilog', 'off');
      await jobIn(job, ['COMPLETED']);
    });

    test('a crashed node takes its processes and its job with it, and comes back', async () => {
      const job = await submit('--no-requeue', '-w', 'node1', '--wrap', 'setsid sleep 61 & sleep 62');
      await jobIn(job, ['RUNNING']);
      await until(async () => (await cluster('node', 'pids', 'node1')).split('\n').length > 2);
      await cluster('node', 'crash', 'node1');
      expect(await cluster('node', 'pids', 'node1')).toBe('');
      await cluster('node', 'start', 'node1');
      await jobIn(job, ['NODE_FAIL']);
      expect((await call('srun', '-w', 'node1', 'hostname')).stdout).toBe('node1');
    });

    test('a node declared down fails its job at once', async () => {
      const job = await submit('--no-requeue', '-w', 'node3', '--wrap', 'sleep 60');
      await jobIn(job, ['RUNNING']);
      await cluster('node', 'down', 'node3');
      await jobIn(job, ['NODE_FAIL'], 5);
    });

    test('nobody answers while slurmctld is stopped, and its jobs go on', async () => {
      const job = await submit('--wrap', 'sleep 60');
      await jobIn(job, ['RUNNING']);
      await cluster('ctld', 'freeze');
      const { exitCode } = await call('timeout', '1', 'squeue');
      expect(exitCode).toBe(124);
      await cluster('ctld', 'thaw');
      await jobIn(job, ['RUNNING']);
    });
  });
});
