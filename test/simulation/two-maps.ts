// What the simulations play: two maps between local tasks, and what may be lost of the run around them.
import type { Plan } from '../../src/plan/plan.ts';
import { mapStep, planOf, taskStep } from '../support/plans.ts';
import type { World } from './world.ts';

export function twoMaps(): Plan {
  return planOf(
    taskStep('Gen', { outputs: [{ name: 'items' }] }),
    mapStep('wide', 'Gen', { cpusPerTask: 2 }),
    mapStep('narrow', 'Gen'),
    taskStep('Print', { after: ['wide', 'narrow'] }),
  );
}

/** How likely each is at a move. */
export interface Faults {
  hangUp: number;
  kill: number;
  crash: number;
  /** Connections break unnoticed, and what was on its way is lost. */
  breakOff?: number;
  /** A user has an agent go. */
  drain?: number;
  /** An agent is told by a signal to go. */
  signal?: number;
  /** Nobody gets on for longer than agents are waited for. */
  freeze?: number;
}

/** One move of what may happen to the agents of a run; `rate`: how much of it still does. */
export function moveAgent(world: World, faults: Faults, rate: number): void {
  const { random } = world;
  world.nowMs += random.chance((faults.freeze ?? 0) * rate) ? 15_000 : random.below(200);
  if (random.chance(0.2)) world.notice();
  if (world.agents.length === 0) return;
  const agent = random.pick(world.agents);
  if (random.chance(faults.kill * rate)) world.kill(agent);
  else if (random.chance(faults.hangUp * rate)) world.hangUp(agent);
  else if (random.chance((faults.breakOff ?? 0) * rate)) world.breakOff(agent);
  else if (random.chance((faults.signal ?? 0) * rate)) world.signal(agent);
  else if (random.chance((faults.drain ?? 0) * rate)) world.enqueue({ kind: 'drain-requested', agent: agent.id });
  else if (agent.session === null) world.dial(agent);
  else if (random.chance(0.5)) world.receive(agent);
  else if (agent.held.size > 0) world.work(agent);
  else world.leave(agent);
  if (random.chance(0.1)) world.wish(agent, rate > 0);
}

/** The run has ended: agents are told all that they wait for, and go. */
export function letGo(world: World): void {
  for (let move = 0; world.agents.length > 0 && !world.isAbandoned; move++) {
    if (move > 5_000) throw new Error(`agents do not go: ${JSON.stringify(world.agents)}`);
    moveAgent(world, { hangUp: 0, kill: 0, crash: 0 }, 0);
    world.batch();
  }
}

export function settledAs(world: World, state: string): number {
  return [...world.units.values()].filter((each) => each === state).length;
}
