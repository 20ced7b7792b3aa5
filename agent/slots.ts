// What an agent has to give to units: CPU slots (and the real CPUs that they stand for, where they do), memory, GPUs. Pure.
import { assert } from '../src/base/assert.ts';
import { FreeCpus } from './cpus/free-cpus.ts';

/** What one unit owns while it runs. */
export interface Need {
  readonly slots: number;
  readonly memoryMib: number;
  /** What a unit may use before it is ended; 0: no limit. More than `memoryMib` where the agent has less. */
  readonly limitMib: number;
  readonly gpus: number;
}

/** What is owned by what runs in one host. */
export interface Allotment {
  readonly need: Need;
  /** Ids of real CPUs, ascending; null: unpinned. */
  readonly cpus: readonly number[] | null;
  /** Ids; null: this agent gives out none, and hides none. */
  readonly gpus: readonly string[] | null;
}

export interface Capacity {
  slots: number;
  /** Real CPUs by core; null: slots are only counted. */
  cores: readonly (readonly number[])[] | null;
  /** 0: memory is not packed. */
  memoryMib: number;
  gpus: readonly string[];
}

export class Slots {
  readonly total: number;
  readonly hasGpus: boolean;
  readonly #capacity: Capacity;
  readonly #cpus: FreeCpus | null;
  #free: number;
  #freeMib: number;
  #freeGpus: readonly string[];

  constructor(capacity: Capacity) {
    const { slots, cores, memoryMib, gpus } = capacity;
    assert(cores === null || cores.flat().length === slots, `${slots} slots with ${cores?.flat().length} CPUs`);
    this.#capacity = capacity;
    this.total = slots;
    this.hasGpus = gpus.length > 0;
    this.#cpus = cores && new FreeCpus(cores);
    this.#free = slots;
    this.#freeMib = memoryMib;
    this.#freeGpus = gpus;
  }

  get free(): number {
    return this.#free;
  }

  /** What a unit owns here: what it is granted, but never more than there is. */
  clamp(need: { cpus: number; memoryMib: number; gpus: number }): Need {
    const { slots, memoryMib, gpus } = this.#capacity;
    return {
      slots: Math.min(need.cpus, slots),
      memoryMib: Math.min(need.memoryMib, memoryMib),
      limitMib: need.memoryMib,
      gpus: Math.min(need.gpus, gpus.length),
    };
  }

  /** Units of this need that can run at once. */
  countOf(need: Need): number {
    const { slots, memoryMib, gpus } = this.#capacity;
    return Math.floor(
      Math.min(
        slots / need.slots,
        need.memoryMib > 0 ? memoryMib / need.memoryMib : slots,
        need.gpus > 0 ? gpus.length / need.gpus : slots,
      ),
    );
  }

  canTake({ slots, memoryMib, gpus }: Need): boolean {
    if (slots > this.#free || memoryMib > this.#freeMib || gpus > this.#freeGpus.length) return false;
    return this.#cpus === null || this.#cpus.canTake(slots);
  }

  /** Takes what is free; where it can, CPUs that are `preferred` together (a host is pinned to them already). */
  take(need: Need, preferred: Iterable<readonly number[]>): Allotment {
    const { slots, memoryMib } = need;
    assert(
      this.canTake(need),
      `${slots} slots, ${memoryMib} MiB, ${need.gpus} GPUs of ${this.#free} slots, ${this.#freeMib} MiB`,
    );
    this.#free -= slots;
    this.#freeMib -= memoryMib;
    const gpus = this.hasGpus ? this.#freeGpus.slice(0, need.gpus) : null;
    this.#freeGpus = this.#freeGpus.slice(need.gpus);
    return { need, cpus: this.#cpus?.take(slots, preferred) ?? null, gpus };
  }

  give({ need, cpus, gpus }: Allotment): void {
    this.#free += need.slots;
    this.#freeMib += need.memoryMib;
    assert(this.#free <= this.total, `${this.#free} of ${this.total} slots are free`);
    if (cpus !== null) this.#cpus?.give(cpus);
    if (gpus !== null && gpus.length > 0) {
      const free = new Set([...this.#freeGpus, ...gpus]);
      this.#freeGpus = this.#capacity.gpus.filter((id) => free.has(id)); // in their order: hosts that were bound to the first ones are found again
    }
  }
}

/** Whether a host that runs units of the one may run units of the other. */
export function isSameNeed(a: Need, b: Need): boolean {
  return a.slots === b.slots && a.limitMib === b.limitMib && a.gpus === b.gpus;
}
