// One run's coordinator: carries out what core decides, with the store, the agents' sessions, the provider and the watchers.
import path from 'node:path';
import { Core } from '../core/core.ts';
import type { SendEffect } from '../core/effects.ts';
import type { Event } from '../core/events.ts';
import { LIMITS } from '../model/limits.ts';
import type { Failure, RunEndState } from '../model/states.ts';
import { planSum } from '../plan/hash.ts';
import type { Plan } from '../plan/plan.ts';
import { ownSpoken } from '../rpc/compatibility.ts';
import type { Hello, Welcome } from '../rpc/messages.ts';
import { type RunningServer, serve } from '../rpc/server.ts';
import type { Store } from '../store/store.ts';
import type { LoadedRun, LogRow } from '../store/types.ts';
import { AgentsView } from './agents-view.ts';
import type { LocalAllocations } from './allocations.ts';
import { batchOf } from './batch.ts';
import { clampWarnings } from './clamps.ts';
import { Execs } from './execs.ts';
import { Loop, type LoopEnd } from './loop.ts';
import { type Pools, poolsOf } from './pools.ts';
import { allocationProgress, stepProgress } from './progress.ts';
import { Providers } from './providers.ts';
import { refusals } from './refusal.ts';
import { restoredSteps } from './resume.ts';
import { Sessions } from './sessions.ts';
import { StepClock } from './step-times.ts';
import { StepWork } from './step-work.ts';
import { Watchers } from './watchers.ts';

export interface CoordinatorOptions {
  store: Store;
  loaded: LoadedRun;
  /** `unix:/path`. */
  address: string;
  allocations: LocalAllocations;
  /** An agent that was started before there was a run. */
  started: string | undefined;
  databases: Record<string, string>;
  /** The submitter's, for units in allocations. */
  environment: NodeJS.ProcessEnv;
  log: (level: 'info' | 'warn' | 'error', text: string) => void;
}

/** CPU slots of the local agent, and how many units may run at once. */
export interface LocalShape {
  slots: number;
  maxRunning: number;
}

export class Coordinator {
  readonly #options: CoordinatorOptions;
  readonly #shape: LocalShape;
  readonly #plan: Plan;
  readonly #pools: Pools;
  readonly #providers: Providers;
  readonly #sessions: Sessions;
  readonly #watchers: Watchers;
  readonly #execs: Execs;
  readonly #agents: AgentsView;
  readonly #steps: StepWork;
  readonly #clock = new StepClock();
  readonly #ownLogs: LogRow[] = [];
  #ownSeq = 0;
  #core!: Core;
  /** From `run` on. */
  #loop: Loop | undefined;
  #isStopped = false;
  #server: RunningServer | undefined;

