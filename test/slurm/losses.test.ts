// Nodes and daemons that go while units run: our heartbeat says who lives, Slurm says why something died, and no result is lost.
import { afterEach, expect, test } from 'vitest';
import { HeldRun } from '../support/held-runs.ts';
import { jobsOf, liveJobsOf, type NotedRuns, useNotedRuns } from '../support/noted-runs.ts';
import { cluster, describeSlurm, type SlurmWorld } from '../support/slurm.ts';
import { until } from '../support/until.ts';

describeSlurm('a run on Slurm', () => {
  let world: SlurmWorld;
  let runs: NotedRuns;
  useNotedRuns((used) => {
    ({ world, runs } = used);
  });
  const made: HeldRun[] = [];
  afterEach(async () => {
    for (const held of made.splice(0)) held.letGo(); // of a test that has failed: the nodes are the next one's
    await cluster('reset');
  });

  /** A run of two units, which fill any one node, and the node on which they run. */
  async function begun(name: string) {
    const held = new HeldRun(world, name, ['--count', '2', '--cpus', '3']);
    made.push(held);
    const run = await held.submit();
    await until(() => held.notes().length === 2);
    const [node, ...others] = new Set(held.notes().map(({ host }) => host));
    expect(others).toEqual([]);
    return { held, run, node: node as string };
  }

  /** Waits until both units run on another node; gives the seconds since `fromMs`. */
  async function againElsewhere({ held, node }: { held: HeldRun; node: string }, fromMs: number): Promise<number> {
    await until(() => held.notes().filter(({ attempt, host }) => attempt === 2 && host !== node).length === 2);
    return (performance.now() - fromMs) / 1000;
  }

  /** Lets the units end; each counts once, and is of this attempt. */
  async function endsWell({ held, run }: { held: HeldRun; run: string }, attempt: number): Promise<void> {
    held.letGo();
    expect(await runs.ended(run)).toBe('succeeded');
    expect(await runs.units(run)).toEqual([0, 1].map((index) => ({ index, state: 'succeeded', attempt })));
  }

  test('loses nothing to a slurmd that ends, and to a Slurm that takes its node for dead', async () => {
    const begin = await begun('slurmd');
    await cluster('node', 'stop', begin.node);
    await cluster('node', 'down', begin.node);
    await until(async () => (await liveJobsOf(begin.run)).length === 0);
    await endsWell(begin, 1);
    expect(await runs.attempts(begin.run)).toEqual([]);
  });

  test('runs the units of a crashed and of a frozen node elsewhere, though Slurm takes both for alive; nothing counts twice', async () => {
    const [crashed, frozen] = [await begun('crash'), await begun('freeze')];
    await cluster('node', 'freeze', frozen.node);
    const frozenMs = performance.now();
    await cluster('node', 'crash', crashed.node);
    const crashedMs = performance.now();
    const seconds = await Promise.all([againElsewhere(crashed, crashedMs), againElsewhere(frozen, frozenMs)]);
    // Noticed within 15 s; a new allocation takes a moment, and may have to wait for a busy machine.
    for (const each of seconds) expect(each).toBeLessThan(25);
    // What comes back ends its units at once, late.
    frozen.held.letGo(frozen.node);
    await cluster('node', 'thaw', frozen.node);
    await until(() => frozen.held.notes('end').filter(({ host }) => host === frozen.node).length === 2);
    for (const each of [crashed, frozen]) {
      await endsWell(each, 2);
      // Of each unit that was known to run: one that had only just begun is blamed for nothing.
      const attempts = await runs.attempts(each.run);
      expect(attempts).not.toEqual([]);
      for (const attempt of attempts)
        expect(attempt).toMatchObject({ loss: true, cause: expect.stringMatching(/^(agent|node)-lost$/) });
    }
  });

  test('runs the units of one node of several elsewhere, while the others of its allocation go on', async () => {
    const held = new HeldRun(world, 'several', ['--count', '4', '--cpus', '4', '--nodes-per-allocation', '2']);
    made.push(held);
    const run = await held.submit();
    await until(() => held.notes().length === 4);
    expect(await jobsOf(run)).toHaveLength(1);
    const nodes = [...new Set(held.notes().map(({ host }) => host))].sort();
    expect(nodes).toHaveLength(2);
    // The first one has the job's script.
    const [stays, silent] = nodes as [string, string];
    await cluster('node', 'freeze', silent);
    await until(() => held.notes().filter(({ attempt, host }) => attempt === 2 && !nodes.includes(host)).length === 2);
    // Slurm takes it for dead as well, and out of the job.
    await cluster('node', 'down', silent);
    await until(async () => (await liveJobsOf(run)).some((job) => job.nodes === stays));
    held.letGo();
    expect(await runs.ended(run)).toBe('succeeded');
    expect((await runs.units(run)).map(({ attempt }) => attempt).sort()).toEqual([1, 1, 2, 2]);
    expect(held.notes('end').filter(({ host }) => host === stays)).toHaveLength(2);
  });

  test('does not wait for silence where Slurm knows that a node is down', async () => {
    const begin = await begun('down');
    const fromMs = performance.now();
    await cluster('node', 'down', begin.node);
    await cluster('node', 'crash', begin.node);
    expect(await againElsewhere(begin, fromMs)).toBeLessThan(10);
    await endsWell(begin, 2);
    for (const attempt of await runs.attempts(begin.run)) expect(attempt).toMatchObject({ loss: true, cause: 'node-lost' });
  });
});
