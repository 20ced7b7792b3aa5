// Which waiting connection goes next, so that no holder waits for ever: a task host may need more than one at once (a query
// beside a transaction), so a first one is let through only while all who hold some could still get all they may need. Pure.

interface Waiter<T> {
  holder: string;
  what: T;
}

export class TunnelQueue<T> {
  readonly #most: number;
  readonly #mostOfHolder: number;
  readonly #held = new Map<string, number>();
  #waiting: Waiter<T>[] = [];

  /** `most` connections in all, at most `mostOfHolder` of one holder. */
  constructor(most: number, mostOfHolder: number) {
    this.#mostOfHolder = mostOfHolder;
    this.#most = Math.max(most, mostOfHolder);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get used(): number {
    let used = 0;
    for (const held of this.#held.values()) used += held;
    return used;
  }

  add(holder: string, what: T): void {
    this.#waiting.push({ holder, what });
  }

  /** It has gone while it waited. */
  remove(what: T): void {
    this.#waiting = this.#waiting.filter((waiter) => waiter.what !== what);
  }

  give(holder: string): void {
    const held = (this.#held.get(holder) ?? 0) - 1;
    if (held > 0) this.#held.set(holder, held);
    else this.#held.delete(holder);
  }

  /** The next that may connect, which is then held by its holder: holders of some go first, else the order of arrival. */
  next(): T | undefined {
    const inOrder = [...this.#waiting].sort((a, b) => Number(this.#held.has(b.holder)) - Number(this.#held.has(a.holder)));
    const waiter = inOrder.find(({ holder }) => this.#isSafeFor(holder));
    if (waiter === undefined) return undefined;
    this.remove(waiter.what);
    this.#held.set(waiter.holder, (this.#held.get(waiter.holder) ?? 0) + 1);
    return waiter.what;
  }

  /** The banker's rule: after it there is an order in which every holder gets all that it may still need. */
  #isSafeFor(holder: string): boolean {
    let free = this.#most - this.used - 1;
    if (free < 0 || (this.#held.get(holder) ?? 0) >= this.#mostOfHolder) return false;
    const held = new Map(this.#held).set(holder, (this.#held.get(holder) ?? 0) + 1);
    for (const own of [...held.values()].sort((a, b) => b - a)) {
      if (this.#mostOfHolder - own > free) return false; // who holds most needs least: nobody after it could go on
      free += own;
    }
    return true;
  }
}
