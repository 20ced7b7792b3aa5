// The units of an agent, from lease to report: where what the coordinator wants meets what the hosts do.
import { performance } from 'node:perf_hooks';
import { LIMITS } from '../src/model/limits.ts';
import type { Cause, Failure } from '../src/model/states.ts';
import { blobRefs } from '../src/model/values.ts';
import type { Demand, LeaseBatch, LeaseRef, StepInfo } from '../src/rpc/messages.ts';
import type { Blobs } from './blobs.ts';
import type { Deadline } from './deadline.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Holdings } from './hello.ts';
import type { HostListener } from './hosts/host-listener.ts';
import type { HostPool } from './hosts/host-pool.ts';
import type { TaskHost } from './hosts/task-host.ts';
import { LogSpool } from './log-spool.ts';
import { MemoryWatch } from './memory-watch.ts';
import type { Outbox } from './outbox.ts';
import type { Slots } from './slots.ts';
import { Steps } from './steps.ts';
import type { Tunnels } from './tunnels/tunnels.ts';
import { HeldUnits, type Unit, type Wish } from './units.ts';
import { Uploads } from './uploads.ts';
import { type BeginMessage, LEVEL, STREAM } from './wire/messages.ts';
import { type FailedUnit, Withheld } from './withheld.ts';

export interface WorkOptions {
  slots: Slots;
  outbox: Outbox;
  blobs: Blobs;
  pool: HostPool;
  deadline: Deadline;
  /** How long a failure may have been a signal to the whole allocation. */
  settleMs: number;
  /** Something was gathered in the outbox, or the last unit has ended. */
  onChange(): void;
}

export class Work implements HostListener<TaskHost> {
  readonly dispatcher: Dispatcher;
  readonly #options: WorkOptions;
  readonly #steps: Steps;
  readonly #units = new HeldUnits();
  readonly #spool: LogSpool;
  readonly #uploads: Uploads;
  readonly #withheld: Withheld;
  readonly #memory = new MemoryWatch();
  #order = 0;
  #unitsDone = 0;
  #isLeaving = false;

  constructor(options: WorkOptions) {
    this.#options = options;
    this.#spool = new LogSpool(options.outbox);
    this.#uploads = new Uploads(options.blobs);
    const { slots, pool } = options;
    pool.use(this, slots.total);
    this.#withheld = new Withheld(options.settleMs, (failed) => this.#tellFailed(failed, false));
    this.dispatcher = new Dispatcher({
      slots,
      pool,
      beforeDispatch: () => this.#shedLate(),
      onCannotRun: (unit, failure) => this.#cannotRun(unit, failure),
    });
    this.#steps = new Steps(options, this.dispatcher);
  }

  begin(message: BeginMessage, maxRunning: number, tunnels?: Tunnels): void {
    this.dispatcher.begin(message, maxRunning, tunnels);
  }

  get holdsNothing(): boolean {
    return this.#units.size === 0 && this.#uploads.units.size === 0 && this.#withheld.size === 0;
  }

  /** Units run, so that more results are to be expected soon. */
  get isBusy(): boolean {
    return this.dispatcher.slotsUsed > 0;
  }

  get unitsDone(): number {
    return this.#unitsDone;
  }

  get memoryUsed(): number {
    return this.#memory.total(this.dispatcher.lanes);
  }

