// `outflow doctor --backend slurm --probe` on a real cluster: what a node proves, what it cannot, and that nothing is left behind.
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Finding, FindingGroup } from '../../cli/doctor/finding.ts';
import type { NodeReport } from '../../cli/doctor/probe/report.ts';
import { describeSlurm, jobIn, makeSlurmWorld, type SlurmWorld, scontrolShow, squeue, submitter } from '../support/slurm.ts';
import { until } from '../support/until.ts';

interface Examined {
  ok: boolean;
  groups: FindingGroup[];
  node: NodeReport | null;
}

/** At the site's nodes the probe finds another address in its join file than the one where we listen. */
const LISTEN = ['--listen', '127.0.0.1:0'];

describeSlurm('outflow doctor', () => {
  let world: SlurmWorld;
  beforeAll(() => {
    world = makeSlurmWorld();
  });
  afterEach(() => world.write('outflow.config.yaml', '{}\n'));
  afterAll(() => world.end());

  const doctor = (...args: string[]) => world.json<Examined>(['doctor', '--backend', 'slurm', ...args]);
  const found = ({ groups }: Examined, title: string): Record<string, Finding> =>
    Object.fromEntries(groups.find((group) => group.title === title)?.findings.map((it) => [it.check, it]) ?? []);
  const probes = async () =>
    (await squeue(`--user=${submitter().user}`)).filter(({ name }) => name.startsWith('outflow-doctor-'));
  let before: Set<string>;
  beforeEach(async () => {
    before = new Set((await probes()).map(({ id }) => id));
  });
  const newJobs = async () => (await probes()).filter(({ id }) => !before.has(id));
  const leavesNothing = async () => {
    const runs = path.join(world.home, 'runs');
    expect(existsSync(runs) ? readdirSync(runs) : []).toEqual([]);
    expect((await newJobs()).filter(({ state }) => ['PENDING', 'RUNNING'].includes(state))).toEqual([]);
  };
  /** Lines of shell that the node runs before the probe. */
  const onNode = (...lines: string[]) => world.write('outflow.config.yaml', JSON.stringify({ slurm: { prologue: lines } }));

  test('knows the site without sending a job', async () => {
    const examined = await doctor();
    expect(examined).toMatchObject({ ok: true, node: null });
    expect(found(examined, 'Slurm')).toMatchObject({
      version: { found: expect.stringMatching(/^Slurm \d+\.\d+/) },
      'job arrays': { found: 'MaxArraySize 1001' },
      partition: { found: expect.stringMatching(/^debug \(the default\): at most 1:00:00/) },
    });
    expect(found(examined, 'agents')['certificate']).toMatchObject({ verdict: 'ok' });
    expect(await newJobs()).toEqual([]);
  });

  test('lets a node prove that it sees the directory and reaches us', async () => {
    const examined = await doctor('--probe', '--sbatch', 'partition=low');
    expect(examined.ok).toBe(true);
    expect(examined.node).toMatchObject({ host: expect.stringMatching(/^node\d$/), cpus: { granted: 1 } });
    expect(Math.abs(examined.node?.aheadMs ?? Number.NaN)).toBeLessThan(2_000);
    const probe = found(examined, 'probe');
    expect(Object.values(probe).every(({ verdict }) => verdict === 'ok')).toBe(true);
    expect(Object.keys(probe)).toEqual(['job', 'directory', 'network', 'node', 'clock', 'CPUs', 'temporary', 'ulimits']);
    const [job] = await newJobs();
    expect(await jobIn(job?.id ?? '', ['COMPLETED'])).toMatchObject({ partition: 'low' });
    expect(await scontrolShow('job', job?.id ?? '')).toMatchObject({ TimeLimit: '00:01:00' });
    await leavesNothing();
  });

  test('shows what it waits for, and a line for each fact', async () => {
    const { stdout, stderr, exitCode } = await world.run(['doctor', '--backend', 'slurm', '--probe']);
    expect(stderr).toMatch(/^waiting for job \d+$/m);
    expect(stdout).toMatch(/^ {2}✓ job {12}job \d+ on node\d answered after /m);
    expect(stdout).toMatch(/^ {2}✓ network {8}node\d reaches us at /m);
    expect(exitCode).toBe(0);
  });

  test('says why a node does not reach us', async () => {
    onNode(`sed -i 's/127.0.0.1:[0-9]*/127.0.0.1:1/' ${world.home}/runs/doctor-*/join.json`);
    const examined = await doctor('--probe', ...LISTEN);
    expect(examined.ok).toBe(false);
    expect(found(examined, 'probe')['network']).toMatchObject({
      verdict: 'missing',
      found: expect.stringMatching(/^node\d does not reach us at 127\.0\.0\.1:1: nobody listens there/),
      advice: expect.stringContaining('--listen'),
    });
    await leavesNothing();
  });

  test('says that a node cannot write into the directory of runs', async () => {
    onNode(`chmod 500 ${world.home}/runs/doctor-*`);
    const examined = await doctor('--probe');
    expect(found(examined, 'probe')).toMatchObject({
      directory: { verdict: 'missing', found: expect.stringMatching(/^node\d: cannot write in .*EACCES/) },
      network: { verdict: 'ok' },
    });
    await leavesNothing();
  });

  test('tells the words of a node where the job failed', async () => {
    onNode('cd /nowhere/at/all');
    const examined = await doctor('--probe');
    expect(found(examined, 'probe')['job']).toMatchObject({
      found: expect.stringContaining('cd: /nowhere/at/all: No such file or directory'),
      advice: expect.stringContaining('slurm.prologue'),
    });
    await leavesNothing();
  });

  test('sends nothing where the shared directory cannot be written here', async () => {
    world.write('outflow.config.yaml', 'slurm: { sharedDir: /proc/shared }\n');
    const examined = await doctor('--probe');
    expect(found(examined, 'agents')['directory']).toMatchObject({
      verdict: 'missing',
      advice: expect.stringContaining('slurm.sharedDir'),
    });
    expect(found(examined, 'probe')['job']?.found).toContain('not tried');
    expect(await newJobs()).toEqual([]);
  });

  test('tells Slurm’s own words where it refuses the job', async () => {
    const examined = await doctor('--probe', '--sbatch', 'constraint=nonesuch');
    expect(found(examined, 'probe')['job']).toMatchObject({
      found: expect.stringMatching(/^sbatch refused it: .*Invalid feature/),
    });
    await leavesNothing();
  });

  test('gives up after --timeout, and says what the job waited for', async () => {
    const examined = await doctor('--probe', '--timeout', '5s', '--sbatch', 'begin=now+1hour');
    expect(found(examined, 'probe')['job']).toMatchObject({
      verdict: 'missing',
      found: expect.stringMatching(/^job \d+ had not started after 5 s: BeginTime/),
    });
    await leavesNothing();
  });

  test('Ctrl-C cancels the job', async () => {
    const running = world.start(['doctor', '--backend', 'slurm', '--probe', '--sbatch', 'begin=now+1hour']);
    const pending = await until(async () =>
      (await newJobs()).find(({ state, reason }) => state === 'PENDING' && reason === 'BeginTime'),
    );
    running.kill('SIGINT');
    const { stderr, exitCode } = await running;
    expect(stderr).toContain(`interrupted: job ${pending.id.replace(/_.*$/, '')} was cancelled`);
    expect(exitCode).toBe(130);
    await leavesNothing();
  });
});
