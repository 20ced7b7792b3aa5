// An agent in a Slurm job: what it offers, what its units see of the job, what each of them owns.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { act, isLive, outOf, withAgent } from './with-agent.ts';

test('it offers what Slurm granted on its node, for the allocation that its command line names', () =>
  withAgent(
    { job: { SLURM_JOB_CPUS_PER_NODE: '3,7', SLURM_NODEID: '1', SLURM_MEM_PER_CPU: '100', CUDA_VISIBLE_DEVICES: '2,3' } },
    async (coordinator) => {
      const [hello] = coordinator.connections[0]!.hellos;
      const memoryBytes = 700 * 1024 * 1024;
      expect(hello).toMatchObject({ allocation: '1-1.0', cpus: 7, memoryBytes, gpus: 2, job: '71' });
    },
  ));

test('a grant beyond the CPUs that its processes may use is a warning of the run, once', () =>
  withAgent({ job: { SLURM_JOB_CPUS_PER_NODE: '4000' } }, async (coordinator) => {
    const warnings = () => coordinator.logs.filter((line) => line.text.includes('granted 4000 CPUs'));
    await coordinator.waitFor('the warning', () => warnings().length > 0);
    expect(warnings()[0]).toMatchObject({ hasUnit: false, stream: 3, level: 2 });
    await coordinator.goAway();
    await coordinator.listen();
    await coordinator.waitFor('the second hello', () => coordinator.connections[1]?.hellos[0]);
    await coordinator.resultsOf(coordinator.lease('map', [act('give')]));
    expect(new Set(coordinator.reports.filter((it) => it.logs.length > 0).map((it) => it.seq)).size).toBe(1);
  }));

const submitted = { PATH: process.env['PATH'] ?? '', GREETING: 'from the login node', SLURM_JOB_ID: '5', SBATCH_PARTITION: 'x' };

test("units have the submitter's environment, with what names the job and nothing else of Slurm", () =>
  withAgent(
    {
      job: { SECRET_OF_THE_JOB: 'x' },
      prepare: (coordinator) => coordinator.alter({ environment: { ...submitted, OUTFLOW_DATABASE_URL: 'postgres://secret' } }),
    },
    async (coordinator) => {
      const [result] = await coordinator.resultsOf(coordinator.lease('map', [act('environment')], { cpus: 2 }));
      const { own, childs } = outOf(result!);
      expect(own).toMatchObject({ GREETING: 'from the login node', SLURM_JOB_ID: '71', SLURM_JOB_PARTITION: 'debug' });
      expect(
        Object.keys(own)
          .filter((name) => /^(SLURM|SBATCH|PMI)/.test(name))
          .sort(),
      ).toEqual(['SLURM_CPUS_PER_TASK', 'SLURM_JOB_ID', 'SLURM_JOB_PARTITION']);
      expect(own['SLURM_CPUS_PER_TASK']).toBe('2');
      expect(own).not.toHaveProperty('SECRET_OF_THE_JOB');
      expect(own).not.toHaveProperty('OUTFLOW_DATABASE_URL');
      expect(childs).toContain('SLURM_CPUS_PER_TASK=2');
      expect(childs).toContain('GREETING=from the login node');
    },
  ));

test('what the prologue of the job has set reaches units', () =>
  withAgent(
    {
      job: {
        OUTFLOW_BEFORE_PROLOGUE: Buffer.from(`PATH=${process.env['PATH']}\0`).toString('base64'),
        PATH: `/opt/tool/bin:${process.env['PATH']}`,
        TOOL_HOME: '/opt/tool',
      },
      prepare: (coordinator) => coordinator.alter({ environment: { ...submitted, PATH: '/bin:/usr/bin' } }),
    },
    async (coordinator) => {
      const [result] = await coordinator.resultsOf(coordinator.lease('map', [act('environment')]));
      expect(outOf(result!).own).toMatchObject({ PATH: '/opt/tool/bin:/bin:/usr/bin', TOOL_HOME: '/opt/tool' });
    },
  ));

test('each unit finds an empty TMPDIR, short enough for sockets, which goes with the agent', () =>
  withAgent({ workers: 1 }, async (coordinator) => {
    const elements = ['a', 'b', 'c'].map((name) => act('temporary', { name }));
    const seen = (await coordinator.resultsOf(coordinator.lease('map', elements))).map((result) => outOf(result));
    expect(seen.map(({ before }) => before)).toEqual([[], [], []]);
    const [{ directory }] = seen;
    expect(directory.length).toBeLessThan(70);
    expect(readdirSync(directory)).toEqual([]);
    coordinator.send({ kind: 'drain', drain: { reason: 'over', cancelRunning: false, cause: '' } });
    await coordinator.exitOf();
    expect(existsSync(directory)).toBe(false);
  }));

test('units with GPUs see their own, units without see none', () =>
  withAgent({ job: { CUDA_VISIBLE_DEVICES: '4,5', SLURM_JOB_CPUS_PER_NODE: '4' } }, async (coordinator) => {
    const until = path.join(coordinator.directory, 'go');
    const began = (name: string): string => path.join(coordinator.directory, name);
    const [first] = coordinator.lease('map', [act('wait', { until, began: began('first') })], { gpus: 1 });
    await coordinator.waitFor('the first', () => existsSync(began('first')));
    const [second, third] = await Promise.all(
      coordinator.lease('map', [act('environment')], {}, 1).map((lease) => coordinator.resultOf(lease)),
    );
    expect(third).toBe(undefined);
    const { own } = outOf(second!);
    expect(own).toMatchObject({ CUDA_VISIBLE_DEVICES: '5', ROCR_VISIBLE_DEVICES: '5', HIP_VISIBLE_DEVICES: '5' });
    writeFileSync(until, '');
    await coordinator.resultOf(first);
  }));

