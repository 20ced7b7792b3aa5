// The decisions of a run: `apply(event, nowMs)` is the one way in and says what is to be done. No clock, no chance, no I/O.
import { assert, assertNever } from '../base/assert.ts';
import { LIMITS } from '../model/limits.ts';
import type { Failure, RunEndState } from '../model/states.ts';
import type { Waiting } from '../plan/slurm.ts';
import type { Agent } from './agents.ts';
import { Allocations } from './allocations.ts';
import type { Effect } from './effects.ts';
import type { AgentInfo, Event } from './events.ts';
import { onAgentConnected } from './hello.ts';
import { lease } from './leasing.ts';
import { loseUnits, onReport } from './settle.ts';
import { type CoreOptions, emit, newState, type State } from './state.ts';
import {
  abortWaitingSteps,
  beginReadySteps,
  endStep,
  onStepFailed,
  onStepPrepared,
  onStepReduced,
  stopStep,
} from './step-life.ts';
import type { StepRun } from './steps.ts';
import { fenceOf, UNIT } from './units.ts';

/** An allocation of an earlier holder. */
export interface KnownAllocation {
  id: string;
  pool: number;
  state: 'asked' | 'running';
  /** Slurm's id; null: not known (yet). */
  job: string | null;
}

export interface AllocationView {
  id: string;
  pool: number;
  job: string | null;
  state: 'asked' | 'pending' | 'running' | 'connected';
  waiting: Waiting | null;
  /** CPUs asked for, or those of its agents. */
  cpus: number;
  endsAtMs: number | null;
}

export interface AgentView {
  info: AgentInfo;
  /** Null: it takes units of any pool. */
  pool: number | null;
  cpusUsed: number;
  unitsDone: number;
  draining: boolean;
  endsAtMs: number | null;
}

export interface StepCounts {
  step: number;
  state: StepRun['state'];
  /** Null until the elements are known. */
  total: number | null;
  succeeded: number;
  failed: number;
  other: number;
  running: number;
}

export class Core {
  readonly #state: State;
  readonly #allocations: Allocations;

  constructor(options: CoreOptions) {
    this.#state = newState(options);
    this.#allocations = new Allocations(options.epoch);
  }

  get phase(): State['phase'] {
    return this.#state.phase;
  }

  /** Agents that an earlier holder knew and that may still live: their units wait for their hello. Before the first event. */
  expectAgent(info: AgentInfo, reportSeq: number, nowMs: number): void {
    this.#state.agents.expect(info, reportSeq, nowMs);
    this.#allocations.onStarted(info.allocation);
  }

  /** An allocation that was asked for already, by an earlier holder or before there was a run. Before the first event. */
  expectAllocation(allocation: KnownAllocation, _nowMs: number): void {
    this.#allocations.onStarted(allocation.id);
  }

  /** Allocations that have not ended, for people. */
  allocations(): AllocationView[] {
    return [];
  }

  /** Agents that are connected, for people. */
  agents(): AgentView[] {
    return [];
  }

  apply(event: Event, nowMs: number): Effect[] {
    const state = this.#state;
    state.nowMs = nowMs;
    state.effects = [];
    if (state.phase.kind !== 'ended' || event.kind === 'agent-connected' || event.kind === 'report') this.#dispatch(event);
    return state.effects;
  }

