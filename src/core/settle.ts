// Results, failures and losses of units: what counts, what is tried again, what is final.
import { LIMITS } from '../model/limits.ts';
import { type Cause, type Failure, LOSS_CAUSES } from '../model/states.ts';
import type { Agent } from './agents.ts';
import type { Event, Lease, SettledBatch, SettledUnit } from './events.ts';
import { emit, type State } from './state.ts';
import { onTaskOutput, settleStep } from './step-life.ts';
import type { StepRun } from './steps.ts';
import { fenceOf, type History, UNIT, type UnitTable } from './units.ts';

/** Losses that others wish for, or that a unit has no part in. */
const COST_NOTHING: readonly Cause[] = ['preempted', 'drained', 'cancelled'];

type Report = Extract<Event, { kind: 'report' }>;

/** A report counts once, and a result only with the lease in force; anything else is acknowledged and changes nothing. */
export function onReport(state: State, report: Report): void {
  const agent = state.agents.bySession(report.session);
  if (agent === undefined) return; // said over a connection that has been replaced; it comes again
  if (report.seq > agent.reportSeq + 1) return; // one before it was lost with a connection: both come again after the welcome
  if (report.seq > agent.reportSeq) {
    agent.reportSeq = report.seq;
    emit(state, { kind: 'accept-report', agent: agent.info.id, seq: report.seq });
    for (const batch of report.succeeded) onSucceeded(state, agent, batch);
    for (const unit of report.failed) onFailed(state, agent, unit);
    for (const lease of report.returned) onReturned(state, agent, lease);
  }
  emit(state, { kind: 'ack', session: report.session, seq: report.seq });
}

function unitsInForce(state: State, agent: Agent, lease: Lease): { step: StepRun; units: UnitTable } | undefined {
  const step = state.steps[lease.step];
  const units = step?.units;
  if (step === undefined || step.isEnded || !units || lease.index >= units.total) return undefined;
  return units.isInForce(lease.index, agent.number, fenceOf(lease)) ? { step, units } : undefined;
}

function onSucceeded(state: State, agent: Agent, batch: SettledBatch): void {
  const step = state.steps[batch.step];
  const units = step?.units;
  if (step === undefined || step.isEnded || !units) return;
  const counted: number[] = [];
  const attempt: number[] = [];
  for (const [at, index] of batch.index.entries()) {
    if (index >= units.total || !units.isInForce(index, agent.number, fenceOf({ epoch: batch.epoch, n: batch.n[at] as number })))
      continue;
    units.move(index, UNIT.succeeded);
    counted.push(at);
    attempt.push(units.attemptOf(index));
  }
  if (counted.length === 0) return;
  agent.held[step.ordinal]! -= counted.length;
  agent.unitsDone += counted.length;
  const all = counted.length === batch.index.length;
  const pick = <T>(column: T[]): T[] => (all ? column : counted.map((at) => column[at] as T));
  const keepsOutput = step.step.kind === 'task' || step.step.outputName !== undefined;
  const output = pick(batch.output);
  emit(state, {
    kind: 'store-units',
    step: step.ordinal,
    state: 'succeeded',
    agent: agent.info.id,
    index: pick(batch.index),
    attempt,
    startedAtMs: pick(batch.startedAtMs),
    durationMs: pick(batch.durationMs),
    output: keepsOutput ? output : output.map(() => null),
    failure: output.map(() => null),
  });
  if (step.step.kind === 'task' && step.phase.kind === 'running') onTaskOutput(state, step, output[0] as string);
  else settleStep(state, step);
}

function onFailed(state: State, agent: Agent, unit: SettledUnit): void {
  const found = unitsInForce(state, agent, unit.lease);
  if (found === undefined) return;
  const { step, units } = found;
  const { index } = unit.lease;
  agent.held[step.ordinal]! -= 1;
  if (step.phase.kind === 'stopping') {
    finish(state, step, units, index, step.phase.into === 'cancelled' ? 'cancelled' : 'aborted', agent, unit.failure, unit);
  } else if ((LOSS_CAUSES as readonly Cause[]).includes(unit.failure.cause)) {
    lost(state, step, units, index, agent, unit.failure);
  } else {
    const history = remember(units, index, unit.failure);
    history.failures += 1;
    const retries = step.retriesOf(unit.failure.task);
    if (history.failures <= retries.max) {
      storeAttempt(state, step, units, index, agent, unit.failure, false);
      units.giveBack(index, state.nowMs + retries.delayMs);
    } else {
      step.noteFailure(index, unit.failure);
      finish(state, step, units, index, 'failed', agent, unit.failure, unit);
    }
  }
  settleStep(state, step);
}

