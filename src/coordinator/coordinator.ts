// One run's coordinator: carries out what core decides, with the store, the agents' sessions, the provider and the watchers.
import path from 'node:path';
import { Core } from '../core/core.ts';
import type { SendEffect } from '../core/effects.ts';
import type { Event } from '../core/events.ts';
import { LIMITS } from '../model/limits.ts';
import type { Failure, RunEndState } from '../model/states.ts';
import type { Plan } from '../plan/plan.ts';
import type { Welcome } from '../rpc/messages.ts';
import { serve } from '../rpc/server.ts';
import type { Store } from '../store/store.ts';
import type { LoadedRun, LogRow } from '../store/types.ts';
import type { LocalAllocations } from './allocations.ts';
import { batchOf } from './batch.ts';
import { Loop, type LoopEnd } from './loop.ts';
import { expectAgents, restoredSteps } from './resume.ts';
import { Sessions } from './sessions.ts';
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
  readonly #sessions: Sessions;
  readonly #watchers: Watchers;
  readonly #steps: StepWork;
  readonly #ownLogs: LogRow[] = [];
  #ownSeq = 0;
  #core!: Core;
  #loop!: Loop;

  constructor(options: CoordinatorOptions, shape: LocalShape) {
    this.#options = options;
    this.#shape = shape;
    this.#plan = JSON.parse(options.loaded.record.plan) as Plan;
    this.#watchers = new Watchers(() => ({
      steps: this.#core.counts().map((step) => ({ ...step, total: step.total ?? 0, totalKnown: step.total !== null })),
      ...this.#core.capacity(),
      state: this.#core.phase.kind === 'cancelling' ? 'cancelling' : 'running',
      slurmCalls: 0,
      allocations: [],
    }));
    this.#steps = new StepWork({
      store: options.store,
      record: options.loaded.record,
      plan: this.#plan,
      slots: shape.slots,
      enqueue: (event) => this.enqueue(event),
      log: options.log,
    });
    this.#sessions = new Sessions({
      enqueue: (event) => this.enqueue(event),
      welcome: (reportSeq) => this.#welcome(reportSeq),
      stepInfo: (step) => this.#steps.info(step),
      elementAt: (step, index) => this.#steps.elementAt(step, index),
    });
  }

  enqueue(event: Event): void {
    this.#loop.enqueue(event);
  }

  /** Serves until the run has ended and its agents are gone, or the lease is lost. `onServing` is called once. */
  async run(onServing: () => void): Promise<LoopEnd> {
    const { store, loaded, address, allocations, started } = this.#options;
    const { record, epoch } = loaded;
    const restored = await restoredSteps(store, loaded, this.#plan);
    this.#core = new Core({
      plan: this.#plan,
      epoch,
      pools: [{ kind: 'local' }],
      poolOf: () => 0,
      needsOf: (step) => this.#steps.needsOf(step),
      maxRunning: this.#shape.maxRunning,
      restored,
    });
    this.#loop = new Loop(this.#core, store, record.id, epoch, {
      batchOf: (effects) =>
        batchOf(effects, {
          logsOf: (agent, seq) => this.#sessions.takeLogs(agent, seq),
          detailOf: (id) => allocations.detailOf(id),
          providerOf: () => 'local',
          ownLogs: this.#ownLogs.splice(0),
          nowMs: Date.now(),
        }),
      onCommitted: (batch) => {
        this.#watchers.logs(batch.logs ?? []);
        this.#watchers.changed();
      },
      carryOut: (effect) => this.#carryOut(effect),
      setPaused: (paused) => this.#sessions.setPaused(paused),
      onDatabaseTrouble: (error) =>
        this.notice(
          'warn',
          `Postgres does not take results (${error.message}); trying again for ${LIMITS.databasePatienceMs / 60_000} min`,
        ),
      onDatabaseBack: () => this.notice('info', 'Postgres takes results again'),
    });
    await this.#adoptAllocations();
    this.#warnOfClamps();
    if (started !== undefined) {
      this.#core.expectAllocation({ id: started, pool: 0, state: 'running', job: null }, Date.now());
      this.#watchAllocation(started);
    }
    if (loaded.cancelRequested) this.enqueue({ kind: 'cancel-requested', now: false });
    const ended = this.#loop.run(() => this.#sessions.count === 0 && allocations.liveCount === 0);
    // Agents of an earlier holder say what they hold of steps; those must be known before they may dial.
    while (this.#core.isPreparing()) await new Promise((resolve) => setTimeout(resolve, 5));
    const server = await serve(
      { unix: address },
      {
        onAgent: (stream) => this.#sessions.onAgent(stream),
        getBlob: (sha256) => store.getBlob(sha256),
        putBlob: (sha256, size, chunks) => store.putBlob(sha256, size, chunks),
        watch: (request, emit, signal) => this.#watchers.watch(request, emit, signal),
        cancel: async ({ now }) => this.enqueue({ kind: 'cancel-requested', now }),
      },
    );
    if (started !== undefined) await allocations.publish(started, address, record.id, this.#shape.slots);
    onServing();
    try {
      return await ended;
    } finally {
      this.#sessions.close();
      await server.close();
    }
  }

  stop(): void {
    this.#loop.stop();
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

  #warnOfClamps(): void {
    for (const step of this.#plan.workflow.steps) {
      if (step.kind === 'map' && step.cpusPerTask > this.#shape.slots) {
        this.notice(
          'warn',
          `${step.id} asks for ${step.cpusPerTask} CPUs a unit, this run has ${this.#shape.slots}: its units get ${this.#shape.slots}`,
        );
      }
    }
  }

  async #adoptAllocations(): Promise<void> {
    const { allocations, loaded } = this.#options;
    for (const row of loaded.allocations) {
      if (row.state === 'ended' || !allocations.adopt(row)) continue;
      await allocations.publish(row.id, this.#options.address, loaded.record.id, this.#shape.slots);
      this.#core.expectAllocation({ id: row.id, pool: 0, state: 'running', job: null }, Date.now());
      this.#watchAllocation(row.id);
    }
    expectAgents(this.#core, loaded, (id) => allocations.isAlive(id));
  }

  #watchAllocation(id: string): void {
    this.#options.allocations.watch(id, (event) => this.enqueue(event));
    this.enqueue({ kind: 'allocation-running', allocation: id });
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
      case 'allocate':
        for (const id of effect.allocations) this.#allocate(id);
        return;
      case 'notice':
        return this.notice(effect.level, effect.text);
      case 'ask-site':
      case 'end-allocations':
      case 'inspect-allocation':
        return; // of Slurm pools
      case 'run-ended':
        return this.#onRunEnded(effect.state, effect.failure);
    }
  }

  #allocate(id: string): void {
    const { allocations, address, loaded } = this.#options;
    allocations.publish(id, address, loaded.record.id, this.#shape.slots).then(
      () => {
        allocations.spawn(id);
        this.#watchAllocation(id);
      },
      (error: Error) => this.enqueue({ kind: 'allocation-ended', allocation: id, cause: 'agent-lost', detail: error.message }),
    );
  }

  #onRunEnded(state: RunEndState, failure: Failure | null): void {
    this.#options.log('info', `the run has ${state}${failure ? `: ${failure.message}` : ''}`);
    this.#watchers.end(state, failure);
    // Agents leave by themselves; what does not is ended.
    setTimeout(() => {
      this.#options.allocations.killAll();
      this.#loop.stop();
    }, LIMITS.cancelGraceMs).unref();
  }

  #welcome(reportSeq: number): Welcome {
    const { record, epoch } = this.#options.loaded;
    return {
      refusal: '',
      epoch,
      run: record.id,
      command: record.command,
      args: record.args,
      planHash: record.planHash,
      bundleHash: record.bundleHash,
      pipelineDir: path.dirname(record.pipelineFile),
      workdir: record.workdir,
      reportSeq,
      databases: this.#options.databases,
      maxRunning: this.#shape.maxRunning,
      orphanGraceMs: LIMITS.orphanGraceMs,
      environment: {},
      secondsLeft: 0,
      tunnel: false,
    };
  }
}