  #dispatch(event: Event): void {
    const state = this.#state;
    switch (event.kind) {
      case 'agent-connected':
        this.#allocations.onHello(event.agent.allocation);
        return onAgentConnected(state, event);
      case 'agent-disconnected':
        return state.agents.disconnect(event.session, event.heardAtMs, state.nowMs);
      case 'demand': {
        const agent = state.agents.bySession(event.session);
        if (agent && event.step < state.steps.length) agent.prefetch[event.step] = Math.min(event.prefetch, LIMITS.prefetchUnits);
        return;
      }
      case 'units-started':
        return this.#onStarted(event);
      case 'report':
        return onReport(state, event);
      case 'step-prepared':
        return onStepPrepared(state, this.#step(event.step), event.total);
      case 'step-reduced':
        return onStepReduced(state, this.#step(event.step), event.outputs);
      case 'step-unprepared':
      case 'step-unreduced':
        return onStepFailed(state, this.#step(event.step), event.failure);
      case 'allocation-running':
        return emit(state, { kind: 'store-allocation', allocation: event.allocation, pool: 0, state: 'running' });
      case 'allocation-ended':
        return this.#onAllocationEnded(event);
      case 'agent-leaving':
      case 'drain-requested':
      case 'site-known':
      case 'site-unknown':
      case 'allocations-submitted':
      case 'allocations-refused':
      case 'allocation-waits':
        return; // of Slurm pools
      case 'cancel-requested':
        return this.#onCancel(event.now);
      case 'tick':
        return this.#onTick();
      default:
        assertNever(event, 'event');
    }
  }

  #step(ordinal: number): StepRun {
    const step = this.#state.steps[ordinal];
    assert(step !== undefined, `there is no step ${ordinal}`);
    return step;
  }

  #onStarted(event: Extract<Event, { kind: 'units-started' }>): void {
    const agent = this.#state.agents.bySession(event.session);
    if (agent === undefined) return;
    for (const unit of event.units) {
      const units = this.#state.steps[unit.step]?.units;
      if (
        units &&
        unit.index < units.total &&
        units.isInForce(unit.index, agent.number, fenceOf(unit)) &&
        units.stateOf(unit.index) === UNIT.leased
      ) {
        units.move(unit.index, UNIT.running);
      }
    }
  }