function onReturned(state: State, agent: Agent, lease: Lease): void {
  const found = unitsInForce(state, agent, lease);
  if (found === undefined) return;
  agent.held[lease.step]! -= 1;
  found.units.giveBack(lease.index, undefined, true);
  settleStep(state, found.step);
}

/**
 * All that an agent held is free again. Its running units are blamed; where none was reported as running yet, all are: a unit
 * that ends its agent at once must not do so for ever. The others may have begun, and may still write: they are new tries too.
 */
export function loseUnits(state: State, agent: Agent, failure: Failure): void {
  for (const step of state.steps) {
    const { units } = step;
    if (!units || step.isEnded || step.phase.kind === 'reducing') continue;
    const held = [...units.heldBy(agent.number)];
    const blameAll = !held.some((unit) => unit.running);
    for (const { index, running } of held) {
      if (step.phase.kind === 'stopping') {
        finish(state, step, units, index, step.phase.into === 'cancelled' ? 'cancelled' : 'aborted', agent, failure);
      } else if (running || blameAll) {
        lost(state, step, units, index, agent, failure);
      } else {
        units.giveBack(index);
      }
    }
    settleStep(state, step);
  }
}

/** One attempt ended with its agent or allocation: it costs no retry, but not without end. */
function lost(state: State, step: StepRun, units: UnitTable, index: number, agent: Agent, failure: Failure): void {
  const history = remember(units, index, failure);
  const counts = !COST_NOTHING.includes(failure.cause);
  if (counts) history.losses += 1;
  const isWhole = failure.cause === 'walltime' && units.isUnder(index, agent.freshFence);
  if (isWhole) history.cutOffs += 1;
  const ended = endOf(history, failure);
  if (ended !== undefined) {
    const final = { ...failure, message: ended };
    step.noteFailure(index, final);
    finish(state, step, units, index, 'failed', agent, final);
    return;
  }
  storeAttempt(state, step, units, index, agent, isWhole ? { ...failure, hadWholeTime: true } : failure, counts ? true : null);
  units.giveBack(index);
}

/** Why a unit is not tried again after a loss; undefined: it is. */
function endOf({ cutOffs, losses }: History, failure: Failure): string | undefined {
  const more = 'ask for more with sbatch: { time }, or make its units smaller';
  if (cutOffs >= LIMITS.maxCutOffs)
    return `the whole time of an allocation was not enough for it, ${cutOffs} times: ${more}; the last time: ${failure.message}`;
  if (losses < LIMITS.maxLosses) return undefined;
  const last = `lost ${losses} times while it was running; the last time: ${failure.message}`;
  return failure.cause === 'walltime' ? `${last}; where a unit takes longer than an allocation lasts, ${more}` : last;
}

function remember(units: UnitTable, index: number, failure: Failure): History {
  let history = units.history.get(index);
  if (history === undefined) {
    history = { failures: 0, losses: 0, cutOffs: 0, last: failure };
    units.history.set(index, history);
  }
  history.last = failure;
  return history;
}

function finish(
  state: State,
  step: StepRun,
  units: UnitTable,
  index: number,
  into: 'failed' | 'cancelled' | 'aborted',
  agent: Agent,
  failure: Failure,
  times?: { startedAtMs: number; durationMs: number },
): void {
  const startedAtMs = times?.startedAtMs ?? units.startedAtMs(index) ?? state.nowMs;
  units.move(index, UNIT[into]);
  emit(state, {
    kind: 'store-units',
    step: step.ordinal,
    state: into,
    agent: agent.info.id,
    index: [index],
    attempt: [units.attemptOf(index)],
    startedAtMs: [startedAtMs],
    durationMs: [times?.durationMs ?? state.nowMs - startedAtMs],
    output: [null],
    failure: [failure],
  });
}

function storeAttempt(
  state: State,
  step: StepRun,
  units: UnitTable,
  index: number,
  agent: Agent,
  failure: Failure,
  loss: boolean | null,
): void {
  emit(state, {
    kind: 'store-attempt',
    step: step.ordinal,
    index,
    attempt: units.attemptOf(index),
    agent: agent.info.id,
    failure,
    loss,
  });
}
