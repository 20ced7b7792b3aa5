// When steps began and ended, by what was committed: a quick run is over before anybody has seen it begin.
import { isStepEnd } from '../model/states.ts';
import type { StepRow } from '../store/types.ts';

export interface StepTimes {
  /** Epoch milliseconds; 0: not yet, or before this coordinator. */
  startedAtMs: number;
  endedAtMs: number;
}

const NOT_YET: StepTimes = { startedAtMs: 0, endedAtMs: 0 };

export class StepClock {
  readonly #times = new Map<number, StepTimes>();

  note(rows: readonly StepRow[]): void {
    for (const { step, state, atMs } of rows) {
      const times = this.of(step);
      if (isStepEnd(state)) this.#times.set(step, { ...times, endedAtMs: atMs });
      else if (times.startedAtMs === 0) this.#times.set(step, { ...times, startedAtMs: atMs });
    }
  }

  of(step: number): StepTimes {
    return this.#times.get(step) ?? NOT_YET;
  }
}
