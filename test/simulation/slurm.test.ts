// Core on a Slurm with faults: each unit settles once, no job is left, and no more are asked for than the work needs.
import { describe, expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { FakeSlurm, type SlurmFaults } from './fake-slurm.ts';
import { type Faults, letGo, moveAgent, settledAs, twoMaps } from './two-maps.ts';
import { World } from './world.ts';

const SEEDS = Array.from({ length: 100 }, (_, seed) => seed + 1);
const MAX_ALLOCATIONS = 5;

const NONE: Faults = { hangUp: 0, kill: 0, crash: 0 };

function newWorld(seed: number, faults: Partial<SlurmFaults>, shared = false): { world: World; slurm: FakeSlurm } {
  let slurm: FakeSlurm | undefined;
  const world = new World(twoMaps(), new Random(seed), (around) => {
    slurm = new FakeSlurm(around, {
      poolOf: (step) => (step === 1 ? 1 : step === 2 ? (shared ? 1 : 2) : 0),
      pools: shared ? 1 : 2,
      maxAllocations: MAX_ALLOCATIONS,
      faults,
    });
    return slurm;
  });
  return { world, slurm: slurm as FakeSlurm };
}

/** Plays until the run has ended and nothing of it is left in Slurm; past `calmAfter` moves nothing goes wrong any more. */
function play({ world, slurm }: { world: World; slurm: FakeSlurm }, faults: Faults, calmAfter = 800, most = 20_000): void {
  const { random } = world;
  for (let move = 0; world.end === undefined || slurm.live.length > 0; move++) {
    if (move > most)
      throw new Error(
        `the run did not end in ${most} moves: ${JSON.stringify([world.core.counts(), world.core.allocations(), world.end, slurm.live, world.notices])}`,
      );
    const rate = move < calmAfter ? 1 : 0;
    // Long waits pass while all agents are there.
    const longMs = slurm.faults.walltimeMs > 0 ? 2_000 : 20_000;
    if (random.chance(0.02) && world.agents.every(({ session }) => session !== null)) world.nowMs += random.below(longMs);
    slurm.happen(rate);
    moveAgent(world, faults, rate);
    if (random.chance(0.05)) slurm.poll();
    if (world.end === undefined && random.chance(faults.crash * rate))
      world.batch(random.chance(0.5) ? 'before-commit' : 'before-send');
    else if (random.chance(0.4)) world.batch();
  }
  letGo(world);
}

describe('each unit settles once, the run succeeds, and no job is left', () => {
  test.each<[string, Partial<SlurmFaults>, Faults]>([
    ['nothing goes wrong', {}, NONE],
    ['connections are lost', {}, { ...NONE, hangUp: 0.05 }],
    ['agents die', {}, { ...NONE, kill: 0.003 }],
    ['coordinators die', {}, { ...NONE, crash: 0.03 }],
    ['the answers of sbatch are lost', { unclear: 0.5 }, NONE],
    ['sbatch is carried out late', { unclear: 0.5, late: 0.5 }, { ...NONE, crash: 0.005 }],
    ['scancel does not get through', { deafScancel: 0.5 }, NONE],
    ['a limit of jobs is met', { limit: 2 }, NONE],
    ['no node has as many CPUs as it shows', { mostCpus: 2 }, NONE],
    ['agents keep silent', { mute: 0.2 }, NONE],
    ['Slurm is wrong about what has ended', { lies: 0.2 }, NONE],
    ['a node is bad', { badNodes: ['n2'] }, NONE],
    ['jobs are preempted', { preempt: 0.02 }, NONE],
    ['nodes die', { nodeLost: 0.003 }, NONE],
    ['allocations are short', { walltimeMs: 40_000 }, NONE],
    [
      'all of it happens',
      { unclear: 0.2, late: 0.3, deafScancel: 0.3, limit: 3, preempt: 0.01, walltimeMs: 60_000 },
      { hangUp: 0.02, kill: 0.001, crash: 0.01 },
    ],
    ['words on their way are lost', {}, { ...NONE, hangUp: 0.01, crash: 0.01, breakOff: 0.05 }],
    ['agents are told to go', {}, { ...NONE, hangUp: 0.02, crash: 0.02, drain: 0.01, signal: 0.005 }],
    ['agents are away for long', {}, { ...NONE, hangUp: 0.02, crash: 0.01, breakOff: 0.02, freeze: 0.003 }],
  ])('when %s', (_what, slurmFaults, faults) => {
    for (const shared of [false, true]) {
      for (const seed of SEEDS) {
        const both = newWorld(seed, slurmFaults, shared);
        try {
          play(both, faults);
        } catch (error) {
          throw new Error(`seed ${seed}, ${shared ? 'one pool' : 'two pools'}: ${(error as Error).message}`, { cause: error });
        }
        const { world, slurm } = both;
        expect({ seed, shared, end: world.end, units: settledAs(world, 'succeeded') }).toMatchObject({
          end: { state: 'succeeded' },
          units: 26,
        });
        expect(slurm.most).toBeLessThanOrEqual(MAX_ALLOCATIONS);
      }
    }
  });
});

test('a cancel leaves no job, whatever they are at', () => {
  for (const seed of SEEDS) {
    const both = newWorld(seed, { unclear: 0.2, deafScancel: 0.3 });
    const { world, slurm } = both;
    const moves = world.random.below(150);
    for (let move = 0; move < moves && world.end === undefined; move++) {
      slurm.happen(1);
      const agent = world.agents.length > 0 ? world.random.pick(world.agents) : undefined;
      if (agent?.session === null) world.dial(agent);
      else if (agent && world.random.chance(0.5)) world.receive(agent);
      else if (agent) world.work(agent);
      if (world.random.chance(0.1)) slurm.poll();
      world.batch();
    }
    if (world.end !== undefined) continue;
    world.cancel();
    play(both, { hangUp: 0.02, kill: 0, crash: 0.01 });
    expect({ seed, state: (world as World).end?.state }).toEqual({ seed, state: 'cancelled' });
  }
});

test('the number of sbatch calls does not depend on the number of units', () => {
  for (const seed of SEEDS.slice(0, 20)) {
    const both = newWorld(seed, {});
    play(both, NONE);
    expect(both.slurm.submits).toBeLessThanOrEqual(6);
  }
});
