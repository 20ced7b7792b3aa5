// The units of an agent, from lease to report: where what the coordinator wants meets what the hosts do.
import { performance } from 'node:perf_hooks';
import { LIMITS } from '../src/model/limits.ts';
import type { Failure } from '../src/model/states.ts';
import { blobRefs } from '../src/model/values.ts';
import type { Demand, LeaseBatch, LeaseRef, StepInfo } from '../src/rpc/messages.ts';
import type { Blobs } from './blobs.ts';
import { isWorthTelling, prefetchOf } from './demand.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Holdings } from './hello.ts';
import type { HostListener } from './hosts/host-listener.ts';
import type { HostPool } from './hosts/host-pool.ts';
import type { TaskHost } from './hosts/task-host.ts';
import { LogSpool } from './log-spool.ts';
import type { Outbox } from './outbox.ts';
import type { Slots } from './slots.ts';
import { AgentStep, HeldUnits, type Unit, type Wish } from './units.ts';
import type { BeginMessage } from './wire/messages.ts';

export interface WorkOptions {
  slots: Slots;
  outbox: Outbox;
  blobs: Blobs;
  pool: HostPool;
  /** Something was gathered in the outbox, or the last unit has ended. */
  onChange(): void;
}

export class Work implements HostListener<TaskHost> {
  readonly dispatcher: Dispatcher;
  readonly #options: WorkOptions;
  readonly #steps = new Map<number, AgentStep>();
  readonly #units = new HeldUnits();
  readonly #spool: LogSpool;
  /** Units whose blobs are being uploaded: settled here, not yet reported. */
  readonly #uploading = new Set<Unit>();
  #order = 0;
  #unitsDone = 0;
  #isLeaving = false;

