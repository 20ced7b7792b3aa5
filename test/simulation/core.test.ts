// Core under faults: whatever is lost, each unit settles once and the run ends.
import { describe, expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { mapStep, planOf, taskStep } from '../support/plans.ts';
import { type Faults, letGo, moveAgent, settledAs, twoMaps } from './two-maps.ts';
import { World } from './world.ts';

const SEEDS = Array.from({ length: 150 }, (_, seed) => seed + 1);

/** Plays `world` until its run ends; past `calmAfter` moves nothing goes wrong any more. */
function play(world: World, faults: Faults, calmAfter = 600, most = 20_000): void {
  const { random } = world;
  for (let move = 0; world.end === undefined; move++) {
    if (move > most) throw new Error(`the run did not end in ${most} moves: ${JSON.stringify(world.core.counts())}`);
    const rate = move < calmAfter ? 1 : 0;
    moveAgent(world, faults, rate);
    if (random.chance(faults.crash * rate)) world.batch(random.chance(0.5) ? 'before-commit' : 'before-send');
    else if (random.chance(0.4)) world.batch();
  }
  letGo(world);
}

describe('whatever is lost, each unit settles once and the run succeeds', () => {
  test.each([
    ['nothing', { hangUp: 0, kill: 0, crash: 0 }],
    ['connections', { hangUp: 0.1, kill: 0, crash: 0 }],
    ['coordinators', { hangUp: 0.02, kill: 0, crash: 0.05 }],
    ['a few agents', { hangUp: 0.05, kill: 0.004, crash: 0.02 }],
    ['words on their way', { hangUp: 0.01, kill: 0, crash: 0.01, breakOff: 0.05 }],
    ['agents that are told to go', { hangUp: 0.02, kill: 0, crash: 0.02, drain: 0.01, signal: 0.005 }],
    ['agents for a while', { hangUp: 0.02, kill: 0, crash: 0.01, breakOff: 0.02, freeze: 0.003 }],
  ] as const)('when %s are lost', (_what, faults) => {
    for (const seed of SEEDS) {
      const world = new World(twoMaps(), new Random(seed));
      play(world, faults);
      expect({ seed, end: world.end?.state, units: settledAs(world, 'succeeded') }).toEqual({
        seed,
        end: 'succeeded',
        units: 26,
      });
    }
  });
});

test('without faults no unit is executed twice', () => {
  for (const seed of SEEDS) {
    const world = new World(twoMaps(), new Random(seed));
    play(world, { hangUp: 0, kill: 0, crash: 0 });
    expect({ seed, executions: world.executions }).toEqual({ seed, executions: 26 });
  }
});

test('a lost connection costs no execution: what an agent held it still holds', () => {
  for (const seed of SEEDS) {
    const world = new World(twoMaps(), new Random(seed));
    play(world, { hangUp: 0.1, kill: 0, crash: 0 });
    expect({ seed, attempts: world.attempts.length }).toEqual({ seed, attempts: 0 });
  }
});

test('a unit lost again and again fails, and the run ends with its cause', () => {
  const world = new World(planOf(taskStep('Gen', { outputs: [{ name: 'items' }] })), new Random(7));
  for (let moves = 0; world.end === undefined && moves < 10_000; moves++) {
    const [agent] = world.agents;
    if (agent?.session === null) world.dial(agent);
    else if (agent && agent.held.size > 0) world.kill(agent);
    else if (agent) world.receive(agent);
    world.batch();
  }
  expect(world.end?.state).toBe('failed');
  expect(world.end?.failure).toMatchObject({ cause: 'agent-lost', message: expect.stringContaining('lost 5 times') });
});

test('with onFailure finish the other elements go on, and the failure names the failed ones', () => {
  for (const seed of SEEDS) {
    const world = new World(
      planOf(taskStep('Gen', { outputs: [{ name: 'items' }] }), mapStep('wide', 'Gen'), taskStep('Print', { after: ['wide'] })),
      new Random(seed),
    );
    while (!world.units.has('0/0')) step(world);
    world.failureRate = 0.3;
    play(world, { hangUp: 0.02, kill: 0, crash: 0.02 });
    const elements = [...world.units].filter(([key]) => key.startsWith('1/')).map(([, state]) => state);
    const failed = elements.filter((state) => state === 'failed').length;
    expect({ seed, elements: elements.length, print: world.units.has('2/0') }).toEqual({
      seed,
      elements: 12,
      print: failed === 0,
    });
    if (failed > 0)
      expect(world.end).toMatchObject({
        state: 'failed',
        failure: { message: expect.stringContaining(`${failed} of 12 elements failed`) },
      });
  }
});

test('with onFailure abort no further unit goes out after the first failure', () => {
  const world = new World(
    planOf(taskStep('Gen', { outputs: [{ name: 'items' }] }), mapStep('wide', 'Gen', { onFailure: 'abort' })),
    new Random(3),
  );
  while (!world.units.has('0/0')) step(world);
  world.failureRate = 1;
  play(world, { hangUp: 0, kill: 0, crash: 0 });
  expect(world.end?.state).toBe('failed');
  expect(settledAs(world, 'failed')).toBe(1);
  expect(world.units.size).toBeLessThan(13);
});

test('retries are spent by own failures only, and outlive a take-over', () => {
  const work = taskStep('wide/Work', { options: { retries: { max: 3, delayMs: 500 }, isolate: false } });
  const map = mapStep('wide', 'Gen', { body: { steps: [work], inputs: ['item'], terminating: ['wide/Work'] } });
  for (const seed of SEEDS.slice(0, 40)) {
    const world = new World(planOf(taskStep('Gen', { outputs: [{ name: 'items' }] }), map), new Random(seed));
    while (!world.units.has('0/0')) step(world);
    world.failureRate = 1;
    play(world, { hangUp: 0.02, kill: 0, crash: 0.02 });
    expect(settledAs(world, 'failed')).toBe(12);
    for (let index = 0; index < 12; index++) {
      expect(world.attempts.filter((row) => row.step === 1 && row.index === index && row.loss === false)).toHaveLength(3);
    }
  }
});

test('a cancel ends the run, with what was running told to end', () => {
  for (const seed of SEEDS) {
    const world = new World(twoMaps(), new Random(seed));
    const moves = world.random.below(60);
    for (let move = 0; move < moves && !hasEnded(world); move++) step(world);
    if (hasEnded(world)) continue;
    world.cancel();
    play(world, { hangUp: 0.02, kill: 0, crash: 0 });
    expect({ seed, state: world.end?.state }).toEqual({ seed, state: 'cancelled' });
  }
});

/** Asked anew each time: a property that the compiler has once seen undefined it takes to stay so. */
function hasEnded(world: World): boolean {
  return world.end !== undefined;
}

/** One move without faults. */
function step(world: World): void {
  const { random } = world;
  if (world.agents.length > 0) {
    const agent = random.pick(world.agents);
    if (agent.session === null) world.dial(agent);
    else if (random.chance(0.5)) world.receive(agent);
    else world.work(agent);
  }
  world.batch();
}
