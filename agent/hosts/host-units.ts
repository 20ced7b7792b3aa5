// The units in a host: the one that runs, and how it is ended before its time; those behind it, and how they are taken back.
import { LIMITS } from '../../src/model/limits.ts';
import { timeoutText } from '../text.ts';
import type { AgentStep, Unit } from '../units.ts';
import type { UnitColumns } from '../wire/columns.ts';
import type { ToHost } from '../wire/messages.ts';
import { type Deadline, Deadlines } from './deadlines.ts';
import type { EndedBy } from './endings.ts';
import { Force } from './force.ts';
import { GivenUnits } from './given-units.ts';
import type { HostProcess } from './host-process.ts';

const MIB = 1024 * 1024;

export interface HostUnitsOptions {
  process: HostProcess;
  tell(message: ToHost): void;
  /** Units that have not begun are the host's no more. */
  onBack(units: readonly Unit[]): void;
}

export class HostUnits {
  readonly #options: HostUnitsOptions;
  readonly #process: HostProcess;
  readonly #given = new GivenUnits();
  readonly #deadlines = new Deadlines((deadline) => this.#onDeadline(deadline));
  readonly #force = new Force((k) => {
    if (this.runningK === k) this.#process.signal('SIGKILL'); // else it has ended, and another one runs
  });
  /** What tasks are ended for that have passed their timeouts and have not ended yet, by the numbers of their deadlines. */
  readonly #passed = new Map<number, EndedBy>();
  #isRecalling = false;
  /** The unit seen running, and since when. */
  #seen = { k: 0, sinceMs: 0 };

  constructor(options: HostUnitsOptions) {
    this.#options = options;
    this.#process = options.process;
  }

  /** Units given and not yet told of. */
  get size(): number {
    return this.#given.size;
  }

  /** No unit was ever given. */
  get areUnused(): boolean {
    return this.#given.nextK === 1;
  }

  get isRecalling(): boolean {
    return this.#isRecalling;
  }

  /** The number of the unit that runs, or ran last; 0: none. */
  get runningK(): number {
    return this.#process.isOver ? 0 : this.#process.pulse.lastBegun();
  }

  /** What the end of the running unit is taken for. */
  get endedBy(): EndedBy {
    return this.#force.by;
  }

  give(step: AgentStep, units: readonly Unit[]): UnitColumns {
    return this.#given.add(step, units);
  }

  at(k: number): Unit | undefined {
    return this.#given.at(k);
  }

  /** The unit that runs, or has ended without our having read so; and for how long it has been seen to. */
  running(nowMs: number): { unit: Unit; forMs: number } | undefined {
    const k = this.runningK;
    const unit = this.#given.at(k);
    if (unit === undefined) return undefined;
    if (this.#seen.k !== k) this.#seen = { k, sinceMs: nowMs };
    return { unit, forMs: nowMs - this.#seen.sinceMs };
  }

  /** Whether there is a unit that is not running and not wanted. */
  hasUnwanted(running: Unit | undefined): boolean {
    return this.#given.hasUnwanted(running);
  }

  /** Takes back what has not begun: at once what certainly will not, the rest when the host answers. */
  recall(): void {
    if (this.#isRecalling || this.#given.size === 0) return;
    const { pulse } = this.#process;
    pulse.limit(pulse.lastBegun());
    this.#isRecalling = true;
    this.takeBackFrom(pulse.lastBegun() + 1);
    this.#options.tell({ kind: 'recall' });
  }

  /** The host's answer. */
  onRecalled(fromK: number): void {
    this.takeBackFrom(fromK === 0 ? this.#given.nextK : fromK);
    this.#force.clear(fromK); // it may have been seen in the moment before it was dropped
    this.#process.pulse.allowAll();
    this.#isRecalling = false;
  }

  takeBackFrom(fromK: number): void {
    const back = this.#given.deleteFrom(fromK);
    if (back.length > 0) this.#options.onBack(back);
  }

  /** Ends the running unit: a word, a signal to what it has started, and after a time force. What it is taken for then: `by`. */
  cutShort(unit: Unit, by: EndedBy, graceMs: number): void {
    const k = this.#process.pulse.lastBegun();
    if (this.#given.at(k) !== unit) return;
    const isFirst = !this.#force.isOrdered;
    if (!this.#force.order(k, by, graceMs) || graceMs === 0 || !isFirst) return;
    if (by.kind !== 'timeout') this.#options.tell({ kind: 'cancel', k }); // the host keeps the time as well
    this.#process.signal('SIGTERM');
  }

  /** `unit` was seen to use so much, all of its processes together. */
  useMemory(unit: Unit, bytes: number, limitMib: number): void {
    if (bytes > limitMib * MIB) this.cutShort(unit, { kind: 'memory', bytes, limitMib }, 0);
  }

  /** A task of a unit has a timeout, or has ended. */
  setDeadline(deadline: Deadline): void {
    if (this.#given.at(deadline.k) === undefined) return;
    this.#deadlines.set(deadline);
    if (deadline.endsAtMs === 0) this.#lift(deadline);
  }

  #onDeadline({ k, id, task, timeoutMs }: Deadline): void {
    const by: EndedBy = { kind: 'timeout', task, message: timeoutText(timeoutMs) };
    this.#passed.set(id, by);
    this.#endFor(k, by);
  }

  #endFor(k: number, by: EndedBy): void {
    const unit = this.#given.at(k);
    if (unit) this.cutShort(unit, by, LIMITS.timeoutGraceMs);
  }

  /** The task has ended after all, and its unit may go on; others that have passed theirs are still to end. */
  #lift({ k, id }: Deadline): void {
    const by = this.#passed.get(id);
    this.#passed.delete(id);
    if (by === undefined || this.#force.by !== by) return;
    this.#force.clear(k);
    for (const other of this.#passed.values()) this.#endFor(k, other);
  }

  /** The unit has ended; undefined: it is none of ours any more. */
  end(k: number): Unit | undefined {
    const unit = this.#given.delete(k);
    if (unit === undefined) return undefined;
    this.#deadlines.clear();
    this.#passed.clear();
    this.#force.clear(k);
    return unit;
  }

  /** The process has ended, and with it the unit that ran. */
  takeDead(): { k: number; unit: Unit; ranMs: number } | undefined {
    const k = this.#process.pulse.lastBegun();
    const unit = this.#given.delete(k);
    if (unit === undefined) return undefined;
    return { k, unit, ranMs: this.#seen.k === k ? performance.now() - this.#seen.sinceMs : 0 };
  }

  /** The process has ended: what has not begun goes back, and no clock goes on. */
  close(): void {
    this.#deadlines.clear();
    this.takeBackFrom(0);
    this.#force.clear(this.#process.pulse.lastBegun());
  }
}
