// The steps that an agent knows: which of them can still be finished before its end, and how many units of each it wishes for.
import { performance } from 'node:perf_hooks';
import { LIMITS } from '../src/model/limits.ts';
import type { Demand, StepInfo } from '../src/rpc/messages.ts';
import type { Deadline } from './deadline.ts';
import { isWorthTelling, prefetchOf } from './demand.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Slots } from './slots.ts';
import { AgentStep } from './units.ts';

export class Steps {
  readonly #slots: Slots;
  readonly #deadline: Deadline;
  readonly #dispatcher: Dispatcher;
  readonly #steps = new Map<number, AgentStep>();

  constructor({ slots, deadline }: { slots: Slots; deadline: Deadline }, dispatcher: Dispatcher) {
    this.#slots = slots;
    this.#deadline = deadline;
    this.#dispatcher = dispatcher;
  }

  add(info: StepInfo): void {
    if (!this.#steps.has(info.step)) this.#steps.set(info.step, new AgentStep(info, this.#slots.clamp(info)));
  }

  get(ordinal: number): AgentStep | undefined {
    return this.#steps.get(ordinal);
  }

  /** There are some, and of none could a unit be finished that began now. */
  areTooLate(nowMs: number): boolean {
    const steps = [...this.#steps.values()];
    return steps.length > 0 && steps.every((step) => this.#deadline.isTooLate(step, 0, nowMs));
  }

  /** Those of which a unit that begins now is not expected to end in time. */
  late(nowMs: number): Set<AgentStep> {
    const running = this.#longestRunning(nowMs);
    return new Set([...this.#steps.values()].filter((step) => this.#deadline.isTooLate(step, running.get(step) ?? 0, nowMs)));
  }

  #longestRunning(nowMs: number): Map<AgentStep, number> {
    const longest = new Map<AgentStep, number>();
    for (const { unit, forMs } of this.#dispatcher.running(nowMs))
      longest.set(unit.step, Math.max(forMs, longest.get(unit.step) ?? 0));
    return longest;
  }

  /** Those whose wish for units has changed; all of them for a coordinator that knows none. */
  demands({ isNew, isLeaving }: { isNew: boolean; isLeaving: boolean }): Demand[] {
    const demands: Demand[] = [];
    const nowMs = performance.now();
    const running = this.#deadline.isKnown ? this.#longestRunning(nowMs) : undefined;
    for (const step of this.#steps.values()) {
      if (isNew) {
        step.toldPrefetch = 0;
        step.toldClosed = false;
      }
      const closed = running !== undefined && this.#isClosed(step, running.get(step) ?? 0, nowMs);
      const prefetch = isLeaving || closed ? 0 : prefetchOf(step.time, this.#dispatcher.lanesFor(step), LIMITS);
      if (closed === step.toldClosed && !isWorthTelling(step.toldPrefetch, prefetch)) continue;
      step.toldPrefetch = prefetch;
      step.toldClosed = closed;
      demands.push({ step: step.ordinal, prefetch, closed });
    }
    return demands;
  }

  #isClosed(step: AgentStep, runningMs: number, nowMs: number): boolean {
    return this.#deadline.isTooLate(step, runningMs, nowMs) && (this.#dispatcher.hasGiven || this.#deadline.isOver(nowMs));
  }
}
