// A world for core: a committed "database", agents with their queues, and faults at will. Nothing here is ours but core itself.
import { assert } from '../../src/base/assert.ts';
import type { Random } from '../../src/base/random.ts';
import { Core } from '../../src/core/core.ts';
import type { Effect } from '../../src/core/effects.ts';
import type { Event, Lease } from '../../src/core/events.ts';
import type { PoolSpec } from '../../src/core/pools.ts';
import type { RestoredStep } from '../../src/core/state.ts';
import type { Cause, Failure } from '../../src/model/states.ts';
import { splitArray } from '../../src/model/values.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { UnitNeeds } from '../../src/plan/slurm.ts';
import { infoOf, keyOf, leasesIn, newAgent, type SimAgent } from './sim-agent.ts';

/** What stands beside the local agents: a Slurm that lives on while coordinators come and go. */
export interface SlurmSide {
  readonly pools: readonly PoolSpec[];
  poolOf(step: number): number;
  needsOf(step: number): UnitNeeds;
  carryOut(effect: Effect): void;
  /** A new holder knows the allocations that were committed. */
  onTakeOver(): void;
  /** An agent of an allocation in Slurm is gone. */
  onAgentGone(agent: SimAgent, how: 'left' | 'killed'): void;
}

export class World {
  readonly random: Random;
  readonly plan: Plan;
  readonly agents: SimAgent[] = [];
  /** Committed: unit key → state. */
  readonly units = new Map<string, string>();
  readonly unitOutputs = new Map<string, string | null>();
  readonly steps = new Map<number, Extract<Effect, { kind: 'store-step' }>>();
  readonly reports = new Map<string, number>();
  readonly knownAgents = new Map<string, Extract<Effect, { kind: 'store-agent' }>>();
  /** Connections that are gone, which the coordinator has not noticed. */
  #unnoticed: number[] = [];
  readonly attempts: Extract<Effect, { kind: 'store-attempt' }>[] = [];
  end: Extract<Effect, { kind: 'store-end' }> | undefined;
  nowMs = 1_000_000;
  epoch = 0;
  executions = 0;
  /** Committed. */
  readonly allocations = new Map<string, Extract<Effect, { kind: 'store-allocation' }>>();
  readonly notices: string[] = [];
  /** Committed with their allocations: Slurm's ids. */
  readonly jobs = new Map<string, string>();
  takeovers = 0;
  isAbandoned = false;
  /** How often a unit fails by itself. */
  failureRate = 0;
  core!: Core;
  #isCancelled = false;
  #sessions = 0;
  #agentCount = 0;
  #events: Event[] = [];
  /** Attempts that units have begun; holders need not know those of the ones before. */
  readonly #begun = new Set<string>();

  /** Committed, of units in any state. */
  readonly #failures: { step: number; index: number; failure: Failure }[] = [];

  readonly #slurm: SlurmSide | undefined;

  constructor(plan: Plan, random: Random, slurm?: (world: World) => SlurmSide) {
    this.plan = plan;
    this.random = random;
    this.#slurm = slurm?.(this);
    this.takeOver();
  }

