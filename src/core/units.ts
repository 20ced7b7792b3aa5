// The units of one running step, in columns: a million of them are a few arrays, not a million objects. A unit's state is
// assigned only in `move`, which knows what may follow what.
import { AssertionError, assert } from '../base/assert.ts';
import { Heap } from '../base/heap.ts';
import type { Failure } from '../model/states.ts';
import type { Lease } from './events.ts';

export const UNIT = { pending: 0, delayed: 1, leased: 2, running: 3, succeeded: 4, failed: 5, cancelled: 6, aborted: 7 } as const;
export type UnitCode = (typeof UNIT)[keyof typeof UNIT];

const NAMES = Object.keys(UNIT);
const NOT_SETTLED = [UNIT.pending, UNIT.delayed, UNIT.leased, UNIT.running] as const;

/** The transition table: what each state may become. Settled states are final. */
const NEXT: Record<UnitCode, readonly UnitCode[]> = {
  [UNIT.pending]: [UNIT.leased, UNIT.running, UNIT.cancelled, UNIT.aborted],
  [UNIT.delayed]: [UNIT.pending, UNIT.leased, UNIT.running, UNIT.cancelled, UNIT.aborted],
  [UNIT.leased]: [UNIT.pending, UNIT.delayed, UNIT.running, UNIT.succeeded, UNIT.failed, UNIT.cancelled, UNIT.aborted],
  [UNIT.running]: [UNIT.pending, UNIT.delayed, UNIT.succeeded, UNIT.failed, UNIT.cancelled, UNIT.aborted],
  [UNIT.succeeded]: [],
  [UNIT.failed]: [],
  [UNIT.cancelled]: [],
  [UNIT.aborted]: [],
};
const ALLOWED = new Uint8Array(64);
for (const from of Object.values(UNIT)) for (const to of NEXT[from]) ALLOWED[from * 8 + to] = 1;

/** What is remembered of a unit whose attempts did not all go well. */
export interface History {
  failures: number;
  losses: number;
  /** Losses to the end of an allocation of which it had the whole time. */
  cutOffs: number;
  last: Failure;
}

/** (epoch, n) in one number: comparing two leases is comparing two numbers. n < 2^40, epoch < 2^13. */
export function fenceOf(lease: { epoch: number; n: number }): number {
  return lease.epoch * 2 ** 40 + lease.n;
}

export class UnitTable {
  readonly total: number;
  readonly counts = new Float64Array(8);
  readonly history = new Map<number, History>();
  readonly #name: string;
  readonly #state: Uint8Array;
  readonly #fence: Float64Array;
  readonly #agent: Uint16Array;
  readonly #attempt: Uint16Array;
  /** When units that run began to, as far as their agents have said so. */
  readonly #startedAtMs = new Map<number, number>();
  readonly #returned: number[] = [];
  readonly #delayed = new Heap<{ index: number; atMs: number }>((a, b) => a.atMs < b.atMs);
  #cursor = 0;

  constructor(name: string, total: number) {
    this.#name = name;
    this.total = total;
    this.#state = new Uint8Array(total);
    this.#fence = new Float64Array(total);
    this.#agent = new Uint16Array(total);
    this.#attempt = new Uint16Array(total);
    this.counts[UNIT.pending] = total;
  }

  stateOf(index: number): UnitCode {
    return this.#state[index] as UnitCode;
  }

  attemptOf(index: number): number {
    return this.#attempt[index] as number;
  }

  setAttempt(index: number, attempt: number): void {
    this.#attempt[index] = attempt;
  }

  get held(): number {
    return this.#count(UNIT.leased) + this.#count(UNIT.running);
  }

  get unsettled(): number {
    return NOT_SETTLED.reduce<number>((sum, code) => sum + this.#count(code), 0);
  }

  #count(code: UnitCode): number {
    return this.counts[code] as number;
  }

  /** The one place where a state is assigned. */
  move(index: number, to: UnitCode): void {
    const from = this.#state[index];
    if (from === undefined || ALLOWED[from * 8 + to] !== 1)
      throw new AssertionError(`${this.story(index)}: may not become ${NAMES[to]}`);
    this.#state[index] = to;
    if (from === UNIT.running) this.#startedAtMs.delete(index);
    this.counts[from]! -= 1;
    this.counts[to]! += 1;
  }

  /** Its agent says that it runs. */
  start(index: number, atMs: number): void {
    this.move(index, UNIT.running);
    this.#startedAtMs.set(index, atMs);
  }

  /** Undefined: it does not run, or nobody has said since when. */
  startedAtMs(index: number): number | undefined {
    return this.#startedAtMs.get(index);
  }

  /** Restores what an earlier holder committed: units [from, to) are settled. */
  restore(from: number, to: number, code: UnitCode): void {
    assert(to <= this.total, `${this.#name}: settled units [${from}, ${to}) of ${this.total}`);
    this.#state.fill(code, from, to);
    this.counts[UNIT.pending]! -= to - from;
    this.counts[code]! += to - from;
  }

