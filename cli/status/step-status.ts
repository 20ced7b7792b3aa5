// The steps of a run as `status` shows them: what the store counted, and what its holder says is running.
import { isStepEnd, type StepState } from '../../src/model/states.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { Progress } from '../../src/rpc/messages.ts';
import type { StepSummary } from '../../src/store/types.ts';
import { stepLabels } from '../text/step-labels.ts';

export interface StepStatus {
  step: string;
  label: string;
  isMap: boolean;
  state: StepState;
  total: number | null;
  succeeded: number;
  failed: number;
  other: number;
  running: number | null;
  tookMs: number | null;
}

export function stepStatuses(
  plan: Plan,
  stored: readonly StepSummary[],
  live: Progress | undefined,
  nowMs: number,
): StepStatus[] {
  const labels = stepLabels(plan);
  const summaries = new Map(stored.map((summary) => [summary.step, summary]));
  return plan.workflow.steps.map((step, ordinal) => {
    const summary = summaries.get(ordinal);
    const now = live?.steps.find((one) => one.step === ordinal);
    const state = (now?.state as StepState | undefined) ?? summary?.state ?? 'waiting';
    const startedAtMs = summary?.firstStartedAtMs ?? null;
    const endedAtMs = isStepEnd(state) ? (summary?.atMs ?? nowMs) : nowMs;
    return {
      step: step.id,
      label: labels[ordinal] as string,
      isMap: step.kind === 'map',
      state,
      total: summary?.total ?? (now?.totalKnown ? now.total : null),
      succeeded: summary?.succeeded ?? 0,
      failed: summary?.failed ?? 0,
      other: summary?.other ?? 0,
      running: now ? now.running : null,
      tookMs: startedAtMs === null ? null : Math.max(0, endedAtMs - startedAtMs),
    };
  });
}