  #onAllocationEnded(event: Extract<Event, { kind: 'allocation-ended' }>): void {
    const state = this.#state;
    this.#allocations.onEnded(event.allocation);
    emit(state, { kind: 'store-allocation', allocation: event.allocation, pool: 0, state: 'ended' });
    for (const agent of state.agents) {
      if (agent.info.allocation === event.allocation && agent.presence.kind !== 'gone')
        this.#loseAgent(agent, { cause: event.cause, message: event.detail });
    }
    if (this.#allocations.isHopeless() && state.phase.kind === 'running') {
      this.#stop({
        kind: 'failing',
        failure: {
          cause: event.cause,
          message: `${LIMITS.hostStartFailures} agents in a row ended before they said hello: ${event.detail}`,
        },
      });
    }
  }

  #loseAgent(agent: Agent, failure: Failure): void {
    const state = this.#state;
    state.agents.lose(agent);
    emit(state, { kind: 'store-agent', agent: agent.info, state: 'lost' });
    loseUnits(
      state,
      agent,
      failure,
      failure.cause !== 'preempted' && failure.cause !== 'drained' && failure.cause !== 'cancelled',
    );
  }

  #onCancel(now: boolean): void {
    const { phase } = this.#state;
    if (phase.kind === 'cancelling' && (phase.now || !now)) return;
    this.#stop({ kind: 'cancelling', now });
  }

  /** Ends every step: what is held is asked to end, what waits never runs. */
  #stop(phase: Extract<State['phase'], { kind: 'cancelling' | 'failing' }>): void {
    const state = this.#state;
    state.phase = phase;
    const into = phase.kind === 'cancelling' ? 'cancelled' : 'failed';
    const failure = phase.kind === 'failing' ? phase.failure : null;
    const graceMs = phase.kind === 'cancelling' && !phase.now ? LIMITS.cancelGraceMs : 0;
    for (const step of state.steps) {
      if (step.phase.kind === 'running' || step.phase.kind === 'stopping') stopStep(state, step, into, failure, graceMs);
      else if (step.phase.kind === 'preparing' || step.phase.kind === 'reducing') endStep(state, step, into, null, failure);
    }
  }

  #onTick(): void {
    const state = this.#state;
    beginReadySteps(state);
    for (const agent of state.agents) {
      const { presence } = agent;
      if ((presence.kind === 'away' || presence.kind === 'expected') && presence.lostAtMs <= state.nowMs) {
        this.#loseAgent(agent, {
          cause: 'agent-lost',
          message: `agent ${agent.info.id} on ${agent.info.host} was not heard of for ${LIMITS.lostAfterMs / 1000} s`,
        });
      }
    }
    for (const step of state.steps) step.units?.promote(state.nowMs);
    if (state.phase.kind !== 'running') abortWaitingSteps(state);
    if (state.steps.every((step) => step.isEnded)) return this.#end();
    if (state.phase.kind === 'running') {
      this.#allocate();
      this.#lease();
    }
  }

  #allocate(): void {
    const state = this.#state;
    if (state.agents.connected().length > 0 || !this.#allocations.isWanted()) return;
    const allocation = this.#allocations.ask();
    emit(state, { kind: 'store-allocation', allocation, pool: 0, state: 'asked' });
    emit(state, { kind: 'allocate', pool: 0, allocations: [allocation], shape: null, excludedNodes: [] });
  }

  #lease(): void {
    const state = this.#state;
    if (state.agents.anyExpected()) return; // nobody knows yet which units they hold
    for (const { agent, step, index } of lease(state.agents.connected(), state.steps, state.options)) {
      assert(agent.presence.kind === 'connected' && step.units, `agent ${agent.info.id} was leased units of ${step.step.id}`);
      const { units } = step;
      const firstN = state.lastN + 1;
      const attempt = index.map((each, at) =>
        units.grant(each, agent.number, fenceOf({ epoch: state.options.epoch, n: firstN + at })),
      );
      state.lastN += index.length;
      emit(state, { kind: 'lease', session: agent.presence.session, step: step.ordinal, firstN, index, attempt });
    }
  }

  #end(): void {
    const state = this.#state;
    const { phase } = state;
    const failed = state.steps.find((step) => step.state === 'failed');
    let end: { state: RunEndState; failure: Failure | null };
    if (phase.kind === 'failing') end = { state: 'failed', failure: phase.failure };
    else if (phase.kind === 'cancelling' && !state.steps.every((step) => step.state === 'succeeded'))
      end = { state: 'cancelled', failure: null };
    else if (failed) end = { state: 'failed', failure: failed.endFailure };
    else end = { state: 'succeeded', failure: null };
    state.phase = { kind: 'ended', state: end.state };
    emit(state, { kind: 'store-end', ...end });
    for (const agent of state.agents.connected()) {
      if (agent.presence.kind === 'connected')
        emit(state, {
          kind: 'drain',
          session: agent.presence.session,
          reason: `the run has ${end.state === 'cancelled' ? 'been cancelled' : end.state}`,
        });
    }
    emit(state, { kind: 'run-ended', ...end });
  }

  /** When a `tick` is due though nothing else happens. */
  nextWakeMs(): number | undefined {
    let wake = Number.POSITIVE_INFINITY;
    for (const agent of this.#state.agents) {
      if (agent.presence.kind === 'away' || agent.presence.kind === 'expected') wake = Math.min(wake, agent.presence.lostAtMs);
    }
    for (const step of this.#state.steps) wake = Math.min(wake, step.units?.nextWakeMs() ?? wake);
    return Number.isFinite(wake) ? wake : undefined;
  }

  counts(): StepCounts[] {
    return this.#state.steps.map((step) => {
      const counts = step.units?.counts;
      const of = (code: number): number => counts?.[code] ?? 0;
      return {
        step: step.ordinal,
        state: step.state,
        total: step.units?.total ?? null,
        succeeded: of(UNIT.succeeded),
        failed: of(UNIT.failed),
        other: of(UNIT.cancelled) + of(UNIT.aborted),
        running: of(UNIT.leased) + of(UNIT.running),
      };
    });
  }

  /** Agents connected and their CPUs. */
  capacity(): { agents: number; cpus: number } {
    const agents = this.#state.agents.connected();
    return { agents: agents.length, cpus: agents.reduce((sum, agent) => sum + agent.info.cpus, 0) };
  }

  isPreparing(): boolean {
    return this.#state.steps.some((step) => step.phase.kind === 'preparing');
  }

  /** What must always hold; for tests and simulations. */
  checkInvariants(): void {
    const { steps, agents } = this.#state;
    for (const step of steps) {
      step.units?.checkInvariants();
      if (!step.units || step.isEnded) continue;
      let held = 0;
      for (const agent of agents) held += agent.held[step.ordinal] as number;
      assert(held === step.units.held, `${step.step.id}: agents hold ${held} units, ${step.units.held} are held`);
    }
  }
}
