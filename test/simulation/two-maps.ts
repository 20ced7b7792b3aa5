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
}

export function settledAs(world: World, state: string): number {
  return [...world.units.values()].filter((each) => each === state).length;
}
