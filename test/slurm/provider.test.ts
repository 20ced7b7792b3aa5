// The provider on a real Slurm, as an ordinary user: submit, find again, explain, cancel.
import { chmodSync, chownSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Directive, SiteFacts } from '../../src/plan/slurm.ts';
import type { JobEnd, JobFacts, JobRequest, QueuedJob, SubmitOutcome } from '../../src/provider/slurm/index.ts';
import { asUser, cluster, describeSlurm, makeSlurmWorld, type SlurmWorld, submitter } from '../support/slurm.ts';
import { until } from '../support/until.ts';

let world: SlurmWorld;
let outputDir: string;
let count = 0;

/** Runs calls of the provider as the ordinary user, in one process. */
async function calls<Answers extends unknown[]>(
  list: unknown[][],
  env: Record<string, string> = {},
): Promise<{ answers: Answers; calls: number }> {
  const driver = path.join(submitter().clone, 'test/fixtures/slurm/call-slurm.ts');
  const { stdout, stderr } = await asUser(['node', driver], { cwd: world.dir, env, input: JSON.stringify(list) });
  if (stdout === '') throw new Error(String(stderr));
  return JSON.parse(String(stdout));
}

async function call<Answer>(...list: unknown[]): Promise<Answer> {
  return (await calls<[Answer]>([list])).answers[0];
}

const sleeper = ['/bin/sh', '-c', 'sleep 300', 'agent'];

function request(over: Partial<JobRequest> = {}, options: Record<string, string | number | true> = {}): JobRequest {
  count += 1;
  const directives = Object.entries(options).map(([name, value]): Directive => ({ name, value, source: 'flag' }));
  return {
    name: `outflow-${path.basename(path.dirname(world.dir))}-1-${count}`,
    directives,
    shape: { cpus: 1, memoryMib: 100, gpus: 0, nodes: 1, unitsPerNode: 1, why: '' },
    array: 1,
    prologue: [],
    cwd: world.dir,
    agent: sleeper,
    ship: 'path',
    growth: `1-${count}`,
    outputDir,
    ...over,
  };
}

async function submitted(job: JobRequest): Promise<string[]> {
  const outcome = await call<SubmitOutcome>('submit', job);
  if (outcome.kind !== 'submitted') throw new Error(`not submitted: ${outcome.message}`);
  return outcome.jobs;
}

async function queueOf(job: JobRequest): Promise<QueuedJob[]> {
  return (await call<QueuedJob[]>('queue', [job.name])).sort((a, b) => a.index - b.index);
}

/** Waits until all jobs of a request are in a phase. */
function allIn(job: JobRequest, phase: QueuedJob['phase'], seconds = 60): Promise<QueuedJob[]> {
  return until(async () => {
    const jobs = await queueOf(job);
    return jobs.length > 0 && jobs.every((it) => it.phase === phase) && jobs;
  }, seconds);
}

async function endOf(job: JobRequest, seconds = 60): Promise<JobEnd> {
  const jobs = await submitted(job);
  return until(async () => (await call<Record<string, JobEnd | null>>('ends', jobs, outputDir))[jobs[0]!] ?? undefined, seconds);
}