  /** Nothing runs, and nothing that is known could be finished before the end of the allocation. */
  isAtItsEnd(nowMs: number): boolean {
    const { deadline } = this.#options;
    if (!deadline.isKnown || !this.holdsNothing) return false;
    return deadline.isOver(nowMs) || (this.dispatcher.hasGiven && this.#steps.areTooLate(nowMs));
  }

  /** A line of the run, for all to see. */
  warn(text: string): void {
    this.#spool.add(null, STREAM.system, LEVEL.warn, Date.now(), text);
    this.#options.onChange();
  }

  addStep(info: StepInfo): void {
    this.#steps.add(info);
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
    this.#options.blobs.hold(unit, hashes).then(
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

  /**
   * Gives back what waits and would not end in time. Of an agent that has started nothing yet the oldest unit stays: it has the
   * whole allocation, and there may be none that is longer.
   */
  #shedLate(): void {
    const { deadline } = this.#options;
    if (!deadline.isKnown || this.dispatcher.waiting.size === 0) return;
    const nowMs = performance.now();
    const isLate = this.#steps.late(nowMs);
    if (isLate.size === 0) return;
    const waiting = [...this.#units].filter((unit) => unit.place === 'waiting').sort((a, b) => a.order - b.order);
    const first = this.dispatcher.hasGiven || deadline.isOver(nowMs) ? undefined : waiting[0];
    const late = waiting.filter((unit) => unit !== first && isLate.has(unit.step));
    if (late.length > 0) this.want(late, { kind: 'return' });
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
    if (graceMs !== null) this.#withheld.begin();
    const others = [...this.#units].filter((unit) => unit.wish.kind !== 'cancel');
    this.want(others, graceMs === null ? { kind: 'return' } : { kind: 'drain', graceMs });
  }

  /** Why units are cut off by the agent's leaving. */
  nameCause(cause: Cause): void {
    this.#withheld.name(cause);
    this.#options.onChange();
  }

  /** Every 50 ms while something is held: who has been running for long, and what is stuck behind. Gives those to be reported as started, once each. */
  tick(nowMs: number, mayTell: boolean): LeaseRef[] {
    const started: LeaseRef[] = [];
    for (const { host, unit, forMs } of this.dispatcher.running(nowMs)) {
      if (forMs < LIMITS.startedAfterMs) continue;
      if (mayTell && !unit.isToldStarted) {
        started.push(unit.lease);
        unit.isToldStarted = true;
      }
      if (!host.isKeptFree) this.dispatcher.schedule(); // for what waited for it
      host.keepFree(); // others may run what waits behind a long unit
    }
    this.#memory.tick(this.dispatcher.lanes, nowMs);
    this.#fulfilWishes();
    return started;
  }

  holdings(): Holdings {
    const held = [...this.#units].map((unit) => unit.lease);
    const running = [...this.dispatcher.running(performance.now())].map(({ unit }) => unit.lease);
    const told = [...this.#options.outbox.finished()];
    const untold = [...this.#uploads.units, ...this.#withheld.units];
    return {
      held,
      running,
      finished: [...told.map(({ lease }) => lease), ...untold.map(({ lease }) => lease)],
      finishedIn: [...told.map(({ seq }) => seq), ...untold.map(() => 0)],
    };
  }

  /** Steps whose wish for units has changed; all of them for a coordinator that knows none. */
  demands(isNew: boolean): Demand[] {
    return this.#steps.demands({ isNew, isLeaving: this.#isLeaving });
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
    this.#uploads.start(unit, blobs, (failure) => {
      if (failure === undefined) report();
      else this.#options.outbox.failed(unit, startedAtMs, durationMs, failure, false, performance.now());
      this.#options.onChange();
    });
  }

  onFailed(unit: Unit, startedAtMs: number, durationMs: number, failure: Failure): void {
    unit.step.time.add(durationMs);
    this.#spool.end(unit);
    this.#end(unit);
    const failed = { unit, startedAtMs, durationMs, failure };
    if (unit.wish.kind === 'cancel') this.#tellFailed({ ...failed, failure: { ...failure, cause: 'cancelled' } }, true);
    else if (unit.wish.kind === 'drain') this.#withheld.addCutOff(failed);
    else this.#withheld.add(failed);
  }

  #tellFailed({ unit, startedAtMs, durationMs, failure }: FailedUnit, isCancelled: boolean): void {
    this.#options.outbox.failed(unit, startedAtMs, durationMs, failure, isCancelled, performance.now());
    this.#options.onChange();
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
    this.#options.blobs.release(unit);
  }
}
