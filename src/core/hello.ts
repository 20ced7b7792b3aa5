// An agent says what it holds; we say what we want of it. The exchange heals the loss of any message and of either side.
import { NO_POOL } from './agents.ts';
import { onHello } from './allocation-events.ts';
import type { Event, Lease } from './events.ts';
import { drain } from './losses.ts';
import { emit, type State } from './state.ts';
import { settleStep } from './step-life.ts';
import { fenceOf, UNIT } from './units.ts';

type Connected = Extract<Event, { kind: 'agent-connected' }>;

export function onAgentConnected(state: State, event: Connected): void {
  const { agents } = state;
  const agent = agents.connect(event.agent, event.session);
  agent.pool = poolOfAgent(state, event.agent.allocation);
  emit(state, { kind: 'store-agent', agent: event.agent, state: 'connected' });
  emit(state, { kind: 'welcome', session: event.session, reportSeq: agent.reportSeq });
  if (state.phase.kind === 'ended') {
    emit(state, { kind: 'drain', session: event.session, reason: 'the run has ended' });
    return;
  }
  const claimed = new Set<string>();
  const unwanted: Lease[] = [];
  const running = new Set(event.running.map(keyOf));
  // What was reported and applied before a connection or a coordinator went must not be waited for.
  const finished = event.finished.filter(
    (_, at) => (event.finishedIn[at] ?? 0) === 0 || (event.finishedIn[at] as number) > agent.reportSeq,
  );
  for (const lease of [...event.held, ...finished]) {
    claimed.add(keyOf(lease));
    if (!wants(state, agent.number, lease, running.has(keyOf(lease)))) unwanted.push(lease);
  }
  // Leases that never arrived, or whose results we have.
  for (const step of state.steps) {
    const { units } = step;
    agent.held[step.ordinal] = 0;
    if (!units || step.isEnded || step.phase.kind === 'reducing') continue;
    for (const { index } of [...units.heldBy(agent.number)]) {
      if (!claimed.has(keyOf(units.leaseOf(step.ordinal, index)))) units.giveBack(index, undefined, true);
      else agent.held[step.ordinal]! += 1;
    }
    if (step.phase.kind === 'stopping') {
      const leases = [...units.heldBy(agent.number)].map(({ index }) => units.leaseOf(step.ordinal, index));
      if (leases.length > 0) emit(state, { kind: 'cancel-units', session: event.session, units: leases, graceMs: 0 });
      settleStep(state, step); // what never arrived may have been the last that was held
    }
  }
  if (unwanted.length > 0) emit(state, { kind: 'cancel-units', session: event.session, units: unwanted, graceMs: 0 });
  const whyNot = onHello(state, agent);
  if (whyNot !== undefined || agent.draining) drain(state, agent, whyNot ?? 'it must go');
}

/** Whose units an agent takes: those of its allocation's pool, and of any pool if it was started by hand. */
export function poolOfAgent(state: State, allocation: string): number | null {
  if (allocation === '') return null;
  return state.allocations.get(allocation)?.pool ?? NO_POOL;
}

/** Whether the agent's lease is in force, or can be taken over from an earlier holder of the run. */
function wants(state: State, agent: number, lease: Lease, isRunning: boolean): boolean {
  const step = state.steps[lease.step];
  if (step === undefined || lease.epoch > state.options.epoch) return false;
  const units = step.units;
  if (!units || step.isEnded || lease.index >= units.total) return false;
  const fence = fenceOf(lease);
  if (units.isInForce(lease.index, agent, fence)) {
    // The word that it runs may have been lost with the connection; it comes once.
    if (isRunning && units.stateOf(lease.index) === UNIT.leased) units.move(lease.index, UNIT.running);
    return true;
  }
  const isFree = units.stateOf(lease.index) === UNIT.pending || units.stateOf(lease.index) === UNIT.delayed;
  if (!isFree || lease.epoch === state.options.epoch) return false; // of this epoch: it was taken from this agent on purpose
  units.adopt(lease.index, agent, fence, isRunning);
  return true;
}

function keyOf(lease: Lease): string {
  return `${lease.step}/${lease.index}/${lease.epoch}/${lease.n}`;
}
