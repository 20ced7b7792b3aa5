// What a unit in an allocation finds around it, whatever the shell was like that submitted it; and that nothing secret gets out.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asUser, describeSlurm, makeSlurmWorld, type SlurmWorld, scontrolShow } from '../support/slurm.ts';
import { ended, jobsOf, onSlurm, resultsOf, succeed } from '../support/slurm-runs.ts';
import { until } from '../support/until.ts';

interface Surroundings {
  environment: Record<string, string>;
  limits: string;
}

const PASSWORD = 'correct-horse-battery';
const TOKEN = 'hunter2-and-more';

/** A shell in a job, with options for sbatch, proxies that lead nowhere, and secrets. */
const ODD_SHELL = {
  SLURM_JOB_ID: '4711',
  SLURM_NTASKS: '9',
  SLURM_CPUS_PER_TASK: '9',
  SLURM_MEM_PER_CPU: '1',
  SLURM_MEM_PER_NODE: '1',
  SRUN_CPUS_PER_TASK: '9',
  PMI_RANK: '3',
  PMIX_RANK: '3',
  SBATCH_PARTITION: 'low',
  SBATCH_OUTPUT: '/nonexistent/out',
  SBATCH_ARRAY_INX: '5-9',
  SBATCH_EXPORT: 'NONE',
  http_proxy: 'http://127.0.0.1:9',
  https_proxy: 'http://127.0.0.1:9',
  grpc_proxy: 'http://127.0.0.1:9',
  MINE: 'as it was',
  MY_TOKEN: TOKEN,
};

describeSlurm('a unit in an allocation', () => {
  let world: SlurmWorld;
  let run: string;
  let job: string;
  let runDir: string;
  let gate: string;
  /** The environment and the arguments of each process of the user, while the unit runs. */
  let processes: { arguments: string; environment: string }[];
  /** Of the run's directory and of what is in it, meanwhile. */
  let modes: Record<string, string>;

  /** Submitted from an odd shell with low limits, and looked at while its unit runs. */
  beforeAll(async () => {
    world = makeSlurmWorld();
    const { url } = await world.json<{ url: string }>(['db', 'start']);
    const withPassword = new URL(url);
    withPassword.password = PASSWORD;
    gate = path.join(world.dir, 'gate');
    const env = { ...world.env, ...ODD_SHELL, OUTFLOW_DATABASE_URL: withPassword.href };
    const submit = ['submit', 'surroundings', '--count', '1', '--gate', gate, ...onSlurm(world), '--json'];
    const limited = ['bash', '-c', 'ulimit -n 400 -v 90000000; exec "$@"', '_', path.join(world.clone, 'bin/outflow'), ...submit];
    const { stdout, stderr } = await asUser(limited, { cwd: world.dir, env });
    expect(stderr).not.toContain(PASSWORD);
    ({ run } = JSON.parse(stdout) as { run: string });
    runDir = path.join(world.home, 'runs', run);
    await until(async () => (await world.run(['logs', run])).stdout.includes('ready'));
    job = (await jobsOf(run))[0]?.id ?? '';
    processes = processesOf(statSync(world.dir).uid);
    modes = modesIn(runDir);
    world.write('gate', '');
    expect(await ended(world, run)).toMatchObject({ state: 'succeeded' });
  });
  afterAll(() => world.end());

  const seen = async (): Promise<Surroundings> => (await resultsOf<Surroundings>(world, run)).units[0] as Surroundings;

  test('has the environment of the shell, and of its job what a program needs', async () => {
    const { environment } = await seen();
    expect(environment).toMatchObject({ MINE: 'as it was', MY_TOKEN: TOKEN, http_proxy: ODD_SHELL.http_proxy });
    expect(environment).toMatchObject({ SLURM_JOB_PARTITION: 'low', SLURM_CPUS_PER_TASK: '1', OMP_NUM_THREADS: '1' });
    expect(environment['SLURM_JOB_ID']).toBe((await scontrolShow('job', job))['JobId']);
  });

  test('has nothing else of Slurm’s or of an MPI launcher, and no secret of outflow', async () => {
    const { environment } = await seen();
    const foreign = Object.keys(environment).filter((name) => /^(SLURM|SRUN|SBATCH|SALLOC|PMI)/.test(name));
    const known = ['SLURM_JOB_ID', 'SLURM_JOB_PARTITION', 'SLURM_CPUS_PER_TASK', 'SLURM_CONF'];
    expect(foreign.filter((name) => !known.includes(name))).toEqual([]);
    expect(JSON.stringify(environment)).not.toContain(PASSWORD);
  });

  test('has a temporary directory of its own, which is gone after it', async () => {
    const { environment } = await seen();
    const tmp = environment['TMPDIR'] as string;
    expect(tmp).toMatch(/^\/tmp\/./);
    await until(() => !existsSync(path.dirname(path.dirname(tmp))));
  });

  test('has the limits of its node, not those of the shell', async () => {
    const { limits } = await seen();
    const [files, memory] = limits.split('\n');
    expect(Number(files)).toBeGreaterThan(400);
    expect(memory).toBe('unlimited');
  });

  test('the password of the database is in no process, file or output', async () => {
    expect(processes.length).toBeGreaterThan(5);
    expect(processes.filter((each) => JSON.stringify(each).includes(PASSWORD))).toEqual([]);
    const files = readdirSync(runDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.map(({ name }) => name)).toContain('coordinator.log');
    for (const { parentPath, name } of files) {
      expect({ name, text: readFileSync(path.join(parentPath, name), 'utf8') }).not.toMatchObject({
        text: expect.stringContaining(PASSWORD),
      });
    }
    const { stdout, stderr } = await world.run(['logs', run]);
    expect(stdout + stderr).not.toContain(PASSWORD);
  });

  test('Slurm is told no secret: not in the job, its script, its environment or what it prints', async () => {
    const script = (await asUser(['scontrol', 'write', 'batch_script', job.replace(/_.*/, ''), '-'])).stdout;
    expect(script).toContain('agent --join');
    const ofJob = processes.filter(({ arguments: args }) => /^(srun|\/bin\/bash|slurmstepd)|\bagent .*--allocation/.test(args));
    expect(ofJob.length).toBeGreaterThan(1);
    const shown = JSON.stringify([script, await scontrolShow('job', job), ofJob]);
    const printed = readdirSync(path.join(runDir, 'jobs')).map((name) => readFileSync(path.join(runDir, 'jobs', name), 'utf8'));
    for (const secret of [PASSWORD, TOKEN, 'PRIVATE KEY']) {
      expect(shown).not.toContain(secret);
      expect(printed.join('')).not.toContain(secret);
    }
  });

  test('the join file is the user’s alone, and no process shows its keys', () => {
    expect(modes).toMatchObject({ '.': '700', 'join.json': '600', 'control.json': '600', 'environment.json': '600' });
    expect(processes.filter((each) => JSON.stringify(each).includes('PRIVATE KEY'))).toEqual([]);
  });
});

