// The decisions of a run: `apply(event, nowMs)` is the one way in and says what is to be done. No clock, no chance, no I/O.
import { assert, assertNever } from '../base/assert.ts';
import { LIMITS } from '../model/limits.ts';
import type { Agent } from './agents.ts';
import { failHopelessSteps, giveUp, liveOnSlurm, onAllocationEnded } from './allocation-end.ts';
import { onRefused, onRunning, onSubmitted, onWaits } from './allocation-events.ts';
import { connect, hasEnded, type KnownAllocation } from './allocations.ts';
import type { Effect } from './effects.ts';
import type { AgentInfo, Event } from './events.ts';
import { grow } from './growth.ts';
import { onAgentConnected, poolOfAgent } from './hello.ts';
import { drainIdleAgents } from './idle.ts';
import { lease } from './leasing.ts';
import { holderOf, runningUnits, type UnitHolder } from './look.ts';
import { onDisconnected, onDrainRequested, onLeaving, watchAgents } from './losses.ts';
import { endRun, failWithoutAgents, onCancel } from './run-end.ts';
import { onReport } from './settle.ts';
import { type CoreOptions, emit, isPreparing, newState, type State } from './state.ts';
import { abortWaitingSteps, beginReadySteps, onStepFailed, onStepPrepared, onStepReduced } from './step-life.ts';
import type { StepRun } from './steps.ts';
import { fenceOf, UNIT } from './units.ts';
import {
  type AgentView,
  type AllocationView,
  agentViews,
  allocationViews,
  capacity,
  type StepCounts,
  stepCounts,
} from './views.ts';
import { nextWakeMs } from './wake.ts';
import { watchAllocations } from './watch.ts';

/** What is still of use when the run has ended: its agents and allocations go. */
const OUTLIVES_RUN: ReadonlySet<Event['kind']> = new Set([
  'agent-connected',
  'report',
  'allocations-submitted',
  'allocations-refused',
  'allocation-ended',
  'tick',
] satisfies Event['kind'][]);

export class Core {
  readonly #state: State;

  constructor(options: CoreOptions) {
    this.#state = newState(options);
  }

  get phase(): State['phase'] {
    return this.#state.phase;
  }

  /** An allocation that was asked for already, by an earlier holder or before there was a run. Before the first event. */
  expectAllocation(allocation: KnownAllocation, nowMs: number): void {
    this.#state.allocations.know(allocation, nowMs);
  }