  constructor(options: WorkOptions) {
    this.#options = options;
    this.#spool = new LogSpool(options.outbox);
    const { slots, pool } = options;
    pool.use(this, slots.total);
    this.dispatcher = new Dispatcher({ slots, pool, onCannotRun: (unit, failure) => this.#cannotRun(unit, failure) });
  }

  begin(message: BeginMessage, maxRunning: number): void {
    this.dispatcher.begin(message, maxRunning);
  }

  get holdsNothing(): boolean {
    return this.#units.size === 0 && this.#uploading.size === 0;
  }

  /** Units run, so that more results are to be expected soon. */
  get isBusy(): boolean {
    return this.dispatcher.slotsUsed > 0;
  }

  get unitsDone(): number {
    return this.#unitsDone;
  }

  addStep(info: StepInfo): void {
    if (this.#steps.has(info.step)) return;
    this.#steps.set(info.step, new AgentStep(info, Math.min(info.cpus, this.#options.slots.total)));
  }

  addLeases(batch: LeaseBatch): void {
    const step = this.#steps.get(batch.step);
    if (step === undefined) return; // of an older connection: what we do not hold is leased again
    const sharedBlobs = blobRefs(step.info.shared);
    for (const unit of this.#units.add(step, batch, this.#order)) this.#accept(unit, sharedBlobs);
    this.#order += batch.index.length;
    this.dispatcher.schedule();
  }

  #accept(unit: Unit, sharedBlobs: readonly { hash: string }[]): void {
    if (this.#isLeaving) return this.#giveBack(unit);
    if (sharedBlobs.length === 0 && !unit.element.includes('{"$blob":')) return this.dispatcher.waiting.push(unit);
    unit.place = 'fetching';
    const hashes = [...sharedBlobs, ...blobRefs(unit.element)].map((ref) => ref.hash);
    Promise.all(hashes.map((hash) => this.#options.blobs.fetchDeep(hash))).then(
      () => {
        if (unit.place !== 'fetching') return;
        this.dispatcher.waiting.push(unit);
        this.dispatcher.schedule();
      },
      (error: Error) =>
        this.#cannotRun(unit, { cause: 'invalid-input', message: `an input could not be fetched: ${error.message}` }),
    );
  }

  /** What is no longer wanted: units that wait go back free at once, running ones are ended (unless they may go on). */
  want(units: Iterable<Unit>, wish: Wish): void {
    for (const unit of units) {
      unit.wish = wish;
      if (unit.place === 'in-host') continue;
      this.dispatcher.waiting.remove(unit, 'ended');
      this.#giveBack(unit);
    }
    this.#fulfilWishes();
  }

  find(leases: readonly LeaseRef[]): Unit[] {
    return leases.map((lease) => this.#units.find(lease)).filter((unit) => unit !== undefined);
  }

  /** Again at each tick, until the units are back or have ended: which have begun is not always known at once. */
  #fulfilWishes(): void {
    for (const host of this.dispatcher.lanes) {
      const unit = host.running(performance.now())?.unit;
      if (host.hasUnwanted(unit)) host.recall();
      if (unit?.wish.kind === 'cancel' || unit?.wish.kind === 'drain')
        host.cutShort(unit, { kind: unit.wish.kind }, unit.wish.graceMs);
    }
  }

  /** The agent leaves: what waits goes back; what runs may go on, or has `graceMs` to end. */
  leave(graceMs: number | null): void {
    this.#isLeaving = true;
    const others = [...this.#units].filter((unit) => unit.wish.kind !== 'cancel');
    this.want(others, graceMs === null ? { kind: 'return' } : { kind: 'drain', graceMs });
  }

  /** Every 50 ms while something is held: who has been running for long, and what is stuck behind. Gives those to be reported as started. */
  tick(nowMs: number): LeaseRef[] {
    const started: LeaseRef[] = [];
    for (const host of this.dispatcher.lanes) {
      const running = host.running(nowMs);
      if (running === undefined || running.forMs < LIMITS.startedAfterMs) continue;
      if (!running.unit.isToldStarted) started.push(running.unit.lease);
      running.unit.isToldStarted = true;
      host.keepFree(); // others may run what waits behind a long unit
    }
    this.#fulfilWishes();
    return started;
  }

  holdings(): Holdings {
    const held = [...this.#units].map((unit) => unit.lease);
    const running: LeaseRef[] = [];
    for (const host of this.dispatcher.lanes) {
      const unit = host.running(performance.now())?.unit;
      if (unit) running.push(unit.lease);
    }
    return { held, running, finished: [...this.#options.outbox.finished(), ...[...this.#uploading].map((unit) => unit.lease)] };
  }

  /** Steps whose wish for units has changed; all of them for a coordinator that knows none. */
  demands(isNew: boolean): Demand[] {
    const demands: Demand[] = [];
    for (const step of this.#steps.values()) {
      if (isNew) step.toldPrefetch = 0;
      const prefetch = this.#isLeaving ? 0 : prefetchOf(step.time, this.dispatcher.lanesFor(step), LIMITS);
      if (!isWorthTelling(step.toldPrefetch, prefetch)) continue;
      step.toldPrefetch = prefetch;
      demands.push({ step: step.ordinal, prefetch, closed: false });
    }
    return demands;
  }

  onSucceeded(unit: Unit, startedAtMs: number, durationMs: number, output: string, blobs: readonly string[]): void {
    unit.step.time.add(durationMs);
    this.#unitsDone += 1;
    if (unit.logLines + unit.droppedLines > 0) this.#spool.end(unit);
    const report = (): void => {
      this.#options.outbox.succeeded(unit, startedAtMs, durationMs, output, performance.now());
    };
    this.#end(unit);
    if (blobs.length === 0) return report();
    this.#uploading.add(unit);
    const done = (tell: () => void): void => {
      this.#uploading.delete(unit);
      tell();
      this.#options.onChange();
    };
    Promise.all(blobs.map((hash) => this.#options.blobs.upload(hash))).then(
      () => done(report),
      (error: Error) => {
        const failure: Failure = { cause: 'host-crashed', message: `the output could not be stored: ${error.message}` };
        done(() => this.#options.outbox.failed(unit, startedAtMs, durationMs, failure, false, performance.now()));
      },
    );
  }

  onFailed(unit: Unit, startedAtMs: number, durationMs: number, failure: Failure): void {
    unit.step.time.add(durationMs);
    const isCancelled = unit.wish.kind === 'cancel';
    const isDrained = unit.wish.kind === 'drain';
    const told: Failure = isCancelled
      ? { ...failure, cause: 'cancelled' }
      : isDrained
        ? { ...failure, cause: 'drained' }
        : failure;
    this.#spool.end(unit);
    this.#end(unit);
    this.#options.outbox.failed(unit, startedAtMs, durationMs, told, isCancelled, performance.now());
  }

  onBack(units: readonly Unit[]): void {
    this.dispatcher.waiting.putBack(units.filter((unit) => unit.wish.kind === 'run'));
    for (const unit of units) if (unit.wish.kind !== 'run') this.#giveBack(unit);
    this.dispatcher.schedule();
  }

  onLine(
    unit: Unit | { step: number; index: number; attempt: number } | null,
    stream: number,
    level: number,
    atMs: number,
    text: string,
  ): void {
    this.#spool.add(unit, stream, level, atMs, text);
  }

  onDropped(unit: Unit, lines: number): void {
    unit.droppedLines += lines;
  }

  onProgress(): void {
    this.dispatcher.schedule();
    this.#options.onChange();
  }

  onGone(host: TaskHost, startFailure: Parameters<HostListener<TaskHost>['onGone']>[1]): void {
    this.dispatcher.onGone(host, startFailure);
    this.#options.onChange();
  }

  #cannotRun(unit: Unit, failure: Failure): void {
    if (unit.place === 'ended') return;
    this.#end(unit);
    this.#options.outbox.failed(unit, Date.now(), 0, failure, false, performance.now());
    this.#options.onChange();
  }

  #giveBack(unit: Unit): void {
    this.#end(unit);
    this.#options.outbox.returned(unit, performance.now());
    this.#options.onChange();
  }

  #end(unit: Unit): void {
    unit.place = 'ended';
    this.#units.delete(unit);
  }
}
