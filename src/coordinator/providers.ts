// What starts, watches and ends allocations: the local provider for pool 0, Slurm for the others.
import type { Core } from '../core/core.ts';
import type { SendEffect } from '../core/effects.ts';
import type { Event } from '../core/events.ts';
import { LIMITS } from '../model/limits.ts';
import type { Hello } from '../rpc/messages.ts';
import type { Listening } from '../rpc/server.ts';
import type { AllocationRow, LoadedRun } from '../store/types.ts';
import type { LocalAllocations } from './allocations.ts';
import { forgetEnvironment } from './environment.ts';
import type { Pools } from './pools.ts';
import { expectAgents } from './resume.ts';
import type { SlurmBackend } from './slurm/backend.ts';
import type { Tunnels } from './tunnels/tunnels.ts';

export type AllocationEffect = Extract<SendEffect, { kind: 'allocate' | 'ask-site' | 'end-allocations' | 'inspect-allocation' }>;

export interface ProvidersOptions {
  local: LocalAllocations;
  loaded: LoadedRun;
  pools: Pools;
  /** Of the coordinator on this host: `unix:/path`. */
  address: string;
  /** CPU slots of the local agent. */
  slots: number;
  databases: Record<string, string>;
  enqueue(event: Event): void;
  /** The end of an allocation has become known, or has changed. */
  onEndKnown(allocation: string, endsAtMs: number): void;
  log(level: 'info' | 'warn' | 'error', text: string): void;
  /** To the user, and to the log. */
  notice(level: 'info' | 'warn' | 'error', text: string): void;
}

export class Providers {
  readonly #options: ProvidersOptions;
  /** Only where a step runs in allocations of Slurm. */
  #slurm: SlurmBackend | undefined;
  #isStopped = false;

  constructor(options: ProvidersOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { loaded, pools, databases, enqueue, onEndKnown, log, notice } = this.#options;
    const { record } = loaded;
    if (record.slurm === null || pools.specs.length === 1) return;
    // Loaded where it is needed: a run on one machine has neither jobs nor certificates.
    const { makeSlurmBackend } = await import('./slurm/backend.ts');
    const events = { enqueue, onEndKnown, log, notice };
    this.#slurm = await makeSlurmBackend({ record, settings: record.slurm, pools, databases, ...events });
  }

  /** Where agents on other hosts dial; undefined: there are none. */
  get tcp(): Listening['tcp'] {
    return this.#slurm?.rendezvous.tcp;
  }

  get tunnels(): Tunnels | undefined {
    return this.#slurm?.tunnels;
  }

  /** Tells agents on other hosts where to dial. */
  async publish(port: number | undefined): Promise<void> {
    if (port !== undefined) await this.#slurm?.rendezvous.publish(port);
  }

  /** The run is over: nobody dials any more, and nobody shall. */
  removeSecrets(): void {
    this.#slurm?.rendezvous.remove();
    forgetEnvironment(this.#options.loaded.record.runDir);
  }

  /** Tells core of the allocations and agents of an earlier holder that may still live. */
  async adopt(core: Core): Promise<void> {
    const { loaded, local } = this.#options;
    const left = loaded.allocations.filter((row) => row.state !== 'ended');
    const inSlurm = left.filter((row) => row.provider === 'slurm');
    const missing = loaded.allocations.filter(isMissing);
    for (const row of [...inSlurm, ...missing]) core.expectAllocation(knownInSlurm(row), Date.now());
    this.#slurm?.jobs.restore(inSlurm, missing);
    for (const row of left) {
      if (row.provider !== 'local' || !local.adopt(row)) continue;
      await this.publishLocal(row.id);
      this.expectLocal(core, row.id);
    }
    const alive = new Set([...inSlurm, ...missing].map((row) => row.id));
    expectAgents(core, loaded, (id) => local.isAlive(id) || alive.has(id));
  }

  /** A local agent that runs already; it dials as soon as `publishLocal` says where. */
  expectLocal(core: Core, id: string): void {
    core.expectAllocation({ id, pool: 0, state: 'running', job: null }, Date.now());
    this.#watchLocal(id);
  }

  publishLocal(id: string): Promise<void> {
    const { local, address, loaded, slots } = this.#options;
    return local.publish(id, address, loaded.record.id, slots);
  }

  #watchLocal(id: string): void {
    const { local, enqueue } = this.#options;
    local.watch(id, enqueue);
    enqueue({ kind: 'allocation-running', allocation: id });
  }