describeSlurm('the Slurm provider', () => {
  beforeAll(() => {
    world = makeSlurmWorld();
    outputDir = path.join(world.dir, 'output');
    const { uid, gid } = submitter();
    mkdirSync(outputDir, { mode: 0o700 });
    chownSync(outputDir, uid, gid);
  });
  afterEach(async () => {
    await cluster('ctld', 'thaw');
    await world.cancelJobs();
  });
  afterAll(async () => {
    await world.end();
  });

  test('the site is known by three calls', async () => {
    const { answers, calls: asked } = await calls<[SiteFacts, string]>([['site'], ['version']]);
    const [site, version] = answers;
    expect(asked).toBe(4);
    expect(version).toMatch(/^\d+\.\d+/);
    expect(site.nodes.map(({ name, cpus, threadsPerCore, gpus }) => [name, cpus, threadsPerCore, gpus])).toEqual([
      ['node1', 8, 1, 0],
      ['node2', 8, 1, 4],
      ['node3', 8, 2, 0],
      ['node4', 6, 1, 0],
    ]);
    expect(site.partitions.find((it) => it.isDefault)).toMatchObject({
      name: 'debug',
      defaultTimeMinutes: 10,
      maxTimeMinutes: 60,
    });
    expect(site.maxArraySize).toBe(1001);
  });

  test('one sbatch makes an array, one squeue finds it by name, one scancel ends it', async () => {
    const job = request({ array: 3 });
    const jobs = await submitted(job);
    expect(jobs.map((it) => it.replace(/^\d+/, ''))).toEqual(['_0', '_1', '_2']);
    const running = await allIn(job, 'running');
    expect(running.map((it) => it.job)).toEqual(jobs);
    expect(running[0]!.nodes).toMatch(/^node\d$/);
    expect(Math.abs(running[0]!.endMs! - running[0]!.startMs!)).toBe(10 * 60_000);
    const { answers, calls: made } = await calls<[number, null, null]>([
      ['jobsOfOurs'],
      ['cancel', [...jobs, '999999_0']],
      ['cancel', jobs],
    ]);
    expect(answers[0]).toBeGreaterThanOrEqual(3);
    expect(answers.slice(1)).toEqual([null, null]);
    expect(made).toBe(3);
    const ended = await allIn(job, 'ended');
    expect(ended.map((it) => it.state)).toEqual(['CANCELLED', 'CANCELLED', 'CANCELLED']);
    const ends = await call<Record<string, JobEnd>>('ends', jobs, outputDir);
    expect(jobs.map((it) => ends[it]?.cause)).toEqual(['cancelled', 'cancelled', 'cancelled']);
    expect(await call('describe', ['999999_0'])).toEqual([]);
  });

  test('the agent gets all of its node in the job, and nothing of ours', async () => {
    const script = 'echo "$@"; pwd; ulimit -c; env | cut -d= -f1 | sort';
    const job = request({
      agent: ['/bin/sh', '-c', script, 'agent', '--allocation'],
      prologue: ['export FROM_PROLOGUE=1', 'cd /'],
    });
    const outcome = (
      await calls<[SubmitOutcome]>([['submit', job]], {
        TOKEN: 'secret',
        SBATCH_PARTITION: 'nope',
        SBATCH_TIMELIMIT: '1',
        SLURM_JOB_ID: '1',
        SLURM_CPUS_PER_TASK: '7',
        SLURM_MEM_PER_CPU: '1',
        SQUEUE_FORMAT: '%i',
        SLURM_TIME_FORMAT: 'relative',
        TZ: 'Asia/Tokyo',
      })
    ).answers[0];
    expect(outcome.kind).toBe('submitted');
    await allIn(job, 'ended');
    const file = path.join(outputDir, `slurm-${job.name}.0.out`);
    const lines = readFileSync(file, 'utf8').split('\n');
    expect(lines).toContain(`--allocation ${job.growth}.0`);
    expect(lines).toContain('/');
    expect(lines).toEqual(expect.arrayContaining(['FROM_PROLOGUE', 'OUTFLOW_BEFORE_PROLOGUE', 'SLURM_JOB_ID', 'PATH', 'HOME']));
    expect(lines).not.toContain('TOKEN');
    expect(lines.filter((line) => line.startsWith('SBATCH_'))).toEqual([]);
  });

  test('what surrounds us changes nothing in what is asked', async () => {
    const env = {
      SQUEUE_STATES: 'FAILED',
      SQUEUE_FORMAT: '%i',
      SQUEUE_USERS: 'root',
      SLURM_TIME_FORMAT: 'relative',
      TZ: 'Asia/Tokyo',
    };
    const job = request();
    await submitted(job);
    const [plain] = await allIn(job, 'running');
    const { answers } = await calls<[QueuedJob[]]>([['queue', [job.name]]], env);
    expect(answers[0]).toEqual([plain]);
  });

  test.each([
    ['an unknown partition', { partition: 'nope' }, 'invalid', /partition/i],
    ['a partition for others', { partition: 'staff' }, 'invalid', /permitted/],
    ['an unknown feature', { constraint: 'nope' }, 'invalid', /feature/],
    ['an unknown account', { account: 'nope' }, 'invalid', /account/],
    ['an unknown option', { nonsense: 'x' }, 'invalid', /nonsense/],
    ['more memory than any node has', { mem: '1T' }, 'size', /not available/],
    ['more GPUs than any node has', { gres: 'gpu:9' }, 'size', /not available/],
  ])('%s is refused, in the words of Slurm', async (_what, options, why, words) => {
    const job = request({}, options as unknown as Record<string, string>);
    const outcome = await call<SubmitOutcome>('submit', job);
    expect(outcome).toMatchObject({ kind: 'refused', why, message: expect.stringMatching(words) });
    expect(await queueOf(job)).toEqual([]);
  });

  test('more CPUs than any node has are refused for size', async () => {
    const shape = { cpus: 9, memoryMib: 100, gpus: 0, nodes: 1, unitsPerNode: 9, why: '' };
    expect(await call('submit', request({ shape }))).toMatchObject({ kind: 'refused', why: 'size' });
  });

  test('more jobs than one may have are refused for the limit', async () => {
    await cluster('submit-limit', '2');
    try {
      expect(await call('submit', request({ array: 3 }))).toMatchObject({ kind: 'refused', why: 'limit' });
      // Those of an earlier test count until Slurm has forgotten them.
      await until(async () => (await call<SubmitOutcome>('submit', request({ array: 2 }))).kind === 'submitted');
    } finally {
      await cluster('submit-limit', 'off');
    }
  });

  test('an array larger than the site allows is refused for the limit', async () => {
    expect(await call('submit', request({ array: 5000 }))).toMatchObject({ why: 'limit', limit: 'MaxArraySize' });
  });

  test('a test tells when it would start, and submits nothing', async () => {
    const job = request();
    expect(await call('testOnly', job)).toMatchObject({ ok: true, text: expect.stringContaining('to start at') });
    expect(await call('testOnly', request({}, { partition: 'nope' }))).toMatchObject({
      ok: false,
      text: expect.stringMatching(/partition/),
    });
    expect(await queueOf(job)).toEqual([]);
  });

  test.each([
    ['too much time', { time: 100 }, 'never', 'PartitionTimeLimit'],
    ['a later begin', { begin: 'now+1hour' }, 'wait', 'BeginTime'],
  ])('a job with %s says why it waits', async (_what, options, kind, reason) => {
    const job = request({ array: 2 }, options as unknown as Record<string, string>);
    await submitted(job);
    const waiting = await until(async () => {
      const jobs = await queueOf(job);
      return jobs.length === 2 && jobs.every((it) => it.waiting?.reason === reason) && jobs;
    }, 30);
    expect(waiting.map((it) => it.waiting?.kind)).toEqual([kind, kind]);
  });

  test('a job that depends on one that failed is never to start', async () => {
    const first = request({ agent: ['/bin/false'] });
    const [failing] = await submitted(first);
    await allIn(first, 'ended');
    const job = request({}, { dependency: `afterok:${failing}` });
    await submitted(job);
    // Until Slurm has looked at it, it is said to wait for nothing.
    const waiting = await until(async () => {
      const [queued] = await queueOf(job);
      return queued?.waiting?.kind === 'never' && queued.waiting;
    });
    expect(waiting).toMatchObject({ reason: 'DependencyNeverSatisfied' });
  });

  test('a pending job that is cancelled is known as cancelled', async () => {
    const job = request({ array: 2 }, { begin: 'now+1hour' });
    const jobs = await submitted(job);
    await allIn(job, 'pending');
    await call('cancel', jobs);
    expect(await queueOf(job)).toEqual([]);
    const ends = await call<Record<string, JobEnd>>('ends', jobs, outputDir);
    expect(jobs.map((it) => ends[it]?.cause)).toEqual(['cancelled', 'cancelled']);
  });

  test('an output directory that the node cannot write is explained', async () => {
    const { uid, gid } = submitter();
    const closed = path.join(world.dir, 'closed');
    mkdirSync(closed, { recursive: true });
    chownSync(closed, uid, gid);
    chmodSync(closed, 0o500);
    expect(await endOf(request({ outputDir: closed }))).toMatchObject({
      cause: 'agent-lost',
      detail: expect.stringContaining('cannot write the output directory'),
    });
  });

  test('a prologue that fails, an agent that is not there and a directory that is not there are told in their own words', async () => {
    expect((await endOf(request({ prologue: ['cat /nonexistent'] }))).detail).toContain(
      'the prologue failed (exit code 1): cat /nonexistent',
    );
    expect((await endOf(request({ agent: ['/nonexistent/agent'] }))).detail).toContain('No such file or directory');
    expect((await endOf(request({ cwd: '/nonexistent' }))).detail).toContain('does not see the directory');
  });

  test('a failing prolog of the site is told from a cancel, with what Slurm says of the node', async () => {
    await cluster('prolog', 'fail', 'node1');
    try {
      const end = await endOf(request({}, { nodelist: 'node1' }));
      expect(end).toMatchObject({ cause: 'node-lost', detail: expect.stringMatching(/node1 is drain\w+: Prolog error/) });
    } finally {
      await cluster('prolog', 'ok', 'node1');
    }
  });

  test('a node that is lost, and a job that gave way, are told apart', async () => {
    const job = request({}, { partition: 'low-cancel', nodelist: 'node1', exclusive: true });
    const jobs = await submitted(job);
    await allIn(job, 'running');
    const winner = request({}, { partition: 'high', nodelist: 'node1', exclusive: true });
    const won = await submitted(winner);
    await allIn(winner, 'running');
    expect((await call<Record<string, JobEnd>>('ends', jobs, outputDir))[jobs[0]!]?.cause).toBe('preempted');
    // Not `down` alone: a step that lives on drains the node a minute later, when Slurm cannot end it.
    await cluster('node', 'crash', 'node1');
    await cluster('node', 'down', 'node1');
    try {
      const end = await until(
        async () => (await call<Record<string, JobEnd | null>>('ends', won, outputDir))[won[0]!] ?? undefined,
      );
      expect(end.cause).toBe('node-lost');
    } finally {
      await cluster('node', 'start', 'node1');
    }
  });

  test('a submit during a stall is unclear, and its jobs are found by name afterwards', async () => {
    const job = request({ array: 2 });
    await cluster('ctld', 'freeze');
    const { answers } = await calls<[SubmitOutcome, { error: { code: string } }]>([
      ['submit', job],
      ['queue', [job.name]],
    ]);
    expect(answers[0]).toMatchObject({ kind: 'unclear' });
    expect(answers[1].error.code).toBe('slurm-failed');
    await cluster('ctld', 'thaw');
    const found = await allIn(job, 'running');
    expect(found.map((it) => it.index)).toEqual([0, 1]);
    const [facts] = await call<JobFacts[]>('describe', [found[0]!.job]);
    expect(facts).toMatchObject({ phase: 'running', name: job.name });
  });
});
