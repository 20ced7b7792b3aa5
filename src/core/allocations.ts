// The allocations that a run knows, of all pools: where each stands between being asked for and its end.
import { assert } from '../base/assert.ts';
import type { Failure } from '../model/states.ts';
import type { Shape, Waiting } from '../plan/slurm.ts';

export type Stage =
  /** Stored and asked for; nobody has said yet what came of it. */
  | { kind: 'asked' }
  | { kind: 'pending'; waiting: Waiting | null; waitsSinceMs: number; isNoted: boolean }
  /** It runs; its agent has not said hello. */
  | { kind: 'running'; sinceMs: number; isNoted: boolean }
  /** `sinceMs`: its first hello. `emptySinceMs`: since when no agent of it is heard of any more. */
  | { kind: 'connected'; sinceMs: number; isNoted: boolean; emptySinceMs: number | null }
  /** `failure`: of those that were cut off with it. */
  | { kind: 'ended'; failure: Failure };

/** Why we asked for its end: nothing is left for it, its agent kept silent, or the run is over. */
export type EndReason = 'surplus' | 'silent' | 'over';

export interface Allocation {
  readonly id: string;
  readonly pool: number;
  stage: Stage;
  job: string | null;
  /** Null until Slurm has said so, and for several nodes. */
  node: string | null;
  endsAtMs: number | null;
  /** Null: local, or asked for by an earlier holder. */
  shape: Shape | null;
  ending: { reason: EndReason; askedMs: number } | null;
  /** It ran already when we took over: whether its agent has ever said hello is not known. */
  isInherited: boolean;
}

/** An allocation of an earlier holder, or from before there was a run. */
export interface KnownAllocation {
  id: string;
  pool: number;
  /** `missing`: Slurm was asked for it, and has never shown it. */
  state: 'asked' | 'running' | 'missing';
  /** Slurm's id; null: not known (yet). */
  job: string | null;
}

/** Unique in the run: an epoch has one holder, which counts. */
export function allocationId(epoch: number, count: number): string {
  return `local-${epoch}-${count}`;
}

export class Allocations {
  readonly #epoch: number;
  readonly #byId = new Map<string, Allocation>();
  #local = 0;
  #growthSteps = 0;

  constructor(epoch: number) {
    this.#epoch = epoch;
  }

  [Symbol.iterator](): IterableIterator<Allocation> {
    return this.#byId.values();
  }

  get(id: string): Allocation | undefined {
    return this.#byId.get(id);
  }

  askLocal(pool: number): Allocation {
    let id: string;
    do id = allocationId(this.#epoch, ++this.#local);
    while (this.#byId.has(id));
    return this.#add(id, pool, null);
  }

  /** One growth step: `EPOCH-STEP.0`, `EPOCH-STEP.1` … are the elements of one job array. */
  askSlurm(pool: number, count: number, shape: Shape): Allocation[] {
    const step = `${this.#epoch}-${++this.#growthSteps}`;
    return Array.from({ length: count }, (_, index) => this.#add(`${step}.${index}`, pool, shape));
  }

  know(known: KnownAllocation, nowMs: number): Allocation {
    const allocation = this.#byId.get(known.id) ?? this.#add(known.id, known.pool, null);
    allocation.job = known.job;
    if (known.state === 'missing') {
      allocation.stage = { kind: 'ended', failure: { cause: 'agent-lost', message: 'Slurm has not shown its job' } };
    } else if (known.state === 'running') {
      allocation.stage = { kind: 'running', sinceMs: nowMs, isNoted: false };
      allocation.isInherited = true;
    } else if (known.job !== null) {
      allocation.stage = { kind: 'pending', waiting: null, waitsSinceMs: nowMs, isNoted: false };
    }
    return allocation;
  }

  #add(id: string, pool: number, shape: Shape | null): Allocation {
    assert(!this.#byId.has(id), `allocation ${id} is asked for twice`);
    const allocation: Allocation = {
      id,
      pool,
      stage: { kind: 'asked' },
      job: null,
      node: null,
      endsAtMs: null,
      shape,
      ending: null,
      isInherited: false,
    };
    this.#byId.set(id, allocation);
    return allocation;
  }
}

/** An agent of it is heard of, perhaps another one than before. */
export function connect(allocation: Allocation, nowMs: number): void {
  const { stage } = allocation;
  const first = stage.kind === 'connected' ? stage : { kind: 'connected' as const, sinceMs: nowMs, isNoted: false };
  allocation.stage = { ...first, emptySinceMs: null };
}

export function hasEnded(allocation: Allocation): boolean {
  return allocation.stage.kind === 'ended';
}

/** No agent of it has said hello, and one may still. */
export function isStarting({ stage }: Allocation): boolean {
  return stage.kind === 'asked' || stage.kind === 'pending' || stage.kind === 'running';
}

/** For people. */
export function nameOf({ id, job, node }: Allocation): string {
  const of = [...(job === null ? [] : [`job ${job}`]), ...(node === null ? [] : [`node ${node}`])];
  return of.length > 0 ? `${id} (${of.join(', ')})` : id;
}
