// The CPU slots of an agent, and which real CPUs they stand for where they do. Pure.
import { assert } from '../src/base/assert.ts';

/** Slots owned by what runs in one host. */
export interface Allotment {
  readonly slots: number;
  /** Ids of real CPUs, ascending; null: unpinned. */
  readonly cpus: readonly number[] | null;
}

export class Slots {
  readonly total: number;
  #free: number;
  /** Free ids, ascending; null: slots are only counted. */
  #freeCpus: readonly number[] | null;

  constructor(total: number, cpus: readonly number[] | null) {
    assert(cpus === null || cpus.length === total, `${total} slots with ${cpus?.length} CPUs`);
    this.total = total;
    this.#free = total;
    this.#freeCpus = cpus && [...cpus].sort((a, b) => a - b);
  }

  get free(): number {
    return this.#free;
  }

  /** Takes `slots` free ones; where it can, CPUs that are `preferred` together (a host is pinned to them already). */
  take(slots: number, preferred: Iterable<readonly number[]>): Allotment {
    assert(slots <= this.#free, `${slots} slots of ${this.#free} free ones`);
    this.#free -= slots;
    if (this.#freeCpus === null) return { slots, cpus: null };
    const free = new Set(this.#freeCpus);
    const cpus =
      [...preferred].find((set) => set.length === slots && set.every((cpu) => free.has(cpu))) ??
      neighbours(this.#freeCpus, slots);
    this.#freeCpus = this.#freeCpus.filter((cpu) => !cpus.includes(cpu));
    return { slots, cpus };
  }

  give(allotment: Allotment): void {
    this.#free += allotment.slots;
    assert(this.#free <= this.total, `${this.#free} of ${this.total} slots are free`);
    if (this.#freeCpus !== null && allotment.cpus !== null)
      this.#freeCpus = [...this.#freeCpus, ...allotment.cpus].sort((a, b) => a - b);
  }
}

/** `count` ids that follow each other, from the shortest run that has as many, so that long runs stay whole; else the first ones. */
function neighbours(ids: readonly number[], count: number): readonly number[] {
  let best: readonly number[] | undefined;
  for (let from = 0; from < ids.length; ) {
    let to = from + 1;
    while (to < ids.length && ids[to] === (ids[to - 1] as number) + 1) to++;
    if (to - from >= count && (best === undefined || to - from < best.length)) best = ids.slice(from, to);
    from = to;
  }
  return (best ?? ids).slice(0, count);
}
