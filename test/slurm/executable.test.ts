// The executable on the cluster: nodes run a copy of what submitted, from the shared file system or from their own disks, and
// nothing of it is left there.
import { execFileSync } from 'node:child_process';
import {
  chownSync,
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureExecutable } from '../support/executable.ts';
import { gatedSbatch } from '../support/gated-sbatch.ts';
import { HeldRun } from '../support/held-runs.ts';
import { jobsGone } from '../support/noted-runs.ts';
import { runWhile, UNDISTURBED } from '../support/replaced-runs.ts';
import { cluster, describeSlurm, makeSlurmWorld, type SlurmWorld, submitter, userCommand } from '../support/slurm.ts';
import { jobsOf } from '../support/slurm-runs.ts';
import { until } from '../support/until.ts';

const RESULT =
  'Result of the mapped computation: [[{"computation_result":630}],[{"computation_result":645}],[{"computation_result":660}],[{"computation_result":675}]]';
const NODES = ['node1', 'node2', 'node3', 'node4'];

describeSlurm('the executable', () => {
  let world: SlurmWorld;
  let programs: string;
  beforeAll(() => {
    world = makeSlurmWorld({ executable: ensureExecutable() });
    programs = path.join(world.home, 'programs');
    // The nodes of the cluster have one /tmp; here each has a disk of its own.
    for (const node of NODES) world.write(`disks/${node}/.kept`, '');
    const prologue = [`export TMPDIR=${path.join(world.dir, 'disks')}/$HOSTNAME`];
    world.write('outflow.config.json', JSON.stringify({ slurm: { prologue } }));
  }, 240_000);
  afterAll(() => world.end());

  const executable = () => path.join(world.dir, 'outflow');
  const disks = () =>
    NODES.flatMap((node) => readdirSync(path.join(world.dir, 'disks', node), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile() && entry.name !== '.kept')
      .map((entry) => path.join(entry.parentPath, entry.name));

  /** What the agents of a run execute. */
  const agentPrograms = () =>
    readdirSync('/proc').flatMap((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        const isAgent = words.includes('agent') && words.includes('--allocation') && words[0] !== 'srun';
        return isAgent && words.some((word) => word.startsWith(world.home)) ? readlinkSync(`/proc/${pid}/exe`) : [];
      } catch {
        return []; // gone, or no process
      }
    });
  const ofOutflow = () => agentPrograms().filter((file) => /outflow/.test(path.basename(file)));

  /** Of a text within: it starts, and is as long. */
  function changeOneByte(file: string): void {
    const at = readFileSync(file).indexOf('OpenSSL 3.');
    const fd = openSync(file, 'r+');
    writeSync(fd, 'o', at);
    closeSync(fd);
  }

  async function tutorial(...args: string[]) {
    const directory = path.join(world.dir, 'tutorial');
    if (!existsSync(directory)) {
      cpSync(path.join(world.clone, 'examples/slurm'), directory, { recursive: true });
      chownSync(directory, submitter().uid, submitter().gid);
    }
    const command = ['run', 'compute_data', '--multiplier', '15', '--backend', 'slurm', ...args];
    const { stdout, stderr, exitCode } = await world.run(command, { cwd: directory });
    expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 0, stdout: RESULT });
    await jobsGone(/run (\w{8})/.exec(stderr)?.[1] as string);
  }

  test('runs the tutorial; nodes run a copy that is named by its content, which the next run uses again', async () => {
    await tutorial();
    const [name = '', ...others] = readdirSync(programs);
    expect(others).toEqual([]);
    expect(name).toMatch(/^outflow-\d+\.\d+\.\d+-[0-9a-f]{16}$/);
    const copy = path.join(programs, name);
    const { mode, ino } = statSync(copy);
    expect(mode & 0o777).toBe(0o700);
    execFileSync('cmp', [copy, executable()]);
    await tutorial();
    expect(statSync(copy).ino).toBe(ino);
    expect(disks()).toEqual([]);
  });

  test('--ship sbcast: nodes run it from their disks, where nothing is left, not even while it runs', async () => {
    const left = world.write(`disks/node1/outflow-${submitter().uid}.1.node1.4194304`, 'of a job that was killed');
    execFileSync('touch', ['-d', '2 minutes ago', left]);
    // A unit a node: an agent that comes too late for any would leave its program to the next one there.
    const held = new HeldRun(world, 'shipped', ['--count', '4', '--cpus', '5', '--ship', 'sbcast']);
    const run = await held.submit();
    await until(() => held.notes().length === 4);
    expect(ofOutflow()).toHaveLength(4);
    for (const file of ofOutflow()) expect(file).toMatch(/\/disks\/node\d\/outflow-\d+\.\d+\.node\d\.\d+ \(deleted\)$/);
    expect(disks().filter((file) => /\/outflow-\d+\./.test(file))).toEqual([]);
    held.letGo();
    await jobsGone(run);
    await until(() => ofOutflow().length === 0);
    expect(disks()).toEqual([]);
    expect(await world.json(['status', run])).toMatchObject({ state: 'succeeded' });
  });

  test('after scancel nothing is left on the nodes', async () => {
    const held = new HeldRun(world, 'cancelled', ['--count', '2', '--cpus', '5', '--ship', 'sbcast']);
    const run = await held.submit();
    await until(() => held.notes().length === 2);
    const jobs = (await jobsOf(run)).map(({ id }) => id);
    await cluster('run', 'scancel', '--full', '--signal=KILL', ...jobs);
    await until(() => held.notes().length === 4); // it goes on, in others
    held.letGo();
    await jobsGone(run);
    await until(() => ofOutflow().length === 0);
    // What an agent that was killed has left beside its program goes with the next one on that node.
    expect(disks().filter((file) => /\/outflow-\d+\./.test(file))).toEqual([]);
  });

  test.each(['path', 'sbcast'])('--ship %s: a run goes on though both files are removed', async (ship) => {
    const file = world.write(`removed-${ship}`, '');
    copyFileSync(executable(), file);
    execFileSync('chmod', ['755', file]);
    const words = (args: string[]) => {
      const all = [file, ...args, '--backend', 'slurm', '--ship', ship];
      const [script, rest] = userCommand(all, { cwd: world.dir, env: { ...world.env, PATH: '/usr/bin:/bin' } });
      return [script, ...rest];
    };
    const results = await runWhile(world, `run-${ship}`, words, () => {
      rmSync(file);
      rmSync(programs, { recursive: true });
    });
    expect(results).toEqual(UNDISTURBED);
  });

  test('a copy that is not what submitted is refused, told, and made anew', async () => {
    const sbatch = gatedSbatch(world, 'mismatch');
    const held = new HeldRun(world, 'mismatch', ['--count', '1']);
    held.letGo();
    const running = world.start(['run', ...held.args], { env: { PATH: `${sbatch.env.PATH.split(':')[0]}:/usr/bin:/bin` } });
    await until(() => existsSync(sbatch.reached));
    const [name = ''] = readdirSync(programs);
    changeOneByte(path.join(programs, name));
    sbatch.open();
    const { exitCode, stderr } = await running;
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(
        /an agent was refused \(node\d, job \d+_0\): it runs another program \(sha256:[0-9a-f]{12}…\) than the one that submitted its job \(sha256:.*was .*programs\/outflow-\S+ replaced\?/,
      ),
    });
    expect(stderr).toMatch(/an allocation was of no use, another is asked for: job \S+ on node\d failed with exit code/);
    execFileSync('cmp', [path.join(programs, name), executable()]);
  });

  test('plan shows the copy in the very script, and makes none', async () => {
    rmSync(programs, { recursive: true, force: true });
    const held = new HeldRun(world, 'planned', []);
    const { stdout } = await world.run(['plan', ...held.args]);
    expect(stdout).toMatch(/^ +\S+\/programs\/outflow-\S+ agent --join /m);
    expect((await world.run(['plan', ...held.args, '--ship', 'sbcast'])).stdout).toMatch(
      /^ +sbcast \S+\/programs\/outflow-\S+ "\$outflow_program" /m,
    );
    expect(existsSync(programs)).toBe(false);
  });

  describe('where no copy can be made, nothing is submitted, and one message says so', () => {
    async function refused(sharedDir: string) {
      world.write('small/outflow.config.json', JSON.stringify({ slurm: { sharedDir } }));
      const held = new HeldRun(world, 'refused', []);
      return await world.run(['submit', ...held.args], { cwd: path.join(world.dir, 'small') });
    }

    test('in a directory that cannot be written', async () => {
      const { exitCode, stderr } = await refused('/proc/nothing');
      expect(exitCode).not.toBe(0);
      expect(stderr).toMatch(/cannot .*\/proc\/nothing.*\n.*slurm\.sharedDir.*a directory of yours that all nodes see/);
    });

    test('on a full disk', async () => {
      const directory = path.join(world.dir, 'full');
      mkdirSync(directory);
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=20m,uid=${submitter().uid},mode=700`, 'tmpfs', directory]);
      try {
        const { exitCode, stderr } = await refused(directory);
        expect(exitCode).not.toBe(0);
        expect(stderr).toMatch(/the disk is full \(ENOSPC\)\n.*free \d+ MB there/);
        expect(readdirSync(path.join(directory, `outflow-programs-${submitter().uid}`))).toEqual([]);
      } finally {
        execFileSync('umount', ['--lazy', directory]);
      }
    });
  });
});