  carryOut(effect: AllocationEffect): void {
    const jobs = this.#slurm?.jobs;
    switch (effect.kind) {
      case 'allocate':
        if (effect.pool > 0) return jobs?.allocate(effect);
        for (const id of effect.allocations) this.#startLocal(id);
        return;
      case 'ask-site':
        return jobs?.askSite();
      case 'end-allocations':
        return jobs?.end(effect.allocations);
      case 'inspect-allocation':
        return jobs?.inspect(effect.allocation, effect.isSignalled);
    }
  }

  #startLocal(id: string): void {
    const { local, enqueue } = this.#options;
    this.publishLocal(id)
      .then(() => {
        if (this.#isStopped) return;
        local.spawn(id);
        this.#watchLocal(id);
      })
      .catch((error: Error) => enqueue({ kind: 'allocation-ended', allocation: id, cause: 'agent-lost', detail: error.message }));
  }

  /** Agents leave by themselves; what does not is ended. `onGivenUp`: Slurm has not ended all jobs for long. */
  onRunEnded(onGivenUp: () => void): void {
    const jobs = this.#slurm?.jobs;
    jobs?.onRunEnded();
    setTimeout(() => {
      this.#options.local.killAll();
      if (!jobs?.liveCount) return onGivenUp();
      jobs.endAll();
      setTimeout(() => {
        const names = jobs.names.join(',');
        this.#options.log('error', `Slurm did not end all jobs of this run; look for them by name: scancel --name=${names}`);
        onGivenUp();
      }, LIMITS.slurmEndPatienceMs).unref();
    }, LIMITS.cancelGraceMs).unref();
  }

  /** What is stored of an allocation besides its state. */
  detailOf(id: string, pool: number): Record<string, unknown> {
    return pool > 0 ? { ...this.#slurm?.jobs.detailOf(id) } : this.#options.local.detailOf(id);
  }

  /** Whether an agent of the allocation is on this host and lives in the coordinator's surroundings. */
  isLocal(allocation: string): boolean {
    return this.#slurm === undefined || this.#options.local.isAlive(allocation);
  }

  /** Seconds until an allocation ends; 0: not known, or without end. */
  secondsLeft(allocation: string): number {
    const endsAtMs = this.#slurm?.jobs.job(allocation)?.endsAtMs ?? null;
    return endsAtMs === null ? 0 : Math.max(1, (endsAtMs - Date.now()) / 1000);
  }

  /** Undefined: it runs what has submitted its job, or is of none. */
  whyAnotherProgram({ allocation, programHash }: Hello): string | undefined {
    const { program, jobs } = this.#slurm ?? {};
    return program?.whyAnother(jobs?.job(allocation)?.program ?? '', programHash);
  }

  /** Its agent ends, and the job with it: Slurm is asked when that should be over. */
  onRefused(allocation: string): void {
    setTimeout(() => this.#slurm?.jobs.inspect(allocation, false), LIMITS.slurmRefusedLookMs).unref();
  }

  onHello(allocation: string): void {
    this.#slurm?.jobs.onHello(allocation);
  }

  /** Commands of Slurm's so far. */
  get calls(): number {
    return this.#slurm?.jobs.calls ?? 0;
  }

  get liveCount(): number {
    return this.#options.local.liveCount + (this.#slurm?.jobs.liveCount ?? 0);
  }

  stop(): void {
    this.#isStopped = true;
    this.#slurm?.jobs.stop();
  }
}

function knownInSlurm({ id, state, detail }: AllocationRow): Parameters<Core['expectAllocation']>[0] {
  const job = typeof detail['job'] === 'string' ? detail['job'] : null;
  const known = state === 'ended' ? 'missing' : state;
  return { id, pool: Number(detail['pool']), state: known, job };
}

function isMissing({ provider, state, detail }: AllocationRow): boolean {
  return provider === 'slurm' && state === 'ended' && detail['isMissing'] === true;
}
