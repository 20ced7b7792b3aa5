// How steps begin and end: what is ready is prepared, what is prepared runs, what has run is reduced or handed on.
import { assert } from '../base/assert.ts';
import { LIMITS } from '../model/limits.ts';
import type { Failure, StepState } from '../model/states.ts';
import { splitObject } from '../model/values.ts';
import type { ValueText } from '../plan/plan.ts';
import type { Lease } from './events.ts';
import { emit, type RestoredStep, type State, stepById } from './state.ts';
import type { StepRun } from './steps.ts';
import { UNIT, UnitTable } from './units.ts';

/** Steps whose upstreams have finished ask for their inputs; those that ended under an earlier holder are handed on. */
export function beginReadySteps(state: State): void {
  if (state.phase.kind !== 'running') return;
  for (let ready = state.stepper.ready(); ready.length > 0; ready = state.stepper.ready()) {
    for (const { id } of ready) {
      const step = stepById(state, id);
      const before = state.restored.get(step.ordinal);
      if (before?.ended) {
        step.move({ kind: 'ended', state: before.ended.state, units: null });
        step.endFailure = before.ended.failure;
        handOn(state, step, before.ended.state, before.ended.outputs);
      } else {
        step.move({ kind: 'preparing' });
        emit(state, { kind: 'prepare', step: step.ordinal, inputs: state.stepper.inputsOf(id) });
      }
    }
  }
}

export function onStepPrepared(state: State, step: StepRun, total: number): void {
  if (step.phase.kind !== 'preparing') return; // cancelled meanwhile
  const units = new UnitTable(step.step.id, total);
  step.move({ kind: 'running', units });
  const before = state.restored.get(step.ordinal);
  if (before) restoreUnits(step, units, before);
  storeStep(state, step, 'running', total);
  settleStep(state, step);
}

function restoreUnits(step: StepRun, units: UnitTable, before: RestoredStep): void {
  for (const { state, from, to } of before.settled) units.restore(from, to, UNIT[state]);
  for (const { index, attempts, ...history } of before.attempts) {
    units.history.set(index, history);
    units.setAttempt(index, attempts);
  }
  // Those that were cut off have failures, too.
  for (const { index, failure } of before.failures) if (units.stateOf(index) === UNIT.failed) step.noteFailure(index, failure);
}

/** A step that could not be prepared or reduced. */
export function onStepFailed(state: State, step: StepRun, failure: Failure): void {
  if (step.isEnded) return;
  endStep(state, step, 'failed', null, { ...failure, message: `${step.step.id}: ${failure.message}` });
}

export function onStepReduced(state: State, step: StepRun, outputs: ValueText): void {
  if (step.phase.kind !== 'reducing') return;
  endStep(state, step, 'succeeded', outputs, null);
}

/** Looks whether a step has come to its end; called whenever units of it have settled. */
export function settleStep(state: State, step: StepRun): void {
  const { phase } = step;
  if (phase.kind === 'stopping') {
    if (phase.units.held === 0) endStep(state, step, phase.into, null, phase.failure);
    return;
  }
  if (phase.kind !== 'running') return;
  const failed = phase.units.counts[UNIT.failed] as number;
  const onFailure = step.step.kind === 'map' ? step.step.onFailure : 'finish';
  if (failed > 0 && onFailure === 'abort') {
    stopStep(state, step, 'failed', step.failure(), LIMITS.cancelGraceMs);
    return;
  }
  if (phase.units.unsettled > 0) return;
  if (failed > 0 && onFailure !== 'keep') {
    endStep(state, step, 'failed', null, step.failure());
  } else if (step.step.kind === 'map' && step.step.outputName !== undefined) {
    step.move({ kind: 'reducing', units: phase.units });
    storeStep(state, step, 'reducing', phase.units.total);
    emit(state, { kind: 'reduce', step: step.ordinal, keepFailures: onFailure === 'keep' });
  } else if (step.step.kind === 'map') {
    endStep(state, step, 'succeeded', '{}', null);
  }
  // A task step ends with its output: `onTaskOutput`.
}

/** The output of a task step's one unit: an object of its named outputs. It stays in the unit's row. */
export function onTaskOutput(state: State, step: StepRun, output: ValueText): void {
  endStep(state, step, 'succeeded', null, null, output);
}

/** No unit goes out any more; those that are held are asked to end. */
export function stopStep(
  state: State,
  step: StepRun,
  into: 'failed' | 'cancelled',
  failure: Failure | null,
  graceMs: number,
): void {
  if (step.phase.kind === 'stopping') {
    cancelHeld(state, step, step.phase.units, graceMs);
    return;
  }
  assert(step.phase.kind === 'running', `step ${step.step.id} is ${step.phase.kind}: nothing to stop`);
  const { units } = step.phase;
  step.move({ kind: 'stopping', units, into, failure });
  cancelHeld(state, step, units, graceMs);
  if (units.held === 0) endStep(state, step, into, null, failure);
}

function cancelHeld(state: State, step: StepRun, units: UnitTable, graceMs: number): void {
  const bySession = new Map<number, Lease[]>();
  for (const { index, agent } of units.allHeld()) {
    const { presence } = state.agents.byNumber(agent);
    if (presence.kind !== 'connected') continue; // told at its next hello
    const leases = bySession.get(presence.session) ?? [];
    leases.push(units.leaseOf(step.ordinal, index));
    bySession.set(presence.session, leases);
  }
  for (const [session, leases] of bySession) emit(state, { kind: 'cancel-units', session, units: leases, graceMs });
}

export function endStep(
  state: State,
  step: StepRun,
  ended: 'succeeded' | 'failed' | 'cancelled' | 'aborted',
  outputs: ValueText | null,
  failure: Failure | null,
  /** Outputs that are stored elsewhere. */
  handedOn: ValueText | null = outputs,
): void {
  const { units } = step;
  step.move({ kind: 'ended', state: ended, units });
  step.endFailure = failure;
  storeStep(state, step, ended, units?.total ?? null, outputs, failure);
  emit(state, { kind: 'release', step: step.ordinal });
  handOn(state, step, ended, handedOn);
  beginReadySteps(state);
}

/** What follows a step gets its outputs, or can never run. */
function handOn(
  state: State,
  step: StepRun,
  ended: 'succeeded' | 'failed' | 'cancelled' | 'aborted',
  outputs: ValueText | null,
): void {
  if (ended === 'succeeded') {
    state.stepper.succeed(step.step.id, splitObject(outputs ?? '{}'));
  } else {
    state.stepper.fail(step.step.id);
    for (const id of state.stepper.unreachable()) abort(state, stepById(state, id));
  }
}

/** In a run that is being ended: what nothing runs before any more never begins. */
export function abortWaitingSteps(state: State): void {
  if (state.steps.every((step) => step.isEnded || step.phase.kind === 'waiting'))
    for (const step of state.steps) abort(state, step);
}

function abort(state: State, step: StepRun): void {
  if (step.phase.kind !== 'waiting') return;
  step.move({ kind: 'ended', state: 'aborted', units: null });
  storeStep(state, step, 'aborted', null);
}

function storeStep(
  state: State,
  step: StepRun,
  to: StepState,
  total: number | null,
  outputs: ValueText | null = null,
  failure: Failure | null = null,
): void {
  emit(state, { kind: 'store-step', step: step.ordinal, state: to, total, outputs, failure });
}
