// How an agent leaves before its run is over: it says so, and waits to be let go. On a signal its units are cut off, for a reason
// that the coordinator finds out from the scheduler.
import { LIMITS } from '../src/model/limits.ts';
import type { Cause } from '../src/model/states.ts';
import { CAUSES } from '../src/model/states.ts';
import type { Drain, Leaving } from '../src/rpc/messages.ts';
import type { Deadline } from './deadline.ts';
import type { Work } from './work.ts';

export class Departure {
  readonly #work: Work;
  readonly #deadline: Deadline;
  readonly #tell: (leaving: Leaving) => void;
  /** What has been said, and is said again to each coordinator. */
  #leaving: Leaving | undefined;
  #isDrained = false;
  #cause = '';
  #causeTimer: NodeJS.Timeout | undefined;

  constructor(work: Work, deadline: Deadline, tell: (leaving: Leaving) => void) {
    this.#work = work;
    this.#deadline = deadline;
    this.#tell = tell;
  }

  /** The agent ends when it holds nothing more. */
  get isDecided(): boolean {
    return this.#isDrained || this.#isBySignal;
  }

  get #isBySignal(): boolean {
    return this.#leaving !== undefined && this.#leaving.signal !== '';
  }

  /** A new coordinator, or the same again. That it was let go a new one does not know. */
  repeat(): void {
    if (this.#isDrained) this.#leaving ??= { signal: '' };
    if (this.#leaving) this.#tell(this.#leaving);
  }

  /** Nothing more can be finished here. */
  offer(): void {
    if (this.#leaving === undefined) this.#say({ signal: '' });
  }

  onSignal(signal: string): void {
    if (this.#isBySignal) return;
    this.#say({ signal });
    this.#work.leave(LIMITS.leaveGraceMs);
    if (this.#cause !== '') return this.#name(this.#cause);
    const likely = this.#deadline.isNear(performance.now()) ? 'walltime' : '';
    this.#causeTimer = setTimeout(() => this.#name(likely), LIMITS.leaveCauseMs);
  }

  onDrain({ cancelRunning, cause }: Drain): void {
    this.#isDrained = true;
    this.#cause = cause;
    if (this.#isBySignal) return this.#name(cause);
    this.#work.leave(cancelRunning ? LIMITS.cancelGraceMs : null);
    if (cancelRunning) this.#name(cause);
  }

  stop(): void {
    clearTimeout(this.#causeTimer);
  }

  #say(leaving: Leaving): void {
    this.#leaving = leaving;
    this.#tell(leaving);
  }

  #name(cause: string): void {
    clearTimeout(this.#causeTimer);
    this.#work.nameCause(CAUSES.find((known) => known === cause) ?? ('drained' satisfies Cause));
  }
}
