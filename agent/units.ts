// The units that the agent holds, and the steps they are of.
import type { LeaseBatch, LeaseRef, StepInfo } from '../src/rpc/messages.ts';
import { MeanTime } from './demand.ts';
import type { Need } from './slots.ts';
import type { UnitAddress } from './wire/messages.ts';

export class AgentStep {
  readonly ordinal: number;
  readonly info: StepInfo;
  /** What a unit owns while it runs: what it is granted, but never more than there is. */
  readonly need: Need;
  readonly time = new MeanTime();
  /** What the coordinator was last told of the units wished for beyond those that run. */
  toldPrefetch = 0;
  /** It was told that no more of its units could finish here. */
  toldClosed = false;

  constructor(info: StepInfo, need: Need) {
    this.ordinal = info.step;
    this.info = info;
    this.need = need;
  }
}

/** Where a unit is: it waits for its inputs' blobs, waits for slots, is in a host (waiting or running there), or has ended here. */
export type Place = 'fetching' | 'waiting' | 'in-host' | 'ended';
/** What is wanted of it. `return`: unless it runs already. `cancel`: the coordinator's wish; `drain`: this agent must leave. */
export type Wish = { kind: 'run' } | { kind: 'return' } | { kind: 'cancel' | 'drain'; graceMs: number };

const RUN: Wish = { kind: 'run' };

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
  /** Where `HeldUnits` has it. */
  readonly block: Block;

  constructor(step: AgentStep, batch: LeaseBatch, at: number, order: number, block: Block) {
    this.step = step;
    this.block = block;
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

/** The units of one lease message that are still held. */
interface Block {
  readonly epoch: number;
  readonly firstN: number;
  readonly units: (Unit | undefined)[];
  held: number;
}

/** By lease: (epoch, n) names one. In blocks as they were leased: a map of single units took 0.9 µs more a unit. */
export class HeldUnits {
  readonly #blocks = new Set<Block>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The units of the batch that are not held already. */
  add(step: AgentStep, batch: LeaseBatch, order: number): Unit[] {
    const { epoch, firstN, index } = batch;
    const known = [...this.#blocks].filter(
      (it) => it.epoch === epoch && it.firstN < firstN + index.length && it.firstN + it.units.length > firstN,
    );
    const block: Block = { epoch, firstN, units: [], held: 0 };
    const added: Unit[] = [];
    for (let at = 0; at < index.length; at++) {
      const isHeld = known.some((it) => it.units[firstN + at - it.firstN] !== undefined);
      const unit = isHeld ? undefined : new Unit(step, batch, at, order + at, block);
      block.units.push(unit);
      if (unit) added.push(unit);
    }
    block.held = added.length;
    this.#size += added.length;
    if (added.length > 0) this.#blocks.add(block);
    return added;
  }

  find(lease: { epoch: number; n: number }): Unit | undefined {
    for (const { epoch, firstN, units } of this.#blocks) {
      const unit = epoch === lease.epoch ? units[lease.n - firstN] : undefined;
      if (unit) return unit;
    }
    return undefined;
  }

  delete({ block, n }: Unit): void {
    if (block.units[n - block.firstN] === undefined) return;
    block.units[n - block.firstN] = undefined;
    block.held -= 1;
    this.#size -= 1;
    if (block.held === 0) this.#blocks.delete(block);
  }

  *[Symbol.iterator](): IterableIterator<Unit> {
    for (const { units } of this.#blocks) for (const unit of units) if (unit) yield unit;
  }
}
