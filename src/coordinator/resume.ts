// From what an earlier holder committed to a core that goes on from there.
import type { Core } from '../core/core.ts';
import type { RestoredStep } from '../core/state.ts';
import { isStepEnd, type StepEndState } from '../model/states.ts';
import type { Plan, ValueText } from '../plan/plan.ts';
import type { Store } from '../store/store.ts';
import type { LoadedRun } from '../store/types.ts';

/** Per step ordinal, what is known of it. */
export async function restoredSteps(store: Store, loaded: LoadedRun, plan: Plan): Promise<Map<number, RestoredStep>> {
  const restored = new Map<number, RestoredStep>();
  for (const row of loaded.steps) {
    const step = plan.workflow.steps[row.step];
    const mine = <T extends { step: number }>(rows: T[]): T[] => rows.filter((each) => each.step === row.step);
    restored.set(row.step, {
      ended: isStepEnd(row.state)
        ? {
            state: row.state,
            outputs: step?.kind === 'task' ? await taskOutput(store, loaded, row.step, row.state) : row.outputs,
            failure: row.failure,
          }
        : null,
      settled: mine(loaded.settled).filter((range): range is typeof range & { state: StepEndState } => isStepEnd(range.state)),
      attempts: mine(loaded.attempts).map(({ step: _, lastFailure: last, ...counts }) => ({ ...counts, last })),
      failures: mine(loaded.failures),
    });
  }
  return restored;
}

async function taskOutput(store: Store, loaded: LoadedRun, step: number, state: StepEndState): Promise<ValueText | null> {
  return state === 'succeeded' ? await store.unitOutput(loaded.record.id, step, 0) : null;
}

/** Tells core of the agents of an earlier holder. `isAlive`: whether those of the allocation may still live. */
export function expectAgents(core: Core, loaded: LoadedRun, isAlive: (allocation: string) => boolean): void {
  const reports = new Map(loaded.agentReports.map(({ agent, seq }) => [agent, seq]));
  for (const agent of loaded.agents) {
    const info = { ...agent, memoryMib: 0, gpus: 0, job: '' }; // what it has is said again at its hello
    const seq = reports.get(agent.id) ?? 0;
    if (agent.state === 'connected' && isAlive(agent.allocation)) core.expectAgent(info, seq, Date.now());
    else core.knowAgent(info, seq); // one started by hand, or taken for lost, may come back
  }
}
