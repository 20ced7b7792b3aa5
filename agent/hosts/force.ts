// The end by force of a unit that was told to end: why, and when.
import type { EndedBy } from './endings.ts';

export class Force {
  readonly #act: (k: number) => void;
  #k = 0;
  #by: EndedBy = { kind: 'itself' };
  #atMs = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(act: (k: number) => void) {
    this.#act = act;
  }

  /** What the end of the process is taken for. */
  get by(): EndedBy {
    return this.#by;
  }

  get isOrdered(): boolean {
    return this.#timer !== undefined;
  }

  /** Of unit `k`, after `graceMs`. False: an earlier end was ordered. */
  order(k: number, by: EndedBy, graceMs: number): boolean {
    const atMs = performance.now() + graceMs;
    if (atMs >= this.#atMs) return false;
    this.clear(this.#k);
    this.#k = k;
    this.#by = by;
    this.#atMs = atMs;
    this.#timer = setTimeout(() => this.#act(k), graceMs);
    return true;
  }

  /** Unit `k` has ended. */
  clear(k: number): void {
    if (k !== this.#k) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#by = { kind: 'itself' };
    this.#atMs = Number.POSITIVE_INFINITY;
  }
}
