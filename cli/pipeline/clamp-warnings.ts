// What a local backend does with a unit that asks for more CPUs than there are: runs it on all of them, and says so.
import type { Plan } from '../../src/plan/plan.ts';

/** A sentence for each map whose `cpusPerTask` is beyond `cpus`. */
export function clampWarnings(plan: Plan, cpus: number): string[] {
  return plan.workflow.steps.flatMap((step) => {
    if (step.kind !== 'map' || step.cpusPerTask <= cpus) return [];
    const have = cpus === 1 ? 'there is 1' : `there are ${cpus}`;
    return [`${step.name} asks for ${step.cpusPerTask} CPUs a unit, and ${have} here: its units get ${cpus} each`];
  });
}
