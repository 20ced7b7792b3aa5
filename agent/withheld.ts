// Failures that are not told at once, since it is not known yet why the units ended: the agent is being ended, and waits to hear
// for what reason; or it is not being ended so far, but Slurm signals all processes of a job, and what a unit had started may
// have died of that a moment before this process hears its own signal.
import type { Cause, Failure } from '../src/model/states.ts';
import type { Unit } from './units.ts';

export interface FailedUnit {
  readonly unit: Unit;
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly failure: Failure;
}

/** Causes of the unit's own that a signal to all of its allocation may have, if only by what the unit had started. */
const MAY_BE_A_SIGNAL: ReadonlySet<Cause> = new Set(['exception', 'exit', 'signal', 'host-crashed']);

const TEXTS: Partial<Record<Cause, string>> = {
  walltime: 'its allocation reached its time limit',
  preempted: 'its allocation was preempted',
  cancelled: 'its allocation was cancelled',
  'node-lost': 'its node failed',
  drained: 'its agent had to leave',
};

export class Withheld {
  readonly #tell: (failed: FailedUnit) => void;
  /** How long a failure may be a signal's; 0: only this agent ends its units. */
  readonly #settleMs: number;
  readonly #failures = new Map<FailedUnit, NodeJS.Timeout | undefined>();
  #isEnding = false;
  #cause: Cause | undefined;

  constructor(settleMs: number, tell: (failed: FailedUnit) => void) {
    this.#settleMs = settleMs;
    this.#tell = tell;
  }

  get units(): Unit[] {
    return [...this.#failures.keys()].map(({ unit }) => unit);
  }

  get size(): number {
    return this.#failures.size;
  }

  /** A unit failed that nobody wanted to end, as far as is known. */
  add(failed: FailedUnit): void {
    if (!MAY_BE_A_SIGNAL.has(failed.failure.cause)) return this.#tell(failed);
    if (this.#isEnding) return this.addCutOff(failed);
    if (this.#settleMs === 0) return this.#tell(failed);
    // The signal may have come while this process did not get to it: it is heard between a timer and an immediate.
    const timer = setTimeout(() => setImmediate(settled), this.#settleMs);
    const settled = (): void => {
      if (!this.#isEnding && this.#failures.delete(failed)) this.#tell(failed);
    };
    this.#failures.set(failed, timer);
  }

  /** A unit was cut off by the agent's leaving. */
  addCutOff(failed: FailedUnit): void {
    if (this.#cause === undefined) this.#failures.set(failed, undefined);
    else this.#tell(cutOff(failed, this.#cause));
  }

  /** The agent is being ended: what has failed just now, or will, was cut off. */
  begin(): void {
    this.#isEnding = true;
    for (const timer of this.#failures.values()) clearTimeout(timer);
  }

  /** Why it is being ended; the first word stands. */
  name(cause: Cause): void {
    if (this.#cause !== undefined) return;
    this.#cause = cause;
    const failures = [...this.#failures.keys()];
    this.#failures.clear();
    for (const failed of failures) this.#tell(cutOff(failed, cause));
  }
}

function cutOff(failed: FailedUnit, cause: Cause): FailedUnit {
  const message = TEXTS[cause] ?? `its agent had to leave (${cause})`;
  return { ...failed, failure: { cause, message } };
}