describeSlurm('a prologue', () => {
  let world: SlurmWorld;
  beforeAll(() => {
    world = makeSlurmWorld();
  });
  afterAll(() => world.end());

  const surroundings = (...prologue: string[]) => {
    const gate = world.write('gate', '');
    return ['surroundings', '--count', '1', '--gate', gate, ...prologue.flatMap((line) => ['--prologue', line])];
  };

  test('runs before the agent: units have what it sets, beside what the shell had', async () => {
    const args = surroundings('load() { export LOADED=$1; }', 'load gcc/13', 'export PATH=/opt/gcc/bin:$PATH');
    const { units } = await succeed<Surroundings>(world, args, { MINE: 'too' });
    const [{ environment }] = units as [Surroundings];
    expect(environment).toMatchObject({ LOADED: 'gcc/13', MINE: 'too' });
    expect(environment['PATH']).toMatch(/^\/opt\/gcc\/bin:.*\/bin\/?:/);
  });

  test('that fails ends the run, with the line and what it printed', async () => {
    const args = surroundings('echo before', 'cat /etc/no-such-module');
    const { stdout, stderr, exitCode } = await world.run(['run', ...args, ...onSlurm(world)]);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 1 });
    expect(stderr).toContain('cat: /etc/no-such-module: No such file or directory');
    expect(stderr).toMatch(/prologue failed \(exit code 1\): cat \/etc\/no-such-module/);
    const run = /run (\w{8})/.exec(stderr)?.[1] as string;
    expect(await until(async () => (await jobsOf(run)).every(({ state }) => !/PENDING|RUNNING/.test(state)))).toBe(true);
  });
});

/** Of a directory and its files, by name. */
function modesIn(directory: string): Record<string, string> {
  const names = ['.', ...readdirSync(directory)];
  return Object.fromEntries(names.map((name) => [name, (statSync(path.join(directory, name)).mode & 0o777).toString(8)]));
}

/** Of one user. */
function processesOf(uid: number): { arguments: string; environment: string }[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      try {
        if (statSync(`/proc/${pid}`).uid !== uid) return [];
        const text = (file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8').replaceAll('\0', ' ');
        return { arguments: text('cmdline'), environment: text('environ') };
      } catch {
        return []; // gone
      }
    });
}
