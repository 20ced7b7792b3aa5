// When agents are asked for. Local runs want one; a provider that starts none in several tries is given up.
import { LIMITS } from '../model/limits.ts';

/** Unique in the run: an epoch has one holder, which counts. */
export function allocationId(epoch: number, count: number): string {
  return `local-${epoch}-${count}`;
}

export class Allocations {
  readonly #epoch: number;
  readonly #live = new Set<string>();
  readonly #known = new Set<string>();
  readonly #greeted = new Set<string>();
  #asked = 0;
  #silentInARow = 0;

  constructor(epoch: number) {
    this.#epoch = epoch;
  }

  isWanted(): boolean {
    return this.#live.size === 0 && !this.isHopeless();
  }

  /** Several in a row ended without a hello. */
  isHopeless(): boolean {
    return this.#silentInARow >= LIMITS.hostStartFailures;
  }

  /** A new allocation's id, unique in the run. */
  ask(): string {
    let id: string;
    do id = allocationId(this.#epoch, ++this.#asked);
    while (this.#known.has(id));
    this.onStarted(id);
    return id;
  }

  onStarted(id: string): void {
    this.#known.add(id);
    this.#live.add(id);
  }

  onHello(id: string): void {
    this.#greeted.add(id);
    this.#silentInARow = 0;
  }

  onEnded(id: string): void {
    if (!this.#live.delete(id)) return;
    if (!this.#greeted.has(id)) this.#silentInARow += 1;
  }
}
