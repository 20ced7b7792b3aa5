// The timeouts of the tasks that run in a host. The agent keeps them, since a task may block its own process.
import type { FromHost } from '../wire/messages.ts';

export type Deadline = Extract<FromHost, { kind: 'deadline' }>;

export class Deadlines {
  readonly #onPassed: (deadline: Deadline) => void;
  readonly #timers = new Map<number, NodeJS.Timeout>();

  constructor(onPassed: (deadline: Deadline) => void) {
    this.#onPassed = onPassed;
  }

  set(deadline: Deadline): void {
    clearTimeout(this.#timers.get(deadline.id));
    this.#timers.delete(deadline.id);
    if (deadline.endsAtMs === 0) return;
    // It may have been told in time that the task has ended: what can be read is read between a timer and an immediate.
    const timer = setTimeout(() => setImmediate(passed), deadline.endsAtMs - Date.now());
    const passed = (): void => {
      if (this.#timers.get(deadline.id) !== timer) return;
      this.#timers.delete(deadline.id);
      this.#onPassed(deadline);
    };
    this.#timers.set(deadline.id, timer);
  }

  /** The unit has ended. */
  clear(): void {
    if (this.#timers.size === 0) return;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
