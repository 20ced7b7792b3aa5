// The units that wait for slots: in order of arrival, a queue a step. Pure.

interface WaitingStep {
  readonly ordinal: number;
  readonly info: { readonly isolate: boolean };
}

interface WaitingUnit {
  readonly step: WaitingStep;
  readonly order: number;
  place: string;
}

interface Queue<U> {
  readonly step: WaitingStep;
  /** Entries before `head`, and those whose place is no longer `waiting`, are gone. */
  units: U[];
  head: number;
}

export class WaitingUnits<U extends WaitingUnit> {
  readonly #queues = new Map<number, Queue<U>>();
  readonly #mayPassBy: number;
  /** Units that went before an older one that did not fit. */
  #passedBy = 0;
  #size = 0;

  /** `mayPassBy`: how many units may go before an older, wider one; then the narrow ones wait until it has its slots. */
  constructor(mayPassBy: number) {
    this.#mayPassBy = mayPassBy;
  }

  get size(): number {
    return this.#size;
  }

  push(unit: U): void {
    unit.place = 'waiting';
    this.#queueOf(unit.step).units.push(unit);
    this.#size += 1;
  }

  /** Units that were taken and come back, in their order: to where they were. */
  putBack(units: readonly U[]): void {
    for (const unit of units) unit.place = 'waiting';
    for (const [step, ours] of Map.groupBy(units, (unit) => unit.step)) {
      const queue = this.#queueOf(step);
      const rest = queue.units.slice(queue.head);
      queue.units = [...ours, ...rest];
      if (rest[0] !== undefined && rest[0].order < (ours.at(-1) as U).order) queue.units.sort((a, b) => a.order - b.order);
      queue.head = 0;
      this.#size += ours.length;
    }
  }

  /** The unit no longer waits; what it does then is the caller's. */
  remove(unit: U, place: U['place']): void {
    if (unit.place !== 'waiting') return;
    unit.place = place;
    this.#size -= 1;
  }

  /**
   * The step whose oldest unit is to go next among those that `fits` allows; undefined: none, or the oldest of all does not
   * fit and enough have gone before it.
   */
  next(fits: (step: U['step']) => boolean): U['step'] | undefined {
    let oldest: U | undefined;
    let fitting: U | undefined;
    for (const queue of this.#queues.values()) {
      const head = headOf(queue);
      if (head === undefined) continue;
      if (oldest === undefined || head.order < oldest.order) oldest = head;
      if (fits(head.step) && (fitting === undefined || head.order < fitting.order)) fitting = head;
    }
    if (fitting !== oldest && this.#passedBy >= this.#mayPassBy) return undefined;
    return fitting?.step;
  }

  /** Takes up to `max` units of the step that `next` named. */
  take(step: U['step'], max: number): U[] {
    const oldest = this.next(() => true);
    const queue = this.#queueOf(step);
    const allowed = oldest === step ? max : Math.min(max, this.#mayPassBy - this.#passedBy);
    const taken: U[] = [];
    for (let unit = headOf(queue); unit !== undefined && taken.length < allowed; unit = headOf(queue)) {
      queue.head += 1;
      unit.place = 'taken';
      taken.push(unit);
    }
    this.#size -= taken.length;
    this.#passedBy = oldest === step ? 0 : this.#passedBy + taken.length;
    if (queue.head > 1024 && queue.head * 2 > queue.units.length) {
      queue.units = queue.units.slice(queue.head);
      queue.head = 0;
    }
    return taken;
  }

  #queueOf(step: WaitingStep): Queue<U> {
    let queue = this.#queues.get(step.ordinal);
    if (queue === undefined) {
      queue = { step, units: [], head: 0 };
      this.#queues.set(step.ordinal, queue);
    }
    return queue;
  }
}

function headOf<U extends WaitingUnit>(queue: Queue<U>): U | undefined {
  while (queue.head < queue.units.length) {
    const unit = queue.units[queue.head] as U;
    if (unit.place === 'waiting') return unit;
    queue.head += 1;
  }
  return undefined;
}