  /** A new holder: the old core and all connections are gone, what was committed is there. */
  takeOver(): void {
    if (this.end !== undefined) {
      this.isAbandoned = true; // nobody holds a run that has ended: its agents see that nobody answers
      return;
    }
    this.epoch += 1;
    this.takeovers += 1;
    this.#events = [];
    this.#unnoticed = [];
    for (const agent of this.agents) this.#drop(agent);
    this.core = new Core({
      plan: this.plan,
      epoch: this.epoch,
      pools: this.#slurm?.pools ?? [{ kind: 'local' }],
      poolOf: (step) => this.#slurm?.poolOf(step) ?? 0,
      needsOf: (step) => this.#slurm?.needsOf(step) ?? { cpus: this.#cpusOf(step), memoryMib: 0, gpus: 0, timeMs: 0 },
      maxRunning: 0,
      restored: this.#restored(),
    });
    for (const { allocation, pool, state } of this.allocations.values()) {
      // A local one lives with its process; of Slurm's, one that has not been seen to end may live.
      const isKnown = pool > 0 ? state !== 'ended' : this.agents.some((agent) => agent.allocation === allocation);
      if (isKnown && state !== 'ended')
        this.core.expectAllocation({ id: allocation, pool, state, job: this.jobs.get(allocation) ?? null }, this.nowMs);
      else if (pool > 0 && !this.jobs.has(allocation))
        this.core.expectAllocation({ id: allocation, pool, state: 'missing', job: null }, this.nowMs);
    }
    this.#slurm?.onTakeOver();
    for (const { agent, state } of this.knownAgents.values()) {
      const seq = this.reports.get(agent.id) ?? 0;
      if (state === 'connected' && this.#mayLive(agent.allocation)) this.core.expectAgent(agent, seq, this.nowMs);
      else this.core.knowAgent(agent, seq);
    }
    if (this.#isCancelled) this.enqueue({ kind: 'cancel-requested', now: false });
    this.batch();
    // As the coordinator does: no agent may dial before what was running is prepared again.
    while (this.core.isPreparing()) this.batch();
  }

  #mayLive(allocation: string): boolean {
    const row = this.allocations.get(allocation);
    if (row === undefined) return false;
    if (row.pool === 0) return this.agents.some((agent) => agent.allocation === allocation);
    return row.state !== 'ended' || !this.jobs.has(allocation);
  }

  #cpusOf(step: number): number {
    const found = this.plan.workflow.steps[step];
    return found?.kind === 'map' ? found.cpusPerTask : 1;
  }

