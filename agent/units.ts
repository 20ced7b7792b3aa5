// The units that the agent holds, and the steps they are of.
import type { LeaseBatch, LeaseRef, StepInfo } from '../src/rpc/messages.ts';
import { MeanTime } from './demand.ts';
import type { UnitAddress } from './wire/messages.ts';

export class AgentStep {
  readonly ordinal: number;
  readonly info: StepInfo;
  /** Slots that a unit owns while it runs: what it is granted, but never more than there are. */
  readonly slots: number;
  readonly time = new MeanTime();
  /** What the coordinator was last told of the units wished for beyond those that run. */
  toldPrefetch = 0;

  constructor(info: StepInfo, slots: number) {
    this.ordinal = info.step;
    this.info = info;
    this.slots = slots;
  }
}

/** Where a unit is: it waits for its inputs' blobs, waits for slots, is in a host (waiting or running there), or has ended here. */
export type Place = 'fetching' | 'waiting' | 'in-host' | 'ended';
/** What is wanted of it. `return`: unless it runs already. `cancel`: the coordinator's wish; `drain`: this agent must leave. */
export type Wish = { kind: 'run' } | { kind: 'return' } | { kind: 'cancel' | 'drain'; graceMs: number };

export const RUN: Wish = { kind: 'run' };

export class Unit {
  readonly step: AgentStep;
  readonly index: number;
  readonly epoch: number;
  readonly n: number;
  readonly attempt: number;
  readonly element: string;
  /** Order of arrival. */
  readonly order: number;
  place: Place = 'waiting';
  wish: Wish = RUN;
  isToldStarted = false;
  logLines = 0;
  droppedLines = 0;

  constructor(step: AgentStep, batch: LeaseBatch, at: number, order: number) {
    this.step = step;
    this.index = batch.index[at] as number;
    this.epoch = batch.epoch;
    this.n = batch.firstN + at;
    this.attempt = batch.attempt[at] ?? 1;
    this.element = batch.element[at] ?? '';
    this.order = order;
  }

  /** The address of its attempt, for lines that come after its end. */
  get address(): UnitAddress {
    return { step: this.step.ordinal, index: this.index, attempt: this.attempt };
  }

  get lease(): LeaseRef {
    return { step: this.step.ordinal, index: this.index, epoch: this.epoch, n: this.n };
  }
}

/** By lease: (epoch, n) names one. */
export class HeldUnits {
  readonly #byEpoch = new Map<number, Map<number, Unit>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** False: this lease is held already. */
  add(unit: Unit): boolean {
    let units = this.#byEpoch.get(unit.epoch);
    if (units === undefined) this.#byEpoch.set(unit.epoch, (units = new Map()));
    if (units.has(unit.n)) return false;
    units.set(unit.n, unit);
    this.#size += 1;
    return true;
  }

  find(lease: { epoch: number; n: number }): Unit | undefined {
    return this.#byEpoch.get(lease.epoch)?.get(lease.n);
  }

  delete(unit: Unit): void {
    if (this.#byEpoch.get(unit.epoch)?.delete(unit.n)) this.#size -= 1;
  }

  *[Symbol.iterator](): IterableIterator<Unit> {
    for (const units of this.#byEpoch.values()) yield* units.values();
  }
}