  /** Agents that an earlier holder knew and that may still live: their units wait for their hello. After their allocations. */
  expectAgent(info: AgentInfo, reportSeq: number, nowMs: number): void {
    const { agents, allocations } = this.#state;
    const agent = agents.expect(info, reportSeq, nowMs);
    agent.pool = poolOfAgent(this.#state, info.allocation);
    const allocation = allocations.get(info.allocation);
    if (allocation && !hasEnded(allocation)) connect(allocation, nowMs);
  }

  /** Agents that an earlier holder knew and that nothing waits for. */
  knowAgent(info: AgentInfo, reportSeq: number): void {
    this.#state.agents.know(info, reportSeq);
  }

  /** Allocations that have not ended, for people. */
  allocations(): AllocationView[] {
    return allocationViews(this.#state);
  }

  /** Agents that are connected, for people. */
  agents(): AgentView[] {
    return agentViews(this.#state);
  }

  holderOf(step: number, index: number): UnitHolder {
    return holderOf(this.#state, step, index);
  }

  runningUnits(limit: number): { units: { step: number; index: number }[]; total: number } {
    return runningUnits(this.#state, limit);
  }

  apply(event: Event, nowMs: number): Effect[] {
    const state = this.#state;
    state.nowMs = nowMs;
    state.effects = [];
    if (state.phase.kind !== 'ended' || OUTLIVES_RUN.has(event.kind) || (state.hasSlurm && event.kind === 'agent-disconnected'))
      this.#dispatch(event);
    return state.effects;
  }

  #dispatch(event: Event): void {
    const state = this.#state;
    switch (event.kind) {
      case 'agent-connected':
        return onAgentConnected(state, event);
      case 'agent-disconnected':
        return onDisconnected(state, event);
      case 'agent-leaving':
        return onLeaving(state, event);
      case 'drain-requested':
        return onDrainRequested(state, event);
      case 'demand':
        return this.#onDemand(event);
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
      case 'site-known':
        state.site = { kind: 'known', site: event.site };
        return;
      case 'site-unknown':
        for (const pool of state.pools)
          if (pool.spec.kind === 'slurm') giveUp(state, pool, { cause: 'agent-lost', message: event.message });
        return;
      case 'allocations-submitted':
        return onSubmitted(state, event);
      case 'allocations-refused':
        return onRefused(state, event);
      case 'allocation-waits':
        return onWaits(state, event);
      case 'allocation-running':
        return onRunning(state, event);
      case 'allocation-ended':
        return onAllocationEnded(state, event);
      case 'cancel-requested':
        return onCancel(state, event.now);
      case 'tick':
        return this.#onTick();
      default:
        assertNever(event, 'event');
    }
  }

  #onDemand({ session, step, prefetch, closed }: Extract<Event, { kind: 'demand' }>): void {
    const agent = this.#state.agents.bySession(session);
    if (agent === undefined || step >= this.#state.steps.length) return;
    agent.prefetch[step] = Math.min(prefetch, LIMITS.prefetchUnits);
    agent.closed[step] = closed;
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
        units.start(unit.index, this.#state.nowMs);
      }
    }
  }

  #onTick(): void {
    const state = this.#state;
    if (state.phase.kind === 'ended') return watchAllocations(state);
    beginReadySteps(state);
    watchAgents(state);
    watchAllocations(state);
    for (const step of state.steps) step.units?.promote(state.nowMs);
    if (state.phase.kind === 'running') failWithoutAgents(state);
    if (state.phase.kind !== 'running') abortWaitingSteps(state);
    if (state.steps.every((step) => step.isEnded)) return endRun(state);
    if (state.phase.kind === 'running') {
      const ended = state.steps.filter((step) => step.isEnded).length;
      grow(state);
      this.#lease();
      failHopelessSteps(state);
      // What follows from a failed step follows at once, not at the next tick.
      if (state.steps.filter((step) => step.isEnded).length > ended) return this.#onTick();
    }
    if (state.hasSlurm) drainIdleAgents(state);
  }

  #lease(): void {
    const state = this.#state;
    if (state.agents.anyExpected()) return; // nobody knows yet which units they hold
    const bounds = {
      maxRunning: state.options.maxRunning,
      isLocal: (pool: number) => state.pools[pool]?.spec.kind === 'local',
    };
    const grants = lease(state.agents.connected(), state.steps, bounds);
    const fresh = new Set<Agent>();
    for (const { agent, step, index } of grants) {
      assert(agent.presence.kind === 'connected' && step.units, `agent ${agent.info.id} was leased units of ${step.step.id}`);
      const { units } = step;
      const firstN = state.lastN + 1;
      const attempt = index.map((each, at) =>
        units.grant(each, agent.number, fenceOf({ epoch: state.options.epoch, n: firstN + at })),
      );
      state.lastN += index.length;
      if (agent.freshFence === 0) fresh.add(agent);
      emit(state, { kind: 'lease', session: agent.presence.session, step: step.ordinal, firstN, index, attempt });
    }
    for (const agent of fresh) agent.freshFence = fenceOf({ epoch: state.options.epoch, n: state.lastN });
  }

  /** When a `tick` is due though nothing else happens. */
  nextWakeMs(): number | undefined {
    return nextWakeMs(this.#state);
  }

  counts(): StepCounts[] {
    return stepCounts(this.#state);
  }

  capacity(): { agents: number; cpus: number } {
    return capacity(this.#state);
  }

  isPreparing(): boolean {
    return isPreparing(this.#state);
  }

  /** What must always hold; for tests and simulations. */
  checkInvariants(): void {
    const { steps, agents, pools } = this.#state;
    for (const { spec } of pools)
      if (spec.kind === 'slurm')
        assert(liveOnSlurm(this.#state) <= spec.maxAllocations, 'there are more allocations than may be');
    for (const step of steps) {
      step.units?.checkInvariants();
      if (!step.units || step.isEnded) continue;
      let held = 0;
      for (const agent of agents) held += agent.held[step.ordinal] as number;
      assert(held === step.units.held, `${step.step.id}: agents hold ${held} units, ${step.units.held} are held`);
    }
  }
}