  /** Takes up to `max` pending units: those given back first, then in index order. */
  take(max: number): number[] {
    const taken: number[] = [];
    while (taken.length < max && this.#returned.length > 0) {
      const index = this.#returned.pop() as number;
      if (this.#state[index] === UNIT.pending) this.#take(index, taken);
    }
    while (taken.length < max && this.#cursor < this.total) {
      const index = this.#cursor++;
      if (this.#state[index] === UNIT.pending) this.#take(index, taken);
    }
    return taken;
  }

  #take(index: number, taken: number[]): void {
    this.move(index, UNIT.leased);
    taken.push(index);
  }

  /** Notes who holds a unit that was just taken; its attempts grow by one. */
  grant(index: number, agent: number, fence: number): number {
    this.#agent[index] = agent;
    this.#fence[index] = fence;
    return ++this.#attempt[index]!;
  }

  /** Takes over a lease that an earlier holder granted. The attempts it counted are not known any more: it is at least one. */
  adopt(index: number, agent: number, fence: number, running: boolean): void {
    this.move(index, running ? UNIT.running : UNIT.leased);
    this.#agent[index] = agent;
    this.#fence[index] = fence;
    this.#attempt[index]! += 1;
  }

  /** The number of the agent that holds it. */
  holderOf(index: number): number | undefined {
    const state = this.#state[index];
    return state === UNIT.leased || state === UNIT.running ? this.#agent[index] : undefined;
  }

  /** Whether this lease is in force: held, by this agent, under this fence. */
  isInForce(index: number, agent: number, fence: number): boolean {
    const state = this.#state[index];
    return (state === UNIT.leased || state === UNIT.running) && this.#fence[index] === fence && this.#agent[index] === agent;
  }

  /** Whether a held unit was leased no later than `fence`. */
  isUnder(index: number, fence: number): boolean {
    return (this.#fence[index] as number) <= fence;
  }

  /** Back to the pending ones; `atMs`: not before that time. `unspent`: the attempt never ran. */
  giveBack(index: number, atMs?: number, unspent = false): void {
    if (unspent) this.#attempt[index]! -= 1;
    if (atMs === undefined) {
      this.move(index, UNIT.pending);
      this.#returned.push(index);
    } else {
      this.move(index, UNIT.delayed);
      this.#delayed.push({ index, atMs });
    }
  }

  /** Delayed units whose time has come become pending. */
  promote(nowMs: number): void {
    for (let next = this.#delayed.peek(); next !== undefined && next.atMs <= nowMs; next = this.#delayed.peek()) {
      this.#delayed.pop();
      if (this.#state[next.index] !== UNIT.delayed) continue;
      this.move(next.index, UNIT.pending);
      this.#returned.push(next.index);
    }
  }

  nextWakeMs(): number | undefined {
    return this.#delayed.peek()?.atMs;
  }

  /** The units that an agent holds. */
  *heldBy(agent: number): Iterable<{ index: number; running: boolean; fence: number }> {
    for (let index = 0; index < this.total; index++) {
      const state = this.#state[index];
      if ((state === UNIT.leased || state === UNIT.running) && this.#agent[index] === agent) {
        yield { index, running: state === UNIT.running, fence: this.#fence[index] as number };
      }
    }
  }

  /** Every unit that is held, with its holder. */
  *allHeld(): Iterable<{ index: number; agent: number; fence: number }> {
    for (let index = 0; index < this.total; index++) {
      const state = this.#state[index];
      if (state === UNIT.leased || state === UNIT.running)
        yield { index, agent: this.#agent[index] as number, fence: this.#fence[index] as number };
    }
  }

  /** The lease of a held unit, as it travels. */
  leaseOf(step: number, index: number): Lease {
    const fence = this.#fence[index] as number;
    const epoch = Math.floor(fence / 2 ** 40);
    return { step, index, epoch, n: fence - epoch * 2 ** 40 };
  }

  /** What is known of a unit, for messages of bugs. */
  story(index: number): string {
    const history = this.history.get(index);
    return `unit ${this.#name}/${index} (${NAMES[this.#state[index] ?? -1]}, attempt ${this.#attempt[index]}, agent ${this.#agent[index]}, fence ${this.#fence[index]}, ${
      history ? `${history.failures} failures, ${history.losses} losses, last: ${history.last.cause}` : 'no history'
    })`;
  }

  checkInvariants(): void {
    const counts = new Float64Array(8);
    for (const state of this.#state) counts[state]! += 1;
    for (const code of Object.values(UNIT))
      assert(
        counts[code] === this.counts[code],
        `${this.#name}: ${counts[code]} units are ${NAMES[code]}, counted ${this.counts[code]}`,
      );
  }
}
