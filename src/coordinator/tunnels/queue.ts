// Who may connect to a database now. A task host may need several connections at once (a query beside a transaction), and what it
// waits for in one may be a lock that another host holds: so whoever has a connection can have all that it may need without
// anybody else giving one back, and no more hosts are let in than that allows. Pure.

interface Waiter<T> {
  holder: string;
  what: T;
}

export class TunnelQueue<T> {
  readonly #holders: number;
  readonly #mostOfHolder: number;
  readonly #held = new Map<string, number>();
  #waiting: Waiter<T>[] = [];

  /** `most` connections in all, at most `mostOfHolder` of one holder. */
  constructor(most: number, mostOfHolder: number) {
    this.#mostOfHolder = mostOfHolder;
    this.#holders = Math.max(1, Math.floor(most / mostOfHolder));
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

  /** The next that may connect, in the order of arrival; it is then held by its holder. */
  next(): T | undefined {
    const waiter = this.#waiting.find(({ holder }) => this.#mayHold(holder));
    if (waiter === undefined) return undefined;
    this.remove(waiter.what);
    this.#held.set(waiter.holder, (this.#held.get(waiter.holder) ?? 0) + 1);
    return waiter.what;
  }

  #mayHold(holder: string): boolean {
    const held = this.#held.get(holder) ?? 0;
    return held > 0 ? held < this.#mostOfHolder : this.#held.size < this.#holders;
  }
}
