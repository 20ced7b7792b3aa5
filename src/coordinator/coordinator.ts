// One run's coordinator: carries out what core decides, with the store, the agents' sessions, the provider and the watchers.
import path from 'node:path';
import { Core } from '../core/core.ts';
import type { SendEffect } from '../core/effects.ts';
import type { Event } from '../core/events.ts';
import type { AllocationView } from '../core/views.ts';
import { LIMITS } from '../model/limits.ts';
import type { Failure, RunEndState } from '../model/states.ts';
import type { Plan } from '../plan/plan.ts';
import type { SlurmSettings } from '../plan/slurm.ts';
import type { AllocationProgress, Hello, Welcome } from '../rpc/messages.ts';
import { serve } from '../rpc/server.ts';
import type { Store } from '../store/store.ts';
import type { LoadedRun, LogRow } from '../store/types.ts';
import type { LocalAllocations } from './allocations.ts';
import { batchOf } from './batch.ts';
import { Loop, type LoopEnd } from './loop.ts';
import { type Pools, poolsOf } from './pools.ts';
import { expectAgents, restoredSteps } from './resume.ts';
import { Sessions } from './sessions.ts';
import type { SlurmBackend } from './slurm/backend.ts';
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
  readonly #sessions: Sessions;
  readonly #watchers: Watchers;
  readonly #steps: StepWork;
  readonly #ownLogs: LogRow[] = [];
  #ownSeq = 0;
  #core!: Core;
  #loop!: Loop;
  /** Only of a run on Slurm. */
  #slurm: SlurmBackend | undefined;

  constructor(options: CoordinatorOptions, shape: LocalShape) {
    this.#options = options;
    this.#shape = shape;
    this.#plan = JSON.parse(options.loaded.record.plan) as Plan;
    this.#pools = poolsOf(this.#plan, options.loaded.record.slurm);
    this.#watchers = new Watchers(() => ({
      steps: this.#core.counts().map((step) => ({ ...step, total: step.total ?? 0, totalKnown: step.total !== null })),
      ...this.#core.capacity(),
      state: this.#core.phase.kind === 'cancelling' ? 'cancelling' : 'running',
      slurmCalls: this.#slurm?.jobs.calls ?? 0,
      allocations: this.#core.allocations().map(allocationProgress),
    }));
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
          detailOf: (id) => this.#slurm?.jobs.detailOf(id) ?? allocations.detailOf(id),
          providerOf: (pool) => this.#pools.specs[pool]?.kind ?? 'local',
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
    if (record.slurm !== null && this.#pools.specs.length > 1) this.#slurm = await this.#makeSlurmBackend(record.slurm);
    await this.#adoptAllocations();
    this.#warnOfClamps();
    if (started !== undefined) {
      this.#core.expectAllocation({ id: started, pool: 0, state: 'running', job: null }, Date.now());
      this.#watchAllocation(started);
    }
    if (loaded.cancelRequested) this.enqueue({ kind: 'cancel-requested', now: false });
    const ended = this.#loop.run(() => this.#sessions.count === 0 && allocations.liveCount === 0 && !this.#slurm?.jobs.liveCount);
    // Agents of an earlier holder say what they hold of steps; those must be known before they may dial.
    while (this.#core.isPreparing()) await new Promise((resolve) => setTimeout(resolve, 5));
    const server = await serve(
      { unix: address, ...(this.#slurm && { tcp: this.#slurm.rendezvous.tcp }) },
      {
        onAgent: (stream) => this.#sessions.onAgent(stream),
        getBlob: (sha256) => store.getBlob(sha256),
        putBlob: (sha256, size, chunks) => store.putBlob(sha256, size, chunks),
        watch: (request, emit, signal) => this.#watchers.watch(request, emit, signal),
        cancel: async ({ now }) => this.enqueue({ kind: 'cancel-requested', now }),
        tunnel: (target, socket) => this.#slurm?.tunnels.open(target, socket),
      },
    );
    if (server.tcpPort !== undefined) await this.#slurm?.rendezvous.publish(server.tcpPort);
    if (started !== undefined) await allocations.publish(started, address, record.id, this.#shape.slots);
    onServing();
    try {
      return await ended;
    } finally {
      this.#slurm?.jobs.stop();
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

  async #makeSlurmBackend(settings: SlurmSettings): Promise<SlurmBackend> {
    // Loaded where it is needed: a run on one machine has neither jobs nor certificates.
    const { makeSlurmBackend } = await import('./slurm/backend.ts');
    return makeSlurmBackend({
      record: this.#options.loaded.record,
      settings,
      pools: this.#pools,
      databases: this.#options.databases,
      enqueue: (event) => this.enqueue(event),
      onEndKnown: (allocation, endsAtMs) => this.#sessions.timeLeft(allocation, Math.max(1, (endsAtMs - Date.now()) / 1000)),
      log: this.#options.log,
    });
  }

  #warnOfClamps(): void {
    for (const [ordinal, step] of this.#plan.workflow.steps.entries()) {
      if (this.#pools.ofStep[ordinal] !== 0) continue;
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
    const left = loaded.allocations.filter((row) => row.state !== 'ended');
    const inSlurm = left.filter((row) => row.provider === 'slurm');
    for (const { id, state, detail } of inSlurm) {
      const job = typeof detail['job'] === 'string' ? detail['job'] : null;
      this.#core.expectAllocation(
        { id, pool: Number(detail['pool']), state: state === 'running' ? state : 'asked', job },
        Date.now(),
      );
    }
    this.#slurm?.jobs.restore(inSlurm);
    for (const row of left) {
      if (row.provider !== 'local' || !allocations.adopt(row)) continue;
      await allocations.publish(row.id, this.#options.address, loaded.record.id, this.#shape.slots);
      this.#core.expectAllocation({ id: row.id, pool: 0, state: 'running', job: null }, Date.now());
      this.#watchAllocation(row.id);
    }
    const alive = new Set(inSlurm.map((row) => row.id));
    expectAgents(this.#core, loaded, (id) => allocations.isAlive(id) || alive.has(id));
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
        if (effect.pool > 0) return this.#slurm?.jobs.allocate(effect);
        for (const id of effect.allocations) this.#allocate(id);
        return;
      case 'notice':
        return this.notice(effect.level, effect.text);
      case 'ask-site':
        return this.#slurm?.jobs.askSite();
      case 'end-allocations':
        return this.#slurm?.jobs.end(effect.allocations);
      case 'inspect-allocation':
        return this.#slurm?.jobs.inspect(effect.allocation);
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
      if (!this.#slurm?.jobs.liveCount) return this.#loop.stop();
      this.#slurm.jobs.endAll();
      setTimeout(() => this.#giveUpJobs(), LIMITS.slurmEndPatienceMs).unref();
    }, LIMITS.cancelGraceMs).unref();
    this.#slurm?.jobs.onRunEnded();
  }

  #giveUpJobs(): void {
    const names = this.#slurm?.jobs.names.join(',');
    this.#options.log('error', `Slurm did not end all jobs of this run; look for them by name: scancel --name=${names}`);
    this.#loop.stop();
  }

  #welcome(reportSeq: number, { allocation }: Hello): Welcome {
    const isLocal = this.#slurm === undefined || this.#options.allocations.isAlive(allocation);
    const endsAtMs = this.#slurm?.jobs.endsAtMs(allocation) ?? null;
    this.#slurm?.jobs.onHello(allocation);
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
      orphanGraceMs: isLocal ? LIMITS.orphanGraceMs : LIMITS.remoteOrphanGraceMs,
      environment: isLocal ? {} : (this.#options.environment as Record<string, string>),
      secondsLeft: endsAtMs === null ? 0 : Math.max(1, (endsAtMs - Date.now()) / 1000),
      tunnel: !isLocal,
    };
  }
}

function allocationProgress({ id, job, state, waiting, cpus }: AllocationView): AllocationProgress {
  return {
    id,
    job: job ?? '',
    state,
    reason: waiting?.text ?? '',
    expectedStartMs: waiting?.expectedStartMs ?? 0,
    cpus,
  };
}
