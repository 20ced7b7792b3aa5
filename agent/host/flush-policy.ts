// When gathered results and log lines are written: pure, told the time.

interface Bounds {
  flushMs: number;
  batchUnits: number;
  messageFillBytes: number;
}

/** A unit this long is no hot path: its result goes out at once. */
const SLOW_UNIT_MS = 1;
/** Lines written at once in each span of `flushMs`; those beyond (10,000 lines a second) are gathered. */
const PROMPT_LINES = 50;

export class FlushPolicy {
  readonly #bounds: Bounds;
  #results = 0;
  #bytes = 0;
  #oldestMs = 0;
  #spanStartMs = 0;
  #linesInSpan = 0;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  /** Whether to write now. */
  onResult(length: number, durationMs: number, nowMs: number): boolean {
    if (this.#results === 0) this.#oldestMs = nowMs;
    this.#results += 1;
    this.#bytes += length;
    return (
      durationMs >= SLOW_UNIT_MS ||
      this.#results >= this.#bounds.batchUnits ||
      this.#bytes >= this.#bounds.messageFillBytes ||
      nowMs - this.#oldestMs >= this.#bounds.flushMs
    );
  }

  /** Whether to write now. */
  onLine(length: number, nowMs: number): boolean {
    this.#bytes += length;
    if (nowMs - this.#spanStartMs >= this.#bounds.flushMs) {
      this.#spanStartMs = nowMs;
      this.#linesInSpan = 0;
    }
    this.#linesInSpan += 1;
    return this.#linesInSpan <= PROMPT_LINES || this.#bytes >= this.#bounds.messageFillBytes;
  }

  onFlush(): void {
    this.#results = 0;
    this.#bytes = 0;
  }
}