test('units without GPUs see none where there are some', () =>
  withAgent({ job: { CUDA_VISIBLE_DEVICES: '4,5' } }, async (coordinator) => {
    const [result] = await coordinator.resultsOf(coordinator.lease('map', [act('environment')]));
    expect(outOf(result!).own).toMatchObject({ CUDA_VISIBLE_DEVICES: '', ROCR_VISIBLE_DEVICES: '' });
  }));

test('as many units run at once as the memory allows', () =>
  withAgent({ job: { SLURM_JOB_CPUS_PER_NODE: '4', SLURM_MEM_PER_NODE: '1000' } }, async (coordinator) => {
    const files = ['a', 'b', 'c'].map((name) => path.join(coordinator.directory, name));
    const until = path.join(coordinator.directory, 'go');
    const elements = files.map((began) => act('wait', { began, until }));
    const leases = coordinator.lease('map', elements, { memoryMib: 450 });
    await coordinator.waitFor('two to begin', () => existsSync(files[0]!) && existsSync(files[1]!));
    await coordinator.waitFor('both to be told of', () => coordinator.started.length === 2);
    expect(existsSync(files[2]!)).toBe(false);
    writeFileSync(until, '');
    await coordinator.resultsOf(leases);
  }));

test.skipIf(process.platform !== 'linux').each([false, true])(
  'a unit over its memory is ended with what it used, in a child: %s',
  (inChild) =>
    withAgent({ workers: 1 }, async (coordinator) => {
      const until = path.join(coordinator.directory, 'go');
      const bytes = 400 * 1024 * 1024;
      const elements = [act('fill', { bytes, inChild, until }), act('give', { value: 'next' })];
      const [over, next] = await coordinator.resultsOf(coordinator.lease('map', elements, { memoryMib: 300 }));
      expect(over?.failure).toMatchObject({ cause: 'out-of-memory' });
      const [, used] = /used (\d+) MiB .* memPerTask of 300 MiB/.exec(over?.failure?.message ?? '') ?? [];
      expect(Number(used)).toBeGreaterThanOrEqual(300);
      expect(outOf(next!)).toBe('next');
    }),
);

test('a unit within its memory is left alone, and has a heap below it', () =>
  withAgent({ workers: 1 }, async (coordinator) => {
    const until = path.join(coordinator.directory, 'go');
    const [lease] = coordinator.lease('map', [act('fill', { bytes: 100 * 1024 * 1024, until })], { memoryMib: 400 });
    await coordinator.waitFor('the start', () => coordinator.started.length > 0);
    await coordinator.waitFor('a word on memory', () =>
      coordinator.messages.some((message) => message.kind === 'usage' && message.usage.memoryBytes > 100 * 1024 * 1024),
    );
    writeFileSync(until, '');
    expect(outOf(await coordinator.resultOf(lease))).toBe('object');
    const [result] = await coordinator.resultsOf(coordinator.lease('map', [act('environment')], {}, 1));
    expect(outOf(result!).own).not.toHaveProperty('NODE_OPTIONS');
    const [full] = await coordinator.resultsOf(coordinator.lease('map', [act('exhaust')], {}, 2));
    expect(full?.failure?.message).toMatch(/memPerTask of 400 MiB/);
  }));

test.skipIf(process.platform !== 'linux')('hosts offer themselves to the kernel where memory runs out, the agent does not', () =>
  withAgent({}, async (coordinator) => {
    const [result] = await coordinator.resultsOf(coordinator.lease('map', [act('environment')]));
    expect(Number(outOf(result!).oomScore)).toBeGreaterThanOrEqual(500);
  }),
);

test('it tells every few seconds what it uses', () =>
  withAgent({ workers: 2 }, async (coordinator) => {
    const until = path.join(coordinator.directory, 'go');
    const [done] = coordinator.lease('map', [act('give')]);
    await coordinator.resultOf(done);
    const [lease] = coordinator.lease('map', [act('wait', { until })], {}, 1);
    const { usage } = await coordinator.waitFor('usage', () =>
      coordinator.messages.filter((message) => message.kind === 'usage').find((message) => message.usage.cpusUsed > 0),
    );
    expect(usage).toMatchObject({ cpusUsed: 1, unitsDone: 1 });
    if (process.platform === 'linux') expect(usage.memoryBytes).toBeGreaterThan(1024 * 1024);
    writeFileSync(until, '');
    await coordinator.resultOf(lease);
  }));

test('an agent started by hand is of no allocation, and leaves at Ctrl-C', () =>
  withAgent({ job: {} }, async (coordinator) => {
    coordinator.agent?.kill('SIGKILL');
    await coordinator.exitOf();
    const agent = coordinator.start(process.env, '--workers', '3');
    const hello = await coordinator.waitFor('its hello', () => coordinator.connections[1]?.hellos[0]);
    expect(hello).toMatchObject({ allocation: '', cpus: 3, job: '', memoryBytes: 0 });
    const [lease] = coordinator.lease('map', [act('give', { value: 5 })]);
    expect(outOf(await coordinator.resultOf(lease))).toBe(5);
    agent.kill('SIGINT');
    expect(await coordinator.exitOf(agent)).toEqual({ code: 0, signal: null });
    expect(isLive(hello.pid)).toBe(false);
  }));
