// Allocations of which no agent comes up: what the user hears of it, and when the run stops trying.
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { gatedSbatch } from '../support/gated-sbatch.ts';
import { HeldRun } from '../support/held-runs.ts';
import { jobsGone, jobsOf } from '../support/noted-runs.ts';
import { cluster, describeSlurm, makeSlurmWorld, type SlurmWorld, scontrolShow } from '../support/slurm.ts';
import { until } from '../support/until.ts';

describeSlurm('allocations without an agent', () => {
  let world: SlurmWorld;
  beforeAll(() => {
    world = makeSlurmWorld();
  });
  afterAll(() => world.end());

  /** Runs to the end units that would end at once. */
  async function run(name: string, args: string[] = []) {
    const held = new HeldRun(world, name, args);
    held.letGo();
    return ended(await world.run(['run', ...held.args]));
  }

  async function ended({ exitCode, stderr }: { exitCode: number | undefined; stderr: string }) {
    const id = /run (\w{8})/.exec(stderr)?.[1] as string;
    await jobsGone(id);
    return { id, exitCode, stderr, jobs: await jobsOf(id) };
  }

  test('three in a row whose prologue fails: the run stops, in the words of the prologue', async () => {
    const { exitCode, stderr, jobs } = await run('prologue', ['--prologue', 'echo no such module >&2; exit 3']);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(
        /map: 3 allocations in a row were of no use:.*failed in its prologue; it printed:\n.*no such module\n.*the prologue ended the job \(exit code 3\)/s,
      ),
    });
    expect(jobs).toHaveLength(3);
  });

  test('on one node only: no further allocation goes there, and it is named', async () => {
    // The first node that is tried is the bad one.
    const bad = world.write('bad', '');
    const prologue = `test -s ${bad} || hostname > ${bad}; test "$(hostname)" != "$(cat ${bad})"`;
    const { exitCode, stderr, jobs } = await run('one-node', ['--count', '1', '--prologue', prologue]);
    const node = readFileSync(bad, 'utf8').trim();
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(
        new RegExp(`no further allocation goes to node ${node}: no agent said hello there: job .*failed in its prologue`),
      ),
    });
    const good = jobs.filter(({ nodes }) => nodes !== node);
    expect(jobs.length - good.length).toBe(2);
    expect(good).toHaveLength(1);
    expect(await scontrolShow('job', good[0]!.id)).toMatchObject({ ExcNodeList: node });
  });

  test('an agent that cannot start: the run stops, with what it printed', async () => {
    const { exitCode, stderr } = await run('agent', ['--prologue', 'ulimit -v 100000']);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/3 allocations in a row were of no use:.*it printed:/s),
    });
  });

  test('an output directory that nodes cannot write is explained', async () => {
    const sbatch = gatedSbatch(world, 'output');
    const held = new HeldRun(world, 'output');
    held.letGo();
    const running = world.start(['run', ...held.args], { env: sbatch.env });
    await until(() => existsSync(sbatch.reached));
    chmodSync(path.dirname(sbatch.outputFile()), 0o500);
    sbatch.open();
    const { exitCode, stderr } = await ended((await running) as never);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/JobLaunchFailure, exit code 0:53.*cannot write the output directory.*slurm\.sharedDir/s),
    });
  });

  test('an agent that reaches no coordinator says where it tried and why not, and goes on once it does', async () => {
    const sbatch = gatedSbatch(world, 'unreachable');
    const held = new HeldRun(world, 'unreachable', ['--count', '1']);
    held.letGo();
    const running = world.start(['run', ...held.args], { env: sbatch.env });
    await until(() => existsSync(sbatch.reached));
    const runDir = path.dirname(path.dirname(sbatch.outputFile()));
    const joinFile = path.join(runDir, 'join.json');
    const join = readFileSync(joinFile, 'utf8');
    const { addresses: _, ...rest } = JSON.parse(join);
    writeFileSync(joinFile, JSON.stringify({ addresses: ['localhost:1', 'login.invalid:7000'], ...rest }));
    sbatch.open();
    const output = sbatch.outputFile().replace('%a', '0');
    const printed = await until(() => {
      const text = existsSync(output) ? readFileSync(output, 'utf8') : '';
      return text.includes('login.invalid:7000: ') && text;
    });
    expect(printed).toMatch(/the agent on node\d dials again: the coordinator answers at none of its addresses/);
    expect(printed).toMatch(
      /localhost:1: nobody listens there.*\n.*login\.invalid:7000: (this host does not know that name|the name service)/,
    );
    writeFileSync(joinFile, join);
    const { exitCode, stderr } = await running;
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('succeeded') });
  });

  describe('as the Prolog of the site fails', () => {
    afterEach(() => cluster('reset'));

    test('on one node: the run goes on elsewhere, and the node is named', async () => {
      await cluster('prolog', 'fail', 'node1');
      const { exitCode, stderr, jobs } = await run('prolog');
      expect({ exitCode, stderr }).toMatchObject({
        exitCode: 0,
        stderr: expect.stringMatching(
          /an allocation was of no use, another is asked for: job \S+ on node1 ended before its script/,
        ),
      });
      expect(jobs.map(({ nodes }) => nodes).sort()).toEqual(['node1', expect.stringMatching(/node[2-4]/)]);
    });

    test('on all nodes: the run stops after three', async () => {
      for (const node of ['node1', 'node2', 'node3', 'node4']) await cluster('prolog', 'fail', node);
      const { exitCode, stderr, jobs } = await run('prologs');
      expect({ exitCode, stderr }).toMatchObject({
        exitCode: 1,
        stderr: expect.stringMatching(/3 allocations in a row were of no use:.*prolog failed there.*Prolog error/s),
      });
      expect(jobs).toHaveLength(3);
    });
  });
});
