// Units on CPUs of their own, where what Slurm grants is what the node lets its processes use: here all CPUs of this machine.
import { availableParallelism } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseCpuList } from '../../agent/cpus/affinity.ts';
import { coresOf } from '../../agent/cpus/cores.ts';
import { describeSlurm, makeSlurmWorld, type SlurmWorld } from '../support/slurm.ts';
import { peak, type Sight, succeed } from '../support/slurm-runs.ts';

const CPUS = availableParallelism();

// The nodes have 8 CPUs.
const testHere = test.skipIf(CPUS < 2 || CPUS > 8);

describeSlurm('units where the CPUs granted are those that may be used', () => {
  let world: SlurmWorld;
  beforeAll(() => {
    world = makeSlurmWorld();
  });
  afterAll(() => world.end());

  const run = async (...args: string[]) =>
    (await succeed(world, ['probe', '--ms', '600', '--max-allocations', '1', '--sbatch', 'nodelist=node1', ...args])).units;
  const all = `cpus-per-task=${CPUS}`;
  const masks = (units: readonly Sight[]) => [...new Set(units.map(({ mask }) => mask))].sort();

  testHere('have each a CPU of its own, all of them in use at once', async () => {
    const units = await run('--count', String(3 * CPUS), '--cpus', '1', '--sbatch', all);
    expect(masks(units)).toHaveLength(CPUS);
    for (const mask of masks(units)) expect(parseCpuList(mask)).toHaveLength(1);
    expect(peak(units, () => 1)).toBe(CPUS);
    for (const [, onCpu] of Map.groupBy(units, ({ mask }) => mask)) expect(peak(onCpu, () => 1)).toBe(1);
  });

  testHere('of 2 CPUs have 2 that nobody shares, and no core in part', async () => {
    const units = await run('--count', '4', '--cpus', '2', '--sbatch', all);
    for (const { mask, cpus } of units) {
      const own = parseCpuList(mask);
      expect([own.length, ...cpus]).toEqual([2, 2, 2, 2, 2]);
      const others = Array.from({ length: CPUS }, (_, cpu) => cpu).filter((cpu) => !own.includes(cpu));
      expect(
        coresOf([...own, ...others])
          .filter((core) => core.some((cpu) => own.includes(cpu)))
          .flat()
          .sort(),
      ).toEqual(own);
    }
    for (const [, onCpus] of Map.groupBy(units, ({ mask }) => mask)) expect(peak(onCpus, () => 1)).toBe(1);
  });

  test.skipIf(CPUS >= 8)('are counted, and not bound, where more is granted', async () => {
    const units = await run('--count', '8', '--cpus', '1', '--sbatch', 'cpus-per-task=8');
    expect(masks(units).map((mask) => parseCpuList(mask).length)).toEqual([CPUS]);
    expect(peak(units, () => 1)).toBeGreaterThan(CPUS);
  });
});
