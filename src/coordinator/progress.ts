// What those who watch are told of steps and allocations.
import type { AllocationView, StepCounts } from '../core/views.ts';
import type { Waiting } from '../plan/slurm.ts';
import type { AllocationProgress, StepProgress } from '../rpc/messages.ts';
import type { StepTimes } from './step-times.ts';

export function stepProgress({ total, ...counts }: StepCounts, times: StepTimes): StepProgress {
  return { ...counts, total: total ?? 0, totalKnown: total !== null, ...times };
}

export function allocationProgress({ id, job, state, waiting, cpus }: AllocationView): AllocationProgress {
  return {
    id,
    job: job ?? '',
    state,
    reason: waiting ? reasonText(waiting) : '',
    expectedStartMs: waiting?.expectedStartMs ?? 0,
    cpus,
  };
}

/** Outflow's words, with Slurm's. */
function reasonText({ reason, text }: Waiting): string {
  return text.includes(reason) ? text : `${text} (${reason})`;
}
