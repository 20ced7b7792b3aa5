// How many units of a step an agent would like to hold beyond those that run. Pure.

interface Bounds {
  prefetchMs: number;
  prefetchUnits: number;
}

/** The mean forgets: it is over about this many units, so that a slow phase, or one slow unit, does not count for ever. */
const MEMORY_UNITS = 64;
/** No unit takes less: below this the time between units counts. */
const SHORTEST_MS = 0.01;

export class MeanTime {
  #meanMs = 0;
  #units = 0;
  #longestMs = 0;

  add(durationMs: number): void {
    this.#longestMs = Math.max(durationMs, this.#longestMs * (1 - 1 / MEMORY_UNITS));
    this.#units = Math.min(this.#units + 1, MEMORY_UNITS);
    this.#meanMs += (Math.max(durationMs, SHORTEST_MS) - this.#meanMs) / this.#units;
  }

  /** The longest, which fades as the mean forgets; undefined until measured. */
  get longestMs(): number | undefined {
    return this.#units === 0 ? undefined : this.#longestMs;
  }

  /** Undefined until measured. */
  get meanMs(): number | undefined {
    return this.#units === 0 ? undefined : this.#meanMs;
  }
}

/** Units that `lanes` hosts do in `prefetchMs`; 0 until measured. */
export function prefetchOf(time: MeanTime, lanes: number, bounds: Bounds): number {
  if (time.meanMs === undefined) return 0;
  return Math.min(Math.floor((bounds.prefetchMs * lanes) / time.meanMs), bounds.prefetchUnits);
}

/** Whether a change is worth a message. */
export function isWorthTelling(told: number, now: number): boolean {
  if (told === now) return false;
  return told === 0 || now === 0 || Math.abs(now - told) * 4 >= told;
}

/** Units to be in a host, the running one included: 20 ms of work, so that it never waits for its agent. */
export function hostDepth(time: MeanTime, batchUnits: number): number {
  if (time.meanMs === undefined) return 1;
  return Math.max(1, Math.min(Math.floor(HOST_AHEAD_MS / time.meanMs), batchUnits));
}

const HOST_AHEAD_MS = 20;
