// The end of the agent's allocation, by a clock that nobody sets: what can still be finished before it. Pure.
import type { AgentStep } from './units.ts';

interface Bounds {
  endMarginMs: number;
  nearEndMs: number;
}

export class Deadline {
  readonly #bounds: Bounds;
  #endsAtMs = Number.POSITIVE_INFINITY;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  /** 0 seconds: it is not known, or there is none. */
  set(secondsLeft: number, nowMs: number): void {
    this.#endsAtMs = secondsLeft > 0 ? nowMs + secondsLeft * 1000 : Number.POSITIVE_INFINITY;
  }

  get isKnown(): boolean {
    return this.#endsAtMs !== Number.POSITIVE_INFINITY;
  }

  /** Nothing more is started, however quick. */
  isOver(nowMs: number): boolean {
    return nowMs >= this.#endsAtMs - this.#bounds.endMarginMs;
  }

  /** What the scheduler ends now, it ends for this. */
  isNear(nowMs: number): boolean {
    return nowMs >= this.#endsAtMs - this.#bounds.nearEndMs;
  }

  /** Whether a unit of the step, begun now, is not expected to end in time. `longestRunningMs`: how long one of it has been running. */
  isTooLate(step: AgentStep, longestRunningMs: number, nowMs: number): boolean {
    if (!this.isKnown) return false;
    const expectedMs = Math.max(step.time.longestMs ?? step.info.timeMs, longestRunningMs);
    return nowMs + expectedMs >= this.#endsAtMs - this.#bounds.endMarginMs;
  }
}
