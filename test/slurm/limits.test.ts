// The limits of an account, as slurmdbd keeps them: what no wait will help against ends the step, the rest is waited for.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { HeldRun } from '../support/held-runs.ts';
import { liveJobsOf } from '../support/noted-runs.ts';
import { describeSlurm, makeSlurmWorld, onOwnCluster, type SlurmWorld, slurm, submitter } from '../support/slurm.ts';
import { until } from '../support/until.ts';

describeSlurm('an account', () => {
  onOwnCluster('--dbd');
  let world: SlurmWorld;
  let count = 0;
  beforeAll(() => {
    world = makeSlurmWorld();
  });
  afterEach(() => limit('MaxTRESPerJob=mem=-1,cpu=-1', 'GrpTRES=mem=-1'));
  afterAll(() => world.end());

  async function limit(...limits: string[]): Promise<void> {
    await slurm('sacctmgr', ['-i', '-Q', 'modify', 'user', submitter().user, 'set', ...limits]);
  }

  /** A run of 8 units, which fill a node and would end at once. */
  function start(args: string[] = []) {
    const held = new HeldRun(world, `notes-${++count}`, ['--count', '8', '--cpus', '1', ...args]);
    held.letGo();
    return world.start(['run', ...held.args]);
  }

  test.each([
    ['memory', 'mem=1000', 'AssocMaxMemPerJob', 'lower `mem`'],
    ['CPUs', 'cpu=2', 'AssocMaxCpuPerJobLimit', 'ask for fewer CPUs'],
  ])('that allows a job less %s than was asked for: the step fails, with what to change', async (what, most, reason, change) => {
    await limit(`MaxTRESPerJob=${most}`);
    const { exitCode, stderr } = await start(['--sbatch', 'mem=4G']);
    const words = `can never start \\(${reason}\\): it asks for more ${what} than your account allows a job .*${change}`;
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(new RegExp(words)) });
    const run = /run (\w{8})/.exec(String(stderr))?.[1] as string;
    await until(async () => (await liveJobsOf(run)).length === 0);
  });

  test('whose memory others may use as well: it is waited for, and said', async () => {
    await limit('GrpTRES=mem=1000');
    const running = start(['--sbatch', 'mem=4G']);
    let said = '';
    running.stderr?.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    await until(() => /allocation .* waits: all of your account together use .*memory \(AssocGrpMemLimit\)/.test(said));
    await limit('GrpTRES=mem=-1');
    const { exitCode } = await running;
    expect({ exitCode, said }).toMatchObject({ exitCode: 0, said: expect.stringContaining('Held: 8 of 8 done') });
  });
});
