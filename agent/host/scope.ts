// What belongs to one running unit, and how code that runs later is known to be of that unit.
import { AsyncLocalStorage } from 'node:async_hooks';

export class UnitScope {
  /** The agent's number for it. */
  readonly k: number;
  readonly step: number;
  readonly index: number;
  readonly attempt: number;
  /** Its result is out: lines and rejections that come now are late. */
  hasEnded = false;
  /** Log lines so far, dropped ones included. */
  lines = 0;
  /** The unfinished last lines of stdout and stderr. */
  readonly partial: [string, string] = ['', ''];
  /** The host cannot be trusted with another unit: code of this one may still run. */
  leavesTraces = false;
  /** Ends the unit as failed while its own code goes on. */
  fail: (error: unknown) => void = () => {};
  #abort: AbortController | undefined;
  #abortReason: Error | undefined;

  constructor(k: number, step: number, index: number, attempt: number) {
    this.k = k;
    this.step = step;
    this.index = index;
    this.attempt = attempt;
  }

  /** Made when it is first asked for: most units never do. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#abortReason !== undefined) this.#abort.abort(this.#abortReason);
    return this.#abort.signal;
  }

  get isCancelled(): boolean {
    return this.#abortReason !== undefined;
  }

  cancel(): void {
    this.#abortReason ??= new DOMException('the unit was cancelled', 'AbortError');
    this.leavesTraces = true;
    this.#abort?.abort(this.#abortReason);
  }
}

const storage = new AsyncLocalStorage<UnitScope>();
let running: UnitScope | undefined;

/** Runs `work` as part of the unit: whatever it starts, now or later, finds the scope by `ownScope`. */
export function runInScope<T>(scope: UnitScope, work: () => T): T {
  running = scope;
  return storage.run(scope, work);
}

export function endScope(scope: UnitScope): void {
  scope.hasEnded = true;
  if (running === scope) running = undefined;
}

/** The unit whose code calls this; perhaps one that has ended. */
export function ownScope(): UnitScope | undefined {
  return storage.getStore();
}

/** The unit that runs now. */
export function runningScope(): UnitScope | undefined {
  return running;
}
