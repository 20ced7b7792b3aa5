// How a run ends: by its user's wish, for want of agents, or since all of its steps have ended.
import { LIMITS } from '../model/limits.ts';
import type { Failure, RunEndState } from '../model/states.ts';
import { endStarting } from './allocation-end.ts';
import { emit, type RunPhase, type State } from './state.ts';
import { endStep, stopStep } from './step-life.ts';

export function onCancel(state: State, now: boolean): void {
  const { phase } = state;
  if (phase.kind === 'cancelling' && (phase.now || !now)) return;
  stop(state, { kind: 'cancelling', now });
}

/** No local agent comes up: the run cannot go on. */
export function failWithoutAgents(state: State): void {
  const hopeless = state.pools.find(({ spec, failure }) => spec.kind === 'local' && failure !== null);
  if (hopeless?.failure) stop(state, { kind: 'failing', failure: hopeless.failure });
}

/** Ends every step: what is held is asked to end, what waits never runs. */
function stop(state: State, phase: Extract<RunPhase, { kind: 'cancelling' | 'failing' }>): void {
  state.phase = phase;
  const into = phase.kind === 'cancelling' ? 'cancelled' : 'failed';
  const failure = phase.kind === 'failing' ? phase.failure : null;
  const graceMs = phase.kind === 'cancelling' && !phase.now ? LIMITS.cancelGraceMs : 0;
  for (const step of state.steps) {
    if (step.phase.kind === 'running' || step.phase.kind === 'stopping') stopStep(state, step, into, failure, graceMs);
    else if (step.phase.kind === 'preparing' || step.phase.kind === 'reducing') endStep(state, step, into, null, failure);
  }
  endStarting(state);
}

/** All steps have ended: so has the run, and its agents go. */
export function endRun(state: State): void {
  const end = endOf(state);
  state.phase = { kind: 'ended', state: end.state, atMs: state.nowMs };
  emit(state, { kind: 'store-end', ...end });
  for (const agent of state.agents.connected()) {
    if (agent.presence.kind === 'connected')
      emit(state, {
        kind: 'drain',
        session: agent.presence.session,
        reason: `the run has ${end.state === 'cancelled' ? 'been cancelled' : end.state}`,
      });
  }
  endStarting(state);
  emit(state, { kind: 'run-ended', ...end });
}

function endOf({ phase, steps }: State): { state: RunEndState; failure: Failure | null } {
  const failed = steps.find((step) => step.state === 'failed');
  if (phase.kind === 'failing') return { state: 'failed', failure: phase.failure };
  if (phase.kind === 'cancelling' && !steps.every((step) => step.state === 'succeeded'))
    return { state: 'cancelled', failure: null };
  if (failed) return { state: 'failed', failure: failed.endFailure };
  return { state: 'succeeded', failure: null };
}
