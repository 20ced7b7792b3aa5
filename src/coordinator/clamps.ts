// Steps that ask for more CPUs a unit than the local agent has.
import type { Plan } from '../plan/plan.ts';
import type { Pools } from './pools.ts';

export function clampWarnings(plan: Plan, pools: Pools, slots: number): string[] {
  return plan.workflow.steps.flatMap((step, ordinal) =>
    pools.ofStep[ordinal] === 0 && step.kind === 'map' && step.cpusPerTask > slots
      ? [`${step.id} asks for ${step.cpusPerTask} CPUs a unit, this run has ${slots}: its units get ${slots}`]
      : [],
  );
}
