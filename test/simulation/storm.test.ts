// Many faults at once, in runs that may fail or be cancelled: each ends, says why, and leaves neither a job nor an agent.
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import type { MapStep, Plan } from '../../src/plan/plan.ts';
import { mapStep, planOf, taskStep } from '../support/plans.ts';
import { FakeSlurm } from './fake-slurm.ts';
import { type Faults, letGo, moveAgent } from './two-maps.ts';
import { World } from './world.ts';

const SEEDS = Array.from({ length: 300 }, (_, seed) => seed + 1);

/** Some of them happen, in this run. */
const sometimes = (random: Random, rate: number): number => (random.chance(0.4) ? rate : 0);

function newPlan(random: Random): Plan {
  const map = (id: string, options: Partial<MapStep>) => {
    const work = taskStep(`${id}/Work`, { options: { retries: { max: 3, delayMs: 500 }, isolate: false } });
    const body = { steps: [work], inputs: ['item'], terminating: [work.id] };
    return mapStep(id, 'Gen', { body, onFailure: random.pick(['finish', 'abort', 'keep']), ...options });
  };
  return planOf(
    taskStep('Gen', { outputs: [{ name: 'items' }] }),
    map('wide', { cpusPerTask: 2 }),
    map('narrow', random.chance(0.3) ? { simultaneousTasks: 3 } : {}),
    taskStep('Print', { after: ['wide', 'narrow'] }),
  );
}

function newSlurm(world: World, random: Random): FakeSlurm {
  const pools = 1 + random.below(2);
  const faults = {
    unclear: sometimes(random, 0.3),
    late: sometimes(random, 0.3),
    deafScancel: sometimes(random, 0.3),
    limit: random.chance(0.3) ? 2 : Number.POSITIVE_INFINITY,
    preempt: sometimes(random, 0.01),
    nodeLost: sometimes(random, 0.003),
    walltimeMs: random.chance(0.3) ? 60_000 : 0,
    mute: sometimes(random, 0.1),
  };
  const poolOf = (step: number): number => (step === 1 ? 1 : step === 2 ? pools : 0);
  return new FakeSlurm(world, { poolOf, pools, maxAllocations: 1 + random.below(5), faults });
}

function play(seed: number): World {
  const choice = new Random(1_000_000 + seed);
  const isOnSlurm = choice.chance(0.7);
  let slurm: FakeSlurm | undefined;
  const plan = newPlan(choice);
  const world = new World(plan, new Random(seed), isOnSlurm ? (around) => (slurm = newSlurm(around, choice)) : undefined);
  const faults: Required<Faults> = {
    hangUp: sometimes(choice, 0.04),
    kill: sometimes(choice, 0.003),
    crash: sometimes(choice, 0.03),
    breakOff: sometimes(choice, 0.04),
    drain: sometimes(choice, 0.01),
    signal: sometimes(choice, 0.005),
    freeze: sometimes(choice, 0.004),
  };
  const failureRate = sometimes(choice, 0.2);
  const cancelAt = choice.chance(0.4) ? choice.below(600) : -1;
  const { random } = world;
  for (let move = 0; world.end === undefined || (slurm && slurm.live.length > 0 && !world.isAbandoned); move++) {
    if (move > 30_000)
      throw new Error(`no end: ${JSON.stringify([world.core.counts(), world.core.allocations(), world.agents])}`);
    const rate = move < 800 ? 1 : 0;
    if (world.units.has('0/0')) world.failureRate = failureRate;
    if (move === cancelAt && world.end === undefined) world.cancel();
    // Started by hand, for the maps.
    if (slurm && random.chance(0.002 * rate)) world.addAgent('', 2);
    if (random.chance(0.02) && world.agents.every(({ session }) => session !== null)) world.nowMs += random.below(20_000);
    slurm?.happen(rate);
    moveAgent(world, faults, rate);
    if (random.chance(0.05)) slurm?.poll();
    const crashes = world.end === undefined && random.chance(faults.crash * rate);
    if (crashes) world.batch(random.chance(0.5) ? 'before-commit' : 'before-send');
    else if (random.chance(0.4)) world.batch();
  }
  letGo(world);
  return world;
}

test('whatever comes together, a run ends, and leaves neither a job nor an agent', () => {
  const ends = new Set<string | undefined>();
  for (const seed of SEEDS) {
    try {
      ends.add(play(seed).end?.state);
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
  expect(ends).toEqual(new Set(['succeeded', 'failed', 'cancelled']));
});
