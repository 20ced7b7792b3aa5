// What a unit of a step owns while it runs, as the plan has it.
import type { Step } from './plan.ts';
import type { UnitNeeds } from './slurm.ts';

export function unitNeeds(step: Step): UnitNeeds {
  if (step.kind === 'task') return { cpus: 1, memoryMib: 0, gpus: 0, timeMs: 0 };
  const { cpusPerTask, memPerTaskMib = 0, gpusPerTask = 0, timePerTaskMs = 0 } = step;
  return { cpus: cpusPerTask, memoryMib: memPerTaskMib, gpus: gpusPerTask, timeMs: timePerTaskMs };
}