  constructor(options: CoordinatorOptions, shape: LocalShape) {
    this.#options = options;
    this.#shape = shape;
    this.#plan = JSON.parse(options.loaded.record.plan) as Plan;
    this.#pools = poolsOf(this.#plan, options.loaded.record.slurm);
    this.#providers = new Providers({
      ...options,
      local: options.allocations,
      pools: this.#pools,
      slots: shape.slots,
      enqueue: (event) => this.enqueue(event),
      notice: (level, text) => this.notice(level, text),
      onEndKnown: (allocation) => this.#sessions.timeLeft(allocation, this.#providers.secondsLeft(allocation)),
    });
    this.#watchers = new Watchers(() => ({
      steps: this.#core.counts().map((count) => stepProgress(count, this.#clock.of(count.step))),
      ...this.#core.capacity(),
      state: this.#core.phase.kind === 'cancelling' ? 'cancelling' : 'running',
      slurmCalls: this.#providers.calls,
      allocations: this.#core.allocations().flatMap((each) => (each.pool > 0 ? [allocationProgress(each)] : [])),
    }));
    this.#agents = new AgentsView({
      agents: () => this.#core.agents(),
      usageOf: (agent) => this.#sessions.usageOf(agent),
      drain: (agent) => this.enqueue({ kind: 'drain-requested', agent }),
    });
    this.#execs = new Execs({
      holderOf: (step, index) => this.#core.holderOf(step, index),
      runningUnits: (limit) => this.#core.runningUnits(limit),
      ask: (session, request) => this.#sessions.openExec(session, request),
    });
    this.#steps = new StepWork({
      store: options.store,
      record: options.loaded.record,
      plan: this.#plan,
      slots: shape.slots,
      isLocal: (step) => this.#pools.ofStep[step] === 0,
      enqueue: (event) => this.enqueue(event),
      log: options.log,
    });
    this.#sessions = new Sessions({
      enqueue: (event) => this.enqueue(event),
      welcome: (reportSeq, hello) => this.#welcome(reportSeq, hello),
      refusal: refusals({
        ...{ run: options.loaded.record.id, epoch: options.loaded.epoch, providers: this.#providers },
        warn: (text) => this.notice('warn', text),
      }),
      stepInfo: (step) => this.#steps.info(step),
      elementAt: (step, index) => this.#steps.elementAt(step, index),
    });
  }

  enqueue(event: Event): void {
    this.#loop?.enqueue(event);
  }

  /** Serves until the run has ended and its agents are gone, or the lease is lost. `onServing` is called once. */
  async run(onServing: () => void): Promise<LoopEnd> {
    try {
      return await this.#serve(onServing);
    } finally {
      this.#providers.stop();
      if (this.#providers.calls > 0) this.#options.log('info', `Slurm was called ${this.#providers.calls} times`);
      this.#execs.close();
      this.#sessions.close();
      await this.#server?.close();
    }
  }

  async #serve(onServing: () => void): Promise<LoopEnd> {
    const { store, loaded, address, started } = this.#options;
    const { record, epoch } = loaded;
    const restored = await restoredSteps(store, loaded, this.#plan);
    this.#core = new Core({
      plan: this.#plan,
      epoch,
      pools: this.#pools.specs,
      poolOf: (step) => this.#pools.ofStep[step] ?? 0,
      needsOf: (step) => this.#steps.needsOf(step),
      maxRunning: this.#shape.maxRunning,
      restored,
    });
    this.#loop = new Loop(this.#core, store, record.id, epoch, {
      batchOf: (effects) =>
        batchOf(effects, {
          logsOf: (agent, seq) => this.#sessions.takeLogs(agent, seq),
          detailOf: (id, pool) => this.#providers.detailOf(id, pool),
          providerOf: (pool) => this.#pools.specs[pool]?.kind ?? 'local',
          ownLogs: this.#ownLogs.splice(0),
          nowMs: Date.now(),
        }),
      onCommitted: ({ logs, steps }) => {
        this.#watchers.logs(logs ?? []);
        this.#clock.note(steps ?? []);
      },
      onChanged: () => this.#watchers.changed(),
      carryOut: (effect) => this.#carryOut(effect),
      setPaused: (paused) => this.#sessions.setPaused(paused),
      onDatabaseTrouble: (error) =>
        this.notice(
          'warn',
          `Postgres does not take results (${error.message}); trying again for ${LIMITS.databasePatienceMs / 60_000} min`,
        ),
      onDatabaseBack: () => this.notice('info', 'Postgres takes results again'),
    });
    if (this.#isStopped) this.#loop.stop();
    await this.#providers.open();
    await this.#providers.adopt(this.#core);
    for (const text of clampWarnings(this.#plan, this.#pools, this.#shape.slots)) this.notice('warn', text);
    if (started !== undefined) this.#providers.expectLocal(this.#core, started);
    if (loaded.cancelRequested) this.enqueue({ kind: 'cancel-requested', now: false });
    const ended = this.#loop.run(() => this.#sessions.count === 0 && this.#providers.liveCount === 0);
    ended.catch(() => {}); // told when it is waited for
    // Agents of an earlier holder say what they hold of steps; those must be known before they may dial.
    while (this.#loop.isRunning && this.#core.isPreparing()) await new Promise((resolve) => setTimeout(resolve, 5));
    this.#server = await serve(
      { unix: address, ...(this.#providers.tcp && { tcp: this.#providers.tcp }) },
      {
        onAgent: (stream) => this.#sessions.onAgent(stream),
        getBlob: (sha256) => store.getBlob(sha256),
        putBlob: (sha256, size, chunks) => store.putBlob(sha256, size, chunks),
        watch: (request, to, signal) => this.#watchers.watch(request, to, signal),
        cancel: async ({ now }) => this.enqueue({ kind: 'cancel-requested', now }),
        tunnel: (target, socket) => this.#providers.tunnels?.open(target, socket),
        agents: () => this.#agents.list(Date.now()),
        drain: (agent) => this.#agents.drain(agent),
        exec: (stream) => this.#execs.onUser(stream),
        agentExec: (stream) => this.#execs.onAgent(stream),
      },
    );
    await this.#providers.publish(this.#server.tcpPort);
    if (started !== undefined) await this.#providers.publishLocal(started);
    onServing();
    const end = await ended;
    // One that another holder has taken over is that one's.
    if (this.#core.phase.kind === 'ended' && (end === 'ended' || end === 'stopped')) this.#providers.removeSecrets();
    return end;
  }

  stop(): void {
    this.#isStopped = true;
    this.#loop?.stop();
  }

  /** To those who watch, and to the run's log. */
  notice(level: 'info' | 'warn' | 'error', text: string): void {
    this.#options.log(level, text);
    this.#watchers.notice(level, text);
    this.#ownLogs.push({
      step: null,
      index: null,
      attempt: null,
      seq: ++this.#ownSeq,
      atMs: Date.now(),
      stream: 'system',
      level,
      text,
    });
  }

  #carryOut(effect: SendEffect): void {
    switch (effect.kind) {
      case 'welcome':
        return this.#sessions.welcome(effect.session, effect.reportSeq);
      case 'lease':
        return this.#sessions.lease(
          effect.session,
          this.#options.loaded.epoch,
          effect.step,
          effect.firstN,
          effect.index,
          effect.attempt,
        );
      case 'cancel-units':
        return this.#sessions.cancel(effect.session, effect.units, effect.graceMs);
      case 'ack':
        return this.#sessions.ack(effect.session, effect.seq);
      case 'drain':
        return this.#sessions.drain(effect.session, effect.reason, effect.cause);
      case 'prepare':
        return this.#steps.prepare(effect.step, effect.inputs);
      case 'reduce':
        return this.#steps.reduce(effect.step, effect.keepFailures);
      case 'release':
        return this.#steps.release(effect.step);
      case 'notice':
        return this.notice(effect.level, effect.text);
      case 'allocate':
      case 'ask-site':
      case 'end-allocations':
      case 'inspect-allocation':
        return this.#providers.carryOut(effect);
      case 'run-ended':
        return this.#onRunEnded(effect.state, effect.failure);
    }
  }

  #onRunEnded(state: RunEndState, failure: Failure | null): void {
    this.#options.log('info', `the run has ${state}${failure ? `: ${failure.message}` : ''}`);
    this.#watchers.end(state, failure);
    this.#providers.onRunEnded(() => this.#loop?.stop());
  }

  #welcome(reportSeq: number, { allocation }: Hello): Welcome {
    const isLocal = this.#providers.isLocal(allocation);
    this.#providers.onHello(allocation);
    const { record, epoch } = this.#options.loaded;
    return {
      ...ownSpoken(),
      refusal: '',
      epoch,
      run: record.id,
      command: record.command,
      args: record.args,
      planHash: record.planHash,
      planSum: planSum(this.#plan),
      bundleHash: record.bundleHash,
      pipelineDir: path.dirname(record.pipelineFile),
      workdir: record.workdir,
      reportSeq,
      databases: this.#options.databases,
      maxRunning: this.#shape.maxRunning,
      orphanGraceMs: isLocal ? LIMITS.orphanGraceMs : LIMITS.remoteOrphanGraceMs,
      environment: isLocal ? {} : (this.#options.environment as Record<string, string>),
      secondsLeft: this.#providers.secondsLeft(allocation),
      tunnel: !isLocal,
    };
  }
}