  #restored(): Map<number, RestoredStep> {
    const restored = new Map<number, RestoredStep>();
    for (const [ordinal, row] of this.steps) {
      const settled: RestoredStep['settled'] = [];
      for (const [key, state] of this.units) {
        const [step, index] = key.split('/').map(Number) as [number, number];
        if (step === ordinal) settled.push({ state: state as 'succeeded', from: index, to: index + 1 });
      }
      const attempts = new Map<number, RestoredStep['attempts'][number]>();
      for (const row of this.attempts.filter(({ step, index }) => step === ordinal && !this.units.has(`${step}/${index}`))) {
        const none = { index: row.index, attempts: 0, failures: 0, losses: 0, cutOffs: 0, last: row.failure };
        const history = attempts.get(row.index) ?? none;
        history.attempts = Math.max(history.attempts, row.attempt);
        if (row.failure.hadWholeTime) history.cutOffs += 1;
        if (row.loss === true) history.losses += 1;
        if (row.loss === false) history.failures += 1;
        attempts.set(row.index, history);
      }
      const ended = ['succeeded', 'failed', 'cancelled', 'aborted'].includes(row.state);
      const isTask = this.plan.workflow.steps[ordinal]?.kind === 'task';
      const outputs = isTask ? (this.unitOutputs.get(`${ordinal}/0`) ?? null) : row.outputs;
      restored.set(ordinal, {
        ended: ended ? { state: row.state as 'succeeded', outputs, failure: row.failure } : null,
        settled,
        attempts: [...attempts.values()],
        failures: this.#failures.filter(({ step }) => step === ordinal),
      });
    }
    return restored;
  }

  /** One batch of the coordinator's loop; `crash` ends the holder before or after its commit. */
  batch(crash?: 'before-commit' | 'before-send'): void {
    const effects: Effect[] = [];
    for (const event of [...this.#events.splice(0), { kind: 'tick' } as const])
      effects.push(...this.core.apply(event, this.nowMs));
    this.core.checkInvariants();
    if (crash === 'before-commit') return this.takeOver();
    for (const effect of effects) this.#commit(effect);
    if (crash === 'before-send') return this.takeOver();
    for (const effect of effects) this.#send(effect);
  }

  #commit(effect: Effect): void {
    switch (effect.kind) {
      case 'store-units':
        for (const [at, index] of effect.index.entries()) {
          const key = `${effect.step}/${index}`;
          assert(!this.units.has(key), `unit ${key} settled twice: ${this.units.get(key)}, then ${effect.state}`);
          this.units.set(key, effect.state);
          this.unitOutputs.set(key, effect.output[at] ?? null);
          const failure = effect.failure[at] ?? null;
          if (failure !== null) this.#failures.push({ step: effect.step, index, failure });
        }
        break;
      case 'store-attempt':
        this.attempts.push(effect);
        break;
      case 'store-step':
        this.steps.set(effect.step, effect);
        break;
      case 'accept-report': {
        const last = this.reports.get(effect.agent) ?? 0;
        assert(effect.seq === last + 1, `report ${effect.seq} of ${effect.agent} after ${last}`);
        this.reports.set(effect.agent, effect.seq);
        break;
      }
      case 'store-agent':
        this.knownAgents.set(effect.agent.id, effect);
        break;
      case 'store-allocation':
        this.allocations.set(effect.allocation, effect);
        break;
      case 'store-end':
        assert(this.end === undefined, 'the run ended twice');
        assert(effect.state !== 'failed' || effect.failure !== null, 'the run failed, and nobody knows why');
        this.end = effect;
        break;
      default:
    }
  }

  #send(effect: Effect): void {
    switch (effect.kind) {
      case 'prepare': {
        const step = this.plan.workflow.steps[effect.step];
        const total = step?.kind === 'map' ? splitArray(effect.inputs['items'] as string).length : 1;
        this.#events.push({ kind: 'step-prepared', step: effect.step, total });
        break;
      }
      case 'reduce': {
        const total = this.core.counts()[effect.step]?.total ?? 0;
        const outputs = Array.from({ length: total }, (_, index) => this.unitOutputs.get(`${effect.step}/${index}`));
        assert(
          effect.keepFailures || outputs.every((output) => output !== undefined && output !== null),
          'a unit without an output is reduced',
        );
        this.#events.push({
          kind: 'step-reduced',
          step: effect.step,
          outputs: `{"results":[${outputs.map((each) => each ?? 'null').join(',')}]}`,
        });
        break;
      }
      case 'notice':
        this.notices.push(effect.text);
        break;
      case 'allocate':
        for (const id of effect.allocations) assert(this.allocations.has(id), `${id} is asked for before it is stored`);
        if (effect.pool > 0) return this.#slurm?.carryOut(effect);
        for (const id of effect.allocations) this.addAgent(id, 2 + this.random.below(3));
        break;
      case 'welcome':
      case 'lease':
      case 'cancel-units':
      case 'ack':
      case 'drain':
        this.agents.find(({ session }) => session === effect.session)?.inbox.push(effect);
        break;
      default:
        this.#slurm?.carryOut(effect);
    }
  }

  addAgent(allocation: string, cpus: number, memoryMib = 0): void {
    const id = `agent-${++this.#agentCount}`;
    this.agents.push(newAgent({ id, allocation, cpus, memoryMib }));
  }

  dial(agent: SimAgent): void {
    if (agent.session !== null) return;
    agent.session = ++this.#sessions;
    agent.isClosed = false;
    agent.inbox = [];
    const held = [...agent.held.values()];
    this.#events.push({
      kind: 'agent-connected',
      session: agent.session,
      agent: infoOf(agent),
      held: held.map(({ lease }) => lease),
      running: held.filter(({ running }) => running).map(({ lease }) => lease),
      finished: agent.unacked.flatMap(leasesIn),
      finishedIn: agent.unacked.flatMap((report) => leasesIn(report).map(() => report.seq)),
    });
  }

  #drop(agent: SimAgent): void {
    agent.session = null;
    agent.inbox = [];
  }

  hangUp(agent: SimAgent): void {
    if (agent.session === null) return;
    this.#events.push({ kind: 'agent-disconnected', session: agent.session, heardAtMs: this.nowMs });
    this.#drop(agent);
  }

  /** Its connection breaks, with what was on its way; the coordinator notices later, perhaps after the agent has dialled again. */
  breakOff(agent: SimAgent): void {
    const { session } = agent;
    if (session === null) return;
    const said = this.#events.filter(
      (event) => 'session' in event && event.session === session && event.kind !== 'agent-connected',
    );
    const lost = new Set(said.slice(this.random.below(said.length + 1)));
    this.#events = this.#events.filter((event) => !lost.has(event));
    this.#unnoticed.push(session);
    this.#drop(agent);
  }

  notice(): void {
    const session = this.#unnoticed.shift();
    if (session !== undefined)
      this.#events.push({ kind: 'agent-disconnected', session, heardAtMs: this.nowMs - this.random.below(10_000) });
  }

  /** Its wish for units changes; one that takes none of a step gives back what waits. */
  wish(agent: SimAgent, mayClose: boolean): void {
    const { session } = agent;
    if (session === null || agent.isClosed) return;
    const step = this.random.below(this.plan.workflow.steps.length);
    const closed = mayClose && !agent.allocation.startsWith('local-') && this.random.chance(0.2);
    if (closed) this.#giveBack(agent, (lease) => lease.step === step);
    this.#events.push({ kind: 'demand', session, step, prefetch: closed ? 0 : this.random.below(5), closed });
  }

  signal(agent: SimAgent): void {
    if (agent.isSignalled) return;
    agent.isSignalled = true;
    agent.draining = true;
    this.#giveBack(agent);
    if (agent.session !== null) this.#events.push({ kind: 'agent-leaving', session: agent.session, signal: 'SIGTERM' });
  }

  #giveBack(agent: SimAgent, which: (lease: Lease) => boolean = () => true): void {
    const returned = [...agent.held.values()].filter(({ lease, running }) => !running && which(lease)).map(({ lease }) => lease);
    for (const lease of returned) agent.held.delete(keyOf(lease));
    if (returned.length > 0) this.#report(agent, { returned });
  }

  kill(agent: SimAgent): void {
    this.hangUp(agent);
    this.agents.splice(this.agents.indexOf(agent), 1);
    if (agent.allocation === '') return;
    if (!agent.allocation.startsWith('local-')) return this.#slurm?.onAgentGone(agent, 'killed');
    this.#events.push({ kind: 'allocation-ended', allocation: agent.allocation, cause: 'agent-lost', detail: 'killed' });
  }

  /** The end of its allocation is near: no further unit could end in time. */
  sayNothingMore(agent: SimAgent): void {
    const { session } = agent;
    if (agent.isClosed || session === null) return;
    agent.isClosed = true;
    for (const step of this.plan.workflow.steps.keys())
      this.#events.push({ kind: 'demand', session, step, prefetch: 0, closed: true });
    if (agent.held.size === 0) this.#events.push({ kind: 'agent-leaving', session, signal: '' });
  }

  /** An agent that was told to go, holds nothing, and has said all, ends by itself. */
  leave(agent: SimAgent): void {
    if (!agent.draining || agent.held.size > 0 || agent.unacked.length > 0 || agent.session === null) return;
    this.hangUp(agent);
    this.agents.splice(this.agents.indexOf(agent), 1);
    if (agent.allocation === '') return;
    if (agent.allocation.startsWith('local-'))
      return void this.#events.push({
        kind: 'allocation-ended',
        allocation: agent.allocation,
        cause: 'agent-lost',
        detail: 'left',
      });
    this.#slurm?.onAgentGone(agent, 'left');
  }

  /** The agent reads one message. */
  receive(agent: SimAgent): void {
    const message = agent.inbox.shift();
    switch (message?.kind) {
      case 'welcome':
        agent.unacked = agent.unacked.filter(({ seq }) => seq > message.reportSeq);
        for (const report of agent.unacked) this.#say(agent, report);
        if (agent.draining && agent.session !== null)
          this.#events.push({ kind: 'agent-leaving', session: agent.session, signal: agent.isSignalled ? 'SIGTERM' : '' });
        break;
      case 'lease':
        for (const [at, index] of message.index.entries()) {
          const lease = { step: message.step, index, epoch: this.epoch, n: message.firstN + at };
          agent.held.set(keyOf(lease), { lease, attempt: message.attempt[at] as number, running: false });
        }
        if (agent.draining) this.#giveBack(agent);
        break;
      case 'cancel-units':
        for (const lease of message.units) {
          if (agent.held.get(keyOf(lease))?.running === false) this.#giveBack(agent, (each) => keyOf(each) === keyOf(lease));
          else if (agent.held.delete(keyOf(lease)))
            this.#report(agent, {
              failed: [
                { lease, startedAtMs: 0, durationMs: 0, failure: { cause: 'cancelled', message: 'cancelled' }, cancelled: true },
              ],
            });
        }
        break;
      case 'ack':
        agent.unacked = agent.unacked.filter(({ seq }) => seq > message.seq);
        break;
      case 'drain':
        agent.draining = true;
        this.#giveBack(agent);
        if (agent.isSignalled) this.#cutOff(agent, message.cause ?? 'drained');
        break;
      default:
    }
  }

  #cutOff(agent: SimAgent, cause: Cause): void {
    for (const { lease } of agent.held.values()) {
      agent.held.delete(keyOf(lease));
      this.#report(agent, {
        failed: [{ lease, startedAtMs: 0, durationMs: 0, failure: { cause, message: 'cut off' }, cancelled: false }],
      });
    }
  }

  /** The agent gets on with one of its units. */
  work(agent: SimAgent): void {
    const held = [...agent.held.values()];
    if (held.length === 0) return;
    const unit = this.random.pick(held);
    if (!unit.running) {
      unit.running = true;
      const { step, index, epoch } = unit.lease;
      const attempt = `${step}/${index}, attempt ${unit.attempt} of epoch ${epoch}`;
      assert(!this.#begun.has(attempt), `${attempt} begins again`);
      this.#begun.add(attempt);
      if (agent.session !== null && this.random.chance(0.5))
        this.#events.push({ kind: 'units-started', session: agent.session, units: [unit.lease] });
      return;
    }
    agent.held.delete(keyOf(unit.lease));
    this.executions += 1;
    const { lease } = unit;
    if (this.random.chance(this.failureRate)) {
      this.#report(agent, {
        failed: [
          {
            lease,
            startedAtMs: 0,
            durationMs: 0,
            failure: { cause: 'exception', message: 'boom', task: `${this.plan.workflow.steps[lease.step]?.id}/Work` },
            cancelled: false,
          },
        ],
      });
    } else {
      const output =
        this.plan.workflow.steps[lease.step]?.kind === 'task'
          ? '{"items":[1,2,3,4,5,6,7,8,9,10,11,12]}'
          : `[{"r":${lease.index}}]`;
      this.#report(agent, {
        succeeded: [
          {
            step: lease.step,
            epoch: lease.epoch,
            n: [lease.n],
            index: [lease.index],
            startedAtMs: [0],
            durationMs: [0],
            output: [output],
          },
        ],
      });
    }
  }

  #report(agent: SimAgent, parts: Partial<Extract<Event, { kind: 'report' }>>): void {
    const report = { kind: 'report', session: 0, seq: ++agent.seq, succeeded: [], failed: [], returned: [], ...parts } as Extract<
      Event,
      { kind: 'report' }
    >;
    agent.unacked.push(report);
    this.#say(agent, report);
  }

  #say(agent: SimAgent, report: Extract<Event, { kind: 'report' }>): void {
    if (agent.session !== null) this.#events.push({ ...report, session: agent.session });
  }

  /** A durable intent, then a nudge. */
  cancel(): void {
    this.#isCancelled = true;
    this.enqueue({ kind: 'cancel-requested', now: false });
  }

  enqueue(event: Event): void {
    this.#events.push(event);
  }
}
